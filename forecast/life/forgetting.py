"""A farm that leaves, gone on with by whoever finds it: its rows first, then all that MLflow holds of it.

MLflow away delays the end and nothing else. On a server runs can only be marked as deleted, see `registry.delete_runs`.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import Any, Final, get_args

from core.logs import get_logger
from core.settings import Settings
from forecast.life import registry
from forecast.life.registry import FARM, FARM_NUMBER, KEY, MODEL, NUMBER, Registry
from forecast.life.tracking import CYCLES, POSTURE, TRAININGS, Told, away, point_at_newest
from storage.engine.database import Engine
from storage.leaving import deletions
from storage.leaving.deletions import Leaving
from storage.leaving.emptying import Report, empty
from storage.modelling import tracking
from storage.modelling.models import Alias

log = get_logger(__name__)

EXPERIMENTS: Final = (CYCLES, TRAININGS, POSTURE)

_AT_ONCE: Final = 100


def finish_deletions(engine: Engine, settings: Settings, report: Report = lambda _done, _of: None) -> Told:
    """Delete what is left of the farms that leave; return how many are gone, how many are not, and why.

    Args:
        engine: As the role that writes.
        settings: Where MLflow is.
        report: Is told how the rows of each farm go.
    """
    with engine.connect() as connection:
        found = deletions.unfinished(connection)
    for leaving in found:
        if not leaving.emptied:
            empty(engine, leaving, report)
            log.info("farm.emptied", farm=leaving.farm_id)
    if not found:
        return Told()
    with tracking.sole(engine) as alone:
        if not alone:
            return Told(waiting=len(found), fault="another process is telling MLflow")
        try:
            return _forget(engine, settings, found)
        except Exception as error:  # noqa: BLE001 - whatever MLflow and its stores raise: it is away
            return away([one.farm_id for one in found], error)


def _forget(engine: Engine, settings: Settings, found: list[Leaving]) -> Told:
    opened = registry.open_registry(settings)
    for leaving in found:
        forget_farm(opened, leaving)
    for alias in get_args(Alias):
        with suppress(LookupError):  # a model that MLflow has yet to be told of, its aliases then too
            point_at_newest(engine, opened, alias)
    _wipe(settings)
    with engine.begin() as connection:
        for leaving in found:
            deletions.finish(connection, leaving)
            log.info("farm.deleted", farm=leaving.farm_id)
    return Told(logged=len(found))


def forget_farm(opened: Registry, leaving: Leaving) -> None:
    """Delete the runs of a farm with their files, and the versions that came of them; done again, nothing changes."""
    client = opened.client
    for run in list(runs_of(opened, leaving.farm_id, leaving.name, leaving.models)):
        _delete_versions(client, f"run_id = '{run.info.run_id}'")
        registry.take_away(opened, run)
    for model in leaving.models:
        _delete_versions(client, f"name = '{MODEL}' and tag.`{NUMBER}` = '{model}'")


def runs_of(opened: Registry, farm_id: int, name: str, models: Sequence[int]) -> Iterator[Any]:
    """Yield the runs of a farm, those too that are marked as deleted.

    Runs from before they bore the farm's number are told by its name, or by the model that they logged.
    """
    from mlflow.entities import ViewType  # noqa: PLC0415 - two seconds that only whoever asks should pay

    queries = [f"tags.`{FARM_NUMBER}` = '{farm_id}'", f"tags.`{FARM}` = '{name}'"]
    queries += [f"tags.`{KEY}` = 'model:{model}'" for model in models]
    told: set[str] = set()
    for experiment in EXPERIMENTS:
        known = opened.client.get_experiment_by_name(experiment)
        for query in queries if known is not None else ():
            search = partial(opened.client.search_runs, [known.experiment_id], query, ViewType.ALL, _AT_ONCE)
            for run in _pages(search):
                if run.data.tags.get(FARM_NUMBER, str(farm_id)) == str(farm_id) and run.info.run_id not in told:
                    told.add(run.info.run_id)
                    yield run


def _pages(search: Callable[..., Any]) -> Iterator[Any]:
    token = None
    while True:
        page = search(page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _delete_versions(client: Any, query: str) -> None:
    for version in list(client.search_model_versions(query)):
        for tag in version.tags:  # MLflow keeps them otherwise
            client.delete_model_version_tag(version.name, version.version, tag)
        client.delete_model_version(version.name, version.version)


def _wipe(settings: Settings) -> None:
    """Take what was deleted out of the file of MLflow's own database too, which keeps it in unused pages."""
    uri = registry.tracking_uri(settings)
    if uri.startswith("sqlite:///"):
        with closing(sqlite3.connect(uri.removeprefix("sqlite:///"), timeout=20)) as connection:
            connection.execute("VACUUM")
