"""MLflow's runs, models and aliases, through its client alone: no run or address is set for the whole process.

All that is logged follows from what is handed over, times included, so logging something again changes nothing: a run
is found by the key in its tags, gone on with if it was left half-way, and left alone if it is finished.
"""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from core.settings import Settings
from core.timeline import to_ms

MODEL: Final = "SARIMAXModel"
"""Name of the registered model of forecasts; each model of ours is a version of it."""

POSTURE_MODEL: Final = "PostureModel"
"""Name of that of posture."""

KEY: Final = "animov.key"
NUMBER: Final = "animov.model"
"""Tags of a run and of a version by which they are found again."""

FARM: Final = "animov.farm"
FARM_NUMBER: Final = "animov.farm_id"
"""Tags of a run that tell whose it is, by name and by number."""

_ENVIRONMENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # what can't be told now is told at the next slot
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_UV_AUTO_DETECT": "false",  # the folder that a command is called in is none of its business
}

_SERVERS: Final = ("postgresql", "mysql", "mssql")
"""Beginnings of the addresses of databases that may be away."""

_PATIENCE_S: Final = 10
"""For a database that does not even refuse."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run to log.

    Attributes:
        experiment: Where it belongs.
        key: Tells it from every other run.
        name: As people see it.
        at: Start and end of it.
        params: By name.
        metrics: By name.
        tags: By name.
        files: Contents by path within the artefacts.
    """

    experiment: str
    key: str
    name: str
    at: datetime
    params: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registry:
    """An MLflow.

    Attributes:
        client: Of MLflow.
        artefacts: Where experiments that are made here keep files; `None` leaves it to a server.
    """

    client: Any
    artefacts: str | None


def tracking_uri(settings: Settings) -> str:
    """Return where MLflow keeps its runs."""
    if settings.mlflow_uri is not None:
        return settings.mlflow_uri.get_secret_value()
    return f"sqlite:///{_folder(settings) / 'mlflow.db'}"


def open_registry(settings: Settings) -> Registry:
    """Reach MLflow, and make its tables where they are missing; what it raises when it is away passes through."""
    os.environ.update({name: value for name, value in _ENVIRONMENT.items() if name not in os.environ})
    from mlflow import MlflowClient  # noqa: PLC0415 - two seconds and 170 MB that only whoever logs should pay

    logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns of what is meant so: no signature, no pip
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri, artefacts = tracking_uri(settings), None
    if not uri.startswith(("http://", "https://")):
        folder = _folder(settings)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        artefacts = (folder / "artefacts").as_uri()
    if uri.startswith(_SERVERS):
        uri = _reach(uri)
    client = MlflowClient(uri, registry_uri=uri)
    client.search_experiments(max_results=1)
    return Registry(client, artefacts)


def _reach(uri: str) -> str:
    """Connect once to a database, which MLflow itself tries ten times in 102 seconds; return the address to use."""
    from mlflow.store.db.utils import create_sqlalchemy_engine  # noqa: PLC0415 - as above

    if uri.startswith("postgresql") and "connect_timeout=" not in uri:
        uri += f"{'&' if '?' in uri else '?'}connect_timeout={_PATIENCE_S}"
    connected: Any = create_sqlalchemy_engine
    engine = connected(uri)
    try:
        engine.connect().close()
    finally:
        engine.dispose()
    return uri


def answers(registry: Registry) -> bool:
    """Tell whether MLflow is still there."""
    try:
        registry.client.search_experiments(max_results=1)
    except Exception:  # noqa: BLE001 - whatever MLflow and its stores raise
        return False
    return True


def log_run(registry: Registry, run: Run, folder: Path | None = None) -> str:
    """Log a run, unless that has been done, and return its id.

    Args:
        registry: The MLflow.
        run: What to log.
        folder: A saved model, logged under `model`.
    """
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - as above

    client, at_ms = registry.client, to_ms(run.at)
    experiment = _experiment(registry, run.experiment)
    found = client.search_runs([experiment], f"tags.`{KEY}` = '{run.key}'", max_results=1)
    tags = {**run.tags, KEY: run.key}
    begun = found[0] if found else client.create_run(experiment, start_time=at_ms, tags=tags, run_name=run.name)
    run_id = str(begun.info.run_id)
    if begun.info.status == "FINISHED":
        return run_id
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, at_ms, 0) for name, value in run.metrics.items()],
        params=[Param(name, str(value)) for name, value in run.params.items()],
    )
    with TemporaryDirectory() as files:
        for name, content in run.files.items():
            (Path(files) / name).write_bytes(content)
        client.log_artifacts(run_id, files)
    if folder is not None:
        client.log_artifacts(run_id, str(folder), "model")
    client.set_terminated(run_id, "FINISHED", end_time=at_ms)
    return run_id


def register(registry: Registry, run_id: str, number: int, tags: Mapping[str, str], model: str = MODEL) -> str:
    """Make what a run logged a version of a model, unless that of the number is one, and return the version."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - as above

    client = registry.client
    if (known := version_of(registry, number, model)) is not None:
        return known
    with suppress(MlflowException):  # it is there already
        client.create_registered_model(model)
    source = f"{client.get_run(run_id).info.artifact_uri}/model"
    made = client.create_model_version(model, source, run_id=run_id, tags={**tags, NUMBER: str(number)})
    return str(made.version)


def version_of(registry: Registry, number: int, model: str = MODEL) -> str | None:
    """Return the version that a model of ours is, if it is one."""
    found = registry.client.search_model_versions(f"name = '{model}' and tag.`{NUMBER}` = '{number}'")
    return str(found[0].version) if found else None


def point_alias(registry: Registry, alias: str, version: str | None, tags: Mapping[str, str]) -> None:
    """Give an alias to a version, with tags that say why, or to none."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - as above

    if version is None:
        try:
            registry.client.delete_registered_model_alias(MODEL, alias)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # no model at all yet, so nobody has it
                raise
        return
    registry.client.set_registered_model_alias(MODEL, alias, version)
    for name, value in tags.items():
        registry.client.set_model_version_tag(MODEL, version, name, value)


def delete_runs(registry: Registry, experiment: str, before: datetime) -> int:
    """Delete the runs of an experiment that began before an instant, with their files; return how many.

    A server can only be asked to mark them as deleted: `mlflow gc` on its machine then takes them away.
    """
    client, deleted = registry.client, 0
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return 0
    query = f"attributes.start_time < {to_ms(before)}"
    while old := client.search_runs([found.experiment_id], query, max_results=100):
        for run in old:
            take_away(registry, run)
        deleted += len(old)
    return deleted


def take_away(registry: Registry, run: Any) -> None:
    """Delete a run with its files; see `delete_runs` of what a server does."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository  # noqa: PLC0415 - as above

    if run.info.lifecycle_stage == "active":
        registry.client.delete_run(run.info.run_id)
    store = registry.client._tracking_client.store  # noqa: SLF001 - as `mlflow gc` does: the client has no such call
    if registry.artefacts is not None and hasattr(store, "_hard_delete_run"):
        files: Any = get_artifact_repository(run.info.artifact_uri)
        files.delete_artifacts()
        store._hard_delete_run(run.info.run_id)  # noqa: SLF001 - as above


def _experiment(registry: Registry, name: str) -> str:
    client = registry.client
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = None if registry.artefacts is None else f"{registry.artefacts}/{name.replace(' ', '-')}"
    return str(client.create_experiment(name, artifact_location=place))


def _folder(settings: Settings) -> Path:
    return settings.data_dir.expanduser().resolve() / "mlflow"
