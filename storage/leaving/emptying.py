"""All rows of a farm that leaves, deleted in steps, each a transaction that holds nobody up for long.

What hangs on a farm goes with it, by the foreign keys. A year of it in one transaction would hold locks and keep old
rows for minutes, so what has most goes before: messages in portions, then animal by animal, collar by collar, series by
series, whatever hangs on them. What was written meanwhile goes with the farm's own row at the end.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy import Engine, text

from core.errors import UnavailableError
from storage.engine.faults import TransientFaultError, told_apart
from storage.leaving.deletions import Leaving
from storage.schema import hypertables
from storage.schema.farm_tables import SPOKEN_BY

_TRIES: Final = 5
"""Of one step: a job that is under way on the farm may hold what it wants, and want what it holds."""

_JOBS: Final = """
DELETE FROM procrastinate_jobs WHERE status <> 'doing' AND (
  args->>'farm_id' = CAST(:farm AS text)
  OR CAST(args->>'training_id' AS int) IN (SELECT id FROM training WHERE farm_id = :farm)
  OR args->>'key' IN (SELECT encode(key, 'hex') FROM rejected_message WHERE farm_id = :farm)
  OR args->>'device' IN (
    SELECT d.device FROM device_alias d JOIN collar c ON c.id = d.collar_id WHERE c.farm_id = :farm))
"""

_REJECTED: Final = f"""
DELETE FROM rejected_message r WHERE farm_id = :farm OR farm_id IS NULL AND (
  starts_with(topic, 'animov/v1/' || CAST(:name AS text) || '/')
  OR EXISTS (SELECT FROM device_alias d JOIN collar c ON c.id = d.collar_id WHERE c.farm_id = :farm AND {SPOKEN_BY}))
"""  # noqa: S608 - our own words
"""Also those that came before there was such a farm, and those of its devices at a network server."""

_RAW: Final = """
DELETE FROM raw_pack WHERE id IN (SELECT id FROM raw_pack WHERE farm_id = :farm ORDER BY id LIMIT 200)
"""

_POSTED: Final = "DELETE FROM posted_message WHERE farm_id = :farm"

_PARTS: Final = ("animal", "collar", "series")
"""What most rows hang on: of an animal the windows, of a collar the evidence, of a series the forecasts."""

_FARM: Final = """
WITH gone AS (DELETE FROM farm WHERE id = :farm)
UPDATE farm_deletion SET emptied_at = clock_timestamp() WHERE id = :deletion AND emptied_at IS NULL
"""

Report = Callable[[int, int], None]
"""Is told how many animals, collars and series are done, and of how many."""


def empty(engine: Engine, leaving: Leaving, report: Report = lambda _done, _of: None) -> None:
    """Delete all rows of a farm that leaves; broken off and begun again, it goes on.

    Args:
        engine: As the role that writes.
        leaving: The farm.
        report: Is told how it goes on.

    Raises:
        UnavailableError: the database does not answer, or others hold what is to be deleted.
    """
    values = {"farm": leaving.farm_id, "name": leaving.name, "deletion": leaving.id}
    for statement in (_JOBS, _REJECTED, _POSTED):
        _step(engine, statement, values)
    while _step(engine, _RAW, values):
        pass
    parts = list(_parts(engine, leaving.farm_id))
    for done, (table, part_id) in enumerate(parts, start=1):
        _step(engine, f"DELETE FROM {table} WHERE id = :part", {"part": part_id})  # noqa: S608 - one of `_PARTS`
        report(done, len(parts))
    for statement in (_JOBS, _REJECTED, _FARM):
        _step(engine, statement, values)


def _parts(engine: Engine, farm_id: int) -> Iterator[tuple[str, int]]:
    with engine.connect() as connection:
        for table in _PARTS:
            query = text(f"SELECT id FROM {table} WHERE farm_id = :farm ORDER BY id")  # noqa: S608 - as above
            for part_id in connection.execute(query, {"farm": farm_id}).scalars():
                yield table, part_id


def _step(engine: Engine, statement: str, values: dict[str, Any]) -> int:
    """Run a statement in a transaction of its own, again where others were in its way; return the rows it took."""
    said = ""
    for _ in range(_TRIES):
        try:
            with told_apart(), engine.begin() as connection:
                hypertables.plan_by_value(connection)
                return connection.execute(text(statement), values).rowcount
        except TransientFaultError as error:
            said = str(error)
    raise UnavailableError(f"the farm could not be deleted for now: {said}")
