"""What waits to be told to MLflow is told, one run for each key, however often this is broken off and begun again.

What failed least goes first, then the oldest. While MLflow is away everything waits; a single thing that MLflow refuses
waits behind the others. Cycles older than their runs would be kept are given up.
"""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from core.logs import get_logger
from core.settings import Settings
from core.timeline import BUCKET
from forecast.life import registry
from forecast.life.artefacts import PLOT_PNG, TEST_CSV, TRAIN_CSV
from forecast.life.registry import Registry, Run
from forecast.life.saved_model import numbers_of, save_model
from forecast.life.wanted import FIRST_ANIMOV, Wanted
from forecast.regressors.design import Site
from forecast.regressors.farm_site import site_of
from forecast.rolling.cycle_record import with_errors
from forecast.specification import Specification
from storage.engine.database import Engine, scoped_to
from storage.forecasting.slot_scores import slot_scores
from storage.herds import farms
from storage.herds.farms import Farm
from storage.modelling import aliases, models, tracking, trainings
from storage.modelling.models import Alias, Model
from storage.modelling.tracking import Entry
from storage.modelling.trainings import Training

log = get_logger(__name__)

CYCLES: Final = "AniMOV cycles"
TRAININGS: Final = "AniMOV trainings"
POSTURE: Final = "AniMOV posture"

MOST: Final = 500
"""Told at most at one time, so that a job has an end."""

PARAMETERS: Final = ("order", "seasonal_order", "num_data_points", "num_days_train", "num_days_test")
"""What the first AniMOV told of a training before it began."""

FIRST_METRICS: Final = ("train_rmse", "validation_rmse")
"""What the first AniMOV told of a training, and no more."""


class Told(NamedTuple):
    """What became of what waited; `fault` says why nothing, or not all, could be told."""

    logged: int = 0
    waiting: int = 0
    fault: str = ""


_NAMED: Final = re.compile(r"://[^/@\s]*@")
"""User and password in an address, which MLflow repeats in what it says."""


def track(engine: Engine, settings: Settings, now: datetime) -> Told:
    """Tell MLflow what waits, and delete the runs of cycles that are too old; MLflow away is an answer, no error.

    Args:
        engine: As the role that writes.
        settings: Where MLflow is, how long runs are kept.
        now: The node's time.
    """
    keep_from = now - timedelta(days=settings.mlflow_cycle_days)
    with engine.begin() as connection:
        tracking.forget_cycles(connection, keep_from)
        waiting = tracking.waiting(connection, MOST)
    with tracking.sole(engine) as alone:
        if not alone:
            return Told(waiting=len(waiting), fault="another process is at it")
        try:
            opened = registry.open_registry(settings)
        except Exception as error:  # noqa: BLE001 - whatever MLflow and its stores raise: it is away
            return away(waiting, error)
        told = _tell_all(engine, opened, waiting)
        if not told.fault:
            registry.delete_runs(opened, CYCLES, keep_from)
    return told


def away(waiting: Sequence[int], error: Exception) -> Told:
    """Tell of what waits because MLflow, or a store of its, raised an error."""
    fault = fault_of(error)
    log.warning("tracking.delayed", waiting=len(waiting), error=fault)
    return Told(waiting=len(waiting), fault=fault)


def fault_of(error: Exception) -> str:
    """Return what MLflow, or a store of its, says in an error, without user and password."""
    return f"{type(error).__name__}: {_NAMED.sub('://', ' '.join(str(error).split()))[:300]}"


def _tell_all(engine: Engine, opened: Registry, waiting: Sequence[int]) -> Told:
    logged, fault = 0, ""
    for entry_id in waiting:
        with engine.begin() as connection:
            entry = tracking.entry(connection, entry_id)
        if entry is None:
            continue
        try:
            _TELL[entry.kind](engine, opened, entry)
        except Exception as error:  # noqa: BLE001 - as above: this waits, and the next may be told
            fault = away(waiting[logged:], error).fault
            with engine.begin() as connection:
                tracking.note_failure(connection, entry_id, fault)
            if not registry.answers(opened):
                break
            continue
        with engine.begin() as connection:
            tracking.settle(connection, entry_id)
        logged += 1
    return Told(logged, len(waiting) - logged, fault)


def _tell_cycle(engine: Engine, opened: Registry, entry: Entry) -> None:
    with scoped_to(engine, [entry.farm_id]) as connection:
        farm = farms.farm(connection, entry.farm_id)
        came_true = slot_scores(connection, farm.id, entry.at - BUCKET, entry.at)
    told = with_errors(entry.payload, came_true)
    run = Run(
        CYCLES,
        entry.key,
        f"{farm.name} {entry.at:%Y-%m-%d %H:%M}",
        entry.at,
        params=told.get("params", {}),
        metrics={name: value for name, value in told.get("metrics", {}).items() if value is not None},
        tags=_tags_of(farm),
        files={"series.csv": _table(told.get("rows", []))},
    )
    registry.log_run(opened, run)


