"""What the commands on models do: name a series, do long work on models in this process, tell MLflow afterwards."""

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from animov.audit import note
from animov.files import told
from animov.interrupting import interruptible
from animov.progress import progress_bar
from core.errors import AnimovError, ConflictError, NotFoundError, UnavailableError
from core.settings import Settings
from core.time_texts import lasting
from forecast.cancelling import CancelledError
from forecast.life.subjects import INPUT_CSV, series_named
from forecast.life.tracking import track
from forecast.life.wanted import Wanted
from forecast.life.work import bury_dead, do_work
from forecast.model.cost import LOG, loading_cost, pace
from storage.engine import clocks
from storage.engine.database import Connection, Engine
from storage.engine.faults import TransientFaultError
from storage.herds import farms, herd
from storage.measurements import series
from storage.modelling import models, trainings
from storage.modelling.models import Subject
from storage.modelling.trainings import Kind, Training

HERE: Final = "command line"
"""Who asked, in the record of work."""


class GivenUpError(AnimovError):
    """Work was cancelled before its end."""

    def __init__(self, number: int, kind: Kind) -> None:
        left = "no model was made" if kind == "train" else "nothing was changed"
        super().__init__(f"training {number} was cancelled before the end; {left}")


def subject_named(connection: Connection, target: str) -> Subject:
    """Return the series that somebody names: `FARM/GROUP`, `FARM` for its herd, or the number of a model of it.

    Raises:
        NotFoundError: there is none.
    """
    if target.isdecimal():
        return models.find_model(connection, int(target)).subject
    farm, _, group = target.partition("/")
    farm_id = herd.find_farm(connection, farm)
    return Subject(farm_id, series_named(connection, farm_id, group).id)


def title_of(connection: Connection, subject: Subject) -> str:
    """Return what people call a subject."""
    farm = farms.farm(connection, subject.farm_id).name
    if subject.series_id is None:
        return f"{farm}: file {subject.name}"
    name = next(one.name for one in series.series_of(connection, subject.farm_id) if one.id == subject.series_id)
    return f"{farm}/{name}" if name else farm


def farm_for_files(connection: Connection, name: str | None) -> int:
    """Return the farm that a file belongs to: the one named, or the only one, or a new one called `farm`.

    Raises:
        NotFoundError: there is no farm of that name.
        ConflictError: there are several and none is named.
    """
    if name is not None:
        return herd.find_farm(connection, name)
    known = farms.all_farms(connection)
    if len(known) > 1:
        raise ConflictError(f"say with --farm which farm the file belongs to: {', '.join(farm.name for farm in known)}")
    return known[0].id if known else herd.ensure_farm(connection, "farm")


def ask_for_file(engine: Engine, file: Path, farm: str | None, wanted: Wanted) -> int:
    """Put down the training of a file and return its number."""
    with told(file):
        content = file.read_bytes()
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", file.name.split(".")[0])[:64]
    with engine.begin() as connection:
        subject = Subject(farm_for_files(connection, farm), None, name or "file")
        number = _ask(connection, "train", subject, wanted.to_json())
        trainings.keep(connection, number, INPUT_CSV, content)
    return number


def ask_for(engine: Engine, kind: Kind, target: str, request: Mapping[str, Any]) -> int:
    """Put down work on models of a series and return its number."""
    with engine.begin() as connection:
        return _ask(connection, kind, subject_named(connection, target), request)


def done_here(engine: Engine, settings: Settings, number: int) -> Training:
    """Do work in this process, shown on standard error; SIGINT and SIGTERM cancel it.

    Raises:
        GivenUpError: one of them came, or it was cancelled from elsewhere.
        UnavailableError: the database went away.
    """
    with engine.connect() as connection:
        kind = trainings.find(connection, number).kind
    try:
        with interruptible() as interrupted, progress_bar("origins") as report:
            done = do_work(
                engine,
                number,
                history_days=settings.history_days,
                is_cancelled=interrupted,
                expect=partial(_tell_duration, number, kind),
                progress=report,
            )
    except CancelledError:
        raise GivenUpError(number, kind) from None
    except TransientFaultError as error:
        raise UnavailableError(f"the database went away: {error}") from error
    if done.state != "done":  # somebody was quicker than its beginning
        raise GivenUpError(number, kind)
    return done


def cancelled(engine: Engine, number: int) -> Training:
    """Cancel work, wherever it waits or is done, and return it as it was.

    Raises:
        NotFoundError: there is none of that number.
        ConflictError: it has ended already.
    """
    bury_dead(engine)
    with engine.begin() as connection:
        before = trainings.find(connection, number)
        trainings.cancel(connection, number, at=clocks.read(connection).now())
        note(connection, before.subject.farm_id, "training.cancelled", f"training {number}")
    return before


def tell_mlflow(engine: Engine, settings: Settings) -> str:
    """Log what waits and return why not all could be, or nothing; a running node goes on with the rest."""
    length = lasting(max(1, pace() * (loading_cost("mlflow") + LOG)), "en")
    sys.stderr.write(f"telling MLflow takes about {length}; Ctrl-C leaves it to the node\n")
    with suppress(KeyboardInterrupt):
        with engine.connect() as connection:
            now = clocks.read(connection).now()
        return track(engine, settings, now).fault
    return "interrupted"


def plot_of(connection: Connection, model_id: int) -> bytes:
    """Return the picture of the training that made a model.

    Raises:
        NotFoundError: there is no such model, or its picture is not kept any longer.
    """
    model = models.find_model(connection, model_id)
    if model.training_id is None:
        raise NotFoundError("picture of model", model_id)
    return trainings.artefact(connection, model.training_id, "plot.png")


def _ask(connection: Connection, kind: Kind, subject: Subject, request: Mapping[str, Any]) -> int:
    now = clocks.read(connection).now()
    number = trainings.ask(connection, kind, subject, request, requested_by=HERE, at=now)
    about = title_of(connection, subject)
    note(connection, subject.farm_id, "training.asked", f"training {number} of {about}", {"kind": kind, **request})
    return number


def _tell_duration(number: int, kind: Kind, seconds: float) -> None:
    """Say how long it takes to the end of the command, as far as it is known."""
    after = pace() * (loading_cost("mlflow") + LOG) if kind == "train" else 0.0
    length = lasting(max(1, seconds + after), "en")
    sys.stderr.write(f"training {number} takes about {length}; Ctrl-C cancels, or 'animov models cancel {number}'\n")
