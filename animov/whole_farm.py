"""A farm exported with what MLflow holds of it, and deleted everywhere, by a command."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from animov import audit
from core.errors import ConflictError
from core.settings import Settings
from storage.engine.database import Engine, see_farms
from storage.herds import herd
from storage.leaving import deletions, exporting
from storage.modelling import models

if TYPE_CHECKING:
    from animov.progress import Report
    from forecast.life.tracking import Told

_WITH: Final = "in the folder mlflow, a folder a run"
_WITHOUT: Final = "not in here: what it holds was made of these tables and told to it"


def export(engine: Engine, settings: Settings, farm: str, file: Path, *, with_mlflow: bool, at: datetime) -> int:
    """Write everything of a farm into a zip, which appears when it is whole; return its size in bytes.

    Raises:
        ConflictError: the file exists, or the farm is being exported already.
        NotFoundError: there is no such farm.
        UnavailableError: MLflow does not answer.
    """
    from forecast.life.run_files import run_files  # noqa: PLC0415 - two seconds, if MLflow is asked

    if file.exists():
        raise ConflictError(f"{file} exists already; an export never replaces another file")
    with engine.begin() as connection:
        farm_id = herd.find_farm(connection, farm)
        audit.note(connection, farm_id, "farm.exported", f"farm {farm}")
        known = [model.id for model in models.models_of(connection, farm_id)]
    more = partial(run_files, settings, farm_id, farm, known) if with_mlflow else tuple
    draft = file.with_name(file.name + ".part")
    try:
        with draft.open("wb") as written, exporting.snapshot(engine, farm_id) as connection:
            note = _WITH if with_mlflow else _WITHOUT
            for piece in exporting.packed(connection, farm, at, mlflow=note, more=more):
                written.write(piece)
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def delete(engine: Engine, settings: Settings, farm: str, report: "Report") -> "Told":
    """Delete a farm everywhere; what MLflow, away, could not be told is left to the workers.

    Raises:
        NotFoundError: there is no such farm.
        UnavailableError: the database does not answer, or others hold what is to be deleted; the workers go on.
    """
    from forecast.life.forgetting import finish_deletions  # noqa: PLC0415 - as above

    with engine.begin() as connection:
        farm_id = herd.find_farm(connection, farm)
        see_farms(connection, [farm_id], administered=[farm_id])
        deletions.begin(connection, farm_id, None)
    return finish_deletions(engine, settings, report)
