"""Windows as the API lists them: of one animal, of a group, of a herd, a page at a time.

Every function reads in a transaction that sees the caller's farms only.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, text

from core.errors import NotFoundError
from core.timeline import BUCKET
from storage.measurements.series import Measured, Series, history


class AnimalWindow(NamedTuple):
    """One bucket of an animal: seconds received, known and standing; no ratio unless enough of them are known."""

    bucket: datetime
    received_s: int
    known_s: int
    standing_s: int
    standing_ratio: float | None


_WINDOWS = """
SELECT bucket, received_s, known_s, standing_s, standing_ratio FROM farm_window
WHERE animal_id = :animal AND bucket >= :start AND bucket < :end ORDER BY bucket
"""
_FIRST_WINDOWS = text(_WINDOWS + "LIMIT :limit")


def animal_windows(
    connection: Connection, animal_id: int, start: datetime, end: datetime, *, limit: int
) -> list[AnimalWindow]:
    """Return the first windows of an animal in `[start, end)`, in order of time."""
    values = {"animal": animal_id, "start": start, "end": end, "limit": limit}
    return [AnimalWindow(*row) for row in connection.execute(_FIRST_WINDOWS, values)]


class OneOfMany(NamedTuple):
    """A window and whose it is; as `AnimalWindow`."""

    animal_id: int
    animal_name: str
    bucket: datetime
    received_s: int
    known_s: int
    standing_s: int
    standing_ratio: float | None


_ANIMAL = text("""
SELECT coalesce(s.id, 0), a.farm_id, NULL::int, a.id, a.name
FROM animal a LEFT JOIN series s ON s.animal_id = a.id WHERE a.id = :id
""")
_GROUP = text("""
SELECT coalesce(s.id, 0), g.farm_id, g.id, NULL::int, g.name
FROM animal_group g LEFT JOIN series s ON s.group_id = g.id WHERE g.id = :id
""")
_HERD = text("""
SELECT coalesce(s.id, 0), f.id, NULL::int, NULL::int, ''
FROM farm f LEFT JOIN series s ON s.farm_id = f.id AND s.group_id IS NULL AND s.animal_id IS NULL WHERE f.name = :id
""")


def animal_series(connection: Connection, animal_id: int) -> Series:
    """Return the series of an animal; its id is 0 while nothing has been forecast of it.

    Raises:
        NotFoundError: there is no such animal.
    """
    return _series(connection, _ANIMAL, "animal", animal_id)


def group_series(connection: Connection, group_id: int) -> Series:
    """Return the series of a group; its id is 0 while nothing has been forecast of it.

    Raises:
        NotFoundError: there is no such group.
    """
    return _series(connection, _GROUP, "group", group_id)


def herd_series(connection: Connection, farm: str) -> Series:
    """Return the series of the herd of a farm, by the farm's name; its id is 0 while nothing has been forecast of it.

    Raises:
        NotFoundError: there is no such farm.
    """
    return _series(connection, _HERD, "farm", farm)


def _series(connection: Connection, query: TextClause, kind: str, key: int | str) -> Series:
    row = connection.execute(query, {"id": key}).one_or_none()
    if row is None:
        raise NotFoundError(kind, key)
    return Series(*row)


def first_of_history(
    connection: Connection, series: Series, start: datetime, end: datetime, *, limit: int
) -> list[Measured]:
    """Return the first buckets in `[start, end)` of which anything was heard, in order of time.

    Spans without data are passed in steps that double, so that a page costs a few queries at most.
    """
    found: list[Measured] = []
    span = limit * BUCKET
    while len(found) < limit and start < end:
        until = min(start + span, end)
        found += history(connection, series, start, until)
        start, span = until, 2 * span
    return found[:limit]