def _tell_training(engine: Engine, opened: Registry, entry: Entry) -> None:
    with scoped_to(engine, [entry.farm_id]) as connection:
        work = trainings.find(connection, entry.payload["training"])
        model = models.find_model(connection, work.model_id or 0)
        farm = farms.farm(connection, entry.farm_id)
        kept: list[str] = [name for name in (TRAIN_CSV, TEST_CSV, PLOT_PNG) if name in work.artefacts]
        files = {name: trainings.artefact(connection, work.id, name) for name in kept}
    wanted = Wanted.from_json(work.request)
    site = site_of(farm) if work.subject.series_id is not None else Site(wanted.zone, wanted.latitude, wanted.longitude)
    specification = Specification.from_json(model.specification)
    numbers = numbers_of(specification, work.metrics["parameters"], site, wanted.unit, wanted.future)
    with TemporaryDirectory() as folder:
        saved = save_model(Path(folder), numbers, files.get(TRAIN_CSV, b""))
        run_id = registry.log_run(opened, _run_of(work, model, entry, farm, files), saved)
    registry.register(opened, run_id, model.id, {"animov.subject": model.subject.key})


def _run_of(work: Training, model: Model, entry: Entry, farm: Farm, files: Mapping[str, bytes]) -> Run:
    params = {name: work.metrics[name] for name in PARAMETERS}
    figures = {name: value for name, value in work.metrics.items() if name not in {*PARAMETERS, "parameters"}}
    preset = Wanted.from_json(work.request).preset
    kept = FIRST_METRICS if preset == FIRST_ANIMOV else figures
    tags = {
        **_tags_of(farm),
        "animov.subject": work.subject.key,
        "animov.model": str(model.id),
        "animov.specification": model.specification,
        "animov.preset": preset,
        "animov.requested_by": work.requested_by,
    }
    metrics = {name: figures[name] for name in kept}
    return Run(TRAININGS, entry.key, f"training {work.id}", entry.at, params, metrics, tags, files)


def _tell_posture(engine: Engine, opened: Registry, entry: Entry) -> None:
    """Log a model that tells posture, with how it did on animals and days it never saw; its numbers are the model."""
    with scoped_to(engine, [entry.farm_id]) as connection:
        farm = farms.farm(connection, entry.farm_id)
    told, tags = entry.payload, _tags_of(farm)
    run = Run(
        POSTURE, entry.key, f"{farm.name} {entry.at:%Y-%m-%d %H:%M}", entry.at, told["params"], told["metrics"], tags
    )
    with TemporaryDirectory() as folder:
        (Path(folder) / "model.json").write_text(json.dumps(told["model"]), "utf-8")
        run_id = registry.log_run(opened, run, Path(folder))
    registry.register(opened, run_id, entry.id, tags, registry.POSTURE_MODEL)


def _tell_alias(engine: Engine, opened: Registry, entry: Entry) -> None:
    """Point an alias where it points now: what it pointed to in between need not be told.

    `champion-series-12` is that of a series; the plain `champion` is whoever became one last, of any series.
    """
    with engine.begin() as connection:
        subject, change = aliases.change(connection, entry.payload["change"])
        own = models.holder(connection, subject, change.alias)
    told = {name: str(change.evidence[name]) for name in ("test", "p_value") if name in change.evidence}
    tags = {f"animov.{name}": value for name, value in {"why": change.why, **told}.items()}
    version = None if own is None else _version(engine, opened, own)
    mine = tags if own and own.id == change.to_model else {}
    registry.point_alias(opened, f"{change.alias}-{subject.key}", version, mine)
    point_at_newest(engine, opened, change.alias, change.to_model, tags)


def point_at_newest(
    engine: Engine, opened: Registry, alias: Alias, told_of: int | None = None, tags: Mapping[str, str] | None = None
) -> None:
    """Point a plain alias at whoever was given it last; the tags are for one model, should it be that."""
    with engine.begin() as connection:
        newest = models.newest_holder(connection, alias)
    version = None if newest is None else _version(engine, opened, newest)
    mine = tags or {} if newest and newest.id == told_of else {}
    registry.point_alias(opened, alias, version, mine)


def _version(engine: Engine, opened: Registry, model: Model) -> str:
    """Return the version that a model is; one that no training made becomes one, without parameters."""
    found = registry.version_of(opened, model.id)
    if found is not None:
        return found
    if model.training_id is not None:
        raise LookupError(f"model {model.id} is no version of {registry.MODEL} yet")
    with scoped_to(engine, [model.subject.farm_id]) as connection:
        farm = farms.farm(connection, model.subject.farm_id)
    numbers = numbers_of(Specification.from_json(model.specification), model.parameters, site_of(farm), "ratio")
    tags = {**_tags_of(farm), "animov.subject": model.subject.key, "animov.specification": model.specification}
    run = Run(TRAININGS, f"model:{model.id}", f"model {model.id}, selected", model.created_at, tags=tags)
    with TemporaryDirectory() as folder:
        run_id = registry.log_run(opened, run, save_model(Path(folder), numbers, b""))
    return registry.register(opened, run_id, model.id, {"animov.subject": model.subject.key})


_TELL: Final[dict[str, Callable[[Engine, Registry, Entry], None]]] = {
    "cycle": _tell_cycle,
    "training": _tell_training,
    "alias": _tell_alias,
    "posture": _tell_posture,
}


def _tags_of(farm: Farm) -> dict[str, str]:
    """Tell whose a run is; the number stays when another farm gets the name."""
    return {registry.FARM: farm.name, registry.FARM_NUMBER: str(farm.id)}


def _table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    told = StringIO()
    writer = csv.DictWriter(told, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return told.getvalue().encode()
