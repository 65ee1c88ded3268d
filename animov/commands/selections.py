"""`models regressors`: which regressors a farm's models keep, what says so, and what was done where skill was lost."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from core.settings import Settings
    from storage.engine.database import Engine


def add_to(app: typer.Typer) -> None:
    """Add the command of this file to those on models."""
    app.command()(regressors)


def regressors(
    farm: Annotated[str, typer.Argument(help="The farm.", metavar="FARM")],
    now: Annotated[bool, typer.Option("--now", help="Search at once, and act on what is found.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show which regressors were kept because they lower the rolling error, and each re-selection after lost skill.

    A running node searches every four weeks, once the groups have six weeks beside the history of a fit.

    Example: animov models regressors barn --now
    """
    from animov.access import node_engine
    from animov.audit import note
    from animov.selection_texts import plain_reselection, plain_selection, told_reselection, told_selection
    from storage.herds.herd import find_farm
    from storage.measurements.series import series_of
    from storage.modelling.selections import latest_selection, reselections_of

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine:
        with engine.connect() as connection:
            farm_id = find_farm(connection, farm)
        if now:
            with engine.begin() as connection:
                note(connection, farm_id, "model.regressors_searched", f"farm {farm}")
            _select(engine, settings, farm_id)
        with engine.connect() as connection:
            named = {one.id: f"{farm}/{one.name}" if one.name else farm for one in series_of(connection, farm_id)}
            latest = [latest_selection(connection, farm_id, series_id) for series_id in named]
            lost = [one for series_id in named for one in reselections_of(connection, series_id)]
    found = sorted({one.id: one for one in latest if one}.values(), key=lambda one: one.id, reverse=True)
    lost.sort(key=lambda one: one.made_at, reverse=True)
    if as_json:
        told = {
            "selections": [plain_selection(one) for one in found],
            "reselections": [plain_reselection(one) for one in lost],
        }
        sys.stdout.write(json.dumps(told) + "\n")
        return
    texts = [told_selection(one, named) for one in found] or ["regressors were not searched yet; --now does it\n"]
    texts += [told_reselection(one, named) for one in lost]
    sys.stdout.write("\n".join(texts))


def _select(engine: "Engine", settings: "Settings", farm_id: int) -> None:
    """Search in this process, shown on standard error; SIGINT and SIGTERM end it, and nothing is kept."""
    from datetime import timedelta

    from animov.interrupting import interruptible
    from animov.model_life import tell_mlflow
    from animov.progress import progress_bar
    from core.timeline import floor_slot
    from forecast.choosing.select_regressors import select_for_farm
    from storage.engine.clocks import read

    with engine.connect() as connection:
        at = floor_slot(read(connection).now())
    with interruptible(), progress_bar("models") as report:
        made = select_for_farm(
            engine,
            farm_id,
            at,
            span=timedelta(days=settings.history_days),
            at_once=True,
            expect=_tell_duration,
            progress=report,
        )
    promoted = made is not None and any(one["decision"] == "promoted" for one in made.comparisons["changes"])
    if promoted and (fault := tell_mlflow(engine, settings)):
        sys.stderr.write(f"MLflow is told later: {fault}\n")


def _tell_duration(seconds: float) -> None:
    """Say how long it takes at least; a second round is needed where a regressor is left out or taken in."""
    from core.time_texts import lasting

    sys.stderr.write(f"about {lasting(max(1, seconds), 'en')}, twice that if much changes; Ctrl-C ends it\n")
