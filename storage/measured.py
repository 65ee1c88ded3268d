"""Windows as the API lists them: of one animal, of a group, of a herd, a page at a time.

Every function reads in a transaction that sees the caller's farms only.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection, text

from core.errors import NotFoundError
from core.timeline import BUCKET, BUCKET_S
from storage.copying import Copied, Dialect, copied
from storage.series import Measured, Series, history


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


_ALL = text("""
SELECT a.id, a.name, w.bucket, w.received_s, w.known_s, w.standing_s, w.standing_ratio
FROM animal a CROSS JOIN LATERAL (
  SELECT * FROM farm_window w
  WHERE w.animal_id = a.id AND w.bucket >= CASE WHEN a.id = :animal THEN :from ELSE :start END AND w.bucket < :end
  ORDER BY w.bucket OFFSET 0) w
WHERE a.farm_id = :farm AND a.id >= :animal AND (CAST(:only AS int[]) IS NULL OR a.id = ANY (CAST(:only AS int[])))
ORDER BY a.id, w.bucket LIMIT :limit
""")
_NEXT = text("""
SELECT id, name FROM animal
WHERE farm_id = :farm AND id >= :animal AND (CAST(:only AS int[]) IS NULL OR id = ANY (CAST(:only AS int[])))
ORDER BY id LIMIT 1
""")


def windows_of_all(
    connection: Connection,
    farm_id: int,
    start: datetime,
    end: datetime,
    *,
    animal: int,
    since: datetime,
    only: Sequence[int] | None,
    limit: int,
) -> list[OneOfMany]:
    """Return windows of a farm's animals in `[start, end)`, by animal and time.

    Args:
        connection: Open.
        farm_id: The farm.
        start: First instant.
        end: Not included.
        animal: The list goes on with this animal...
        since: ...from this instant on, and with the others from `start` on.
        only: Ids of animals; all if `None`.
        limit: Windows, at the most.
    """
    values = {"farm": farm_id, "start": start, "end": end, "animal": animal, "from": since, "limit": limit}
    only = None if only is None else list(only)
    return [OneOfMany(*row) for row in connection.execute(_ALL, {**values, "only": only})]


def next_animal(
    connection: Connection, farm_id: int, *, animal: int, only: Sequence[int] | None
) -> tuple[int, str] | None:
    """Return id and name of the first animal of a farm from an id on."""
    values = {"farm": farm_id, "animal": animal, "only": None if only is None else list(only)}
    row = connection.execute(_NEXT, values).one_or_none()
    return None if row is None else (row.id, row.name)


def next_window(connection: Connection, animal_id: int, start: datetime, end: datetime) -> datetime | None:
    """Return the first bucket of an animal in `[start, end)` of which anything was heard."""
    values = {"animal": animal_id, "start": start, "end": end, "limit": 1}
    row = connection.execute(_FIRST_WINDOWS, values).one_or_none()
    return None if row is None else row.bucket


def copied_windows(
    connection: Connection,
    animal: tuple[int, str],
    start: datetime,
    end: datetime,
    columns: Sequence[str],
    *,
    dialect: Dialect,
    zone: str,
) -> bytes:
    """Return the windows of an animal in `[start, end)` as CSV that the database writes, in order of time.

    Args:
        connection: Of a transaction, whose time zone changes.
        animal: Its id, and its name as it is to stand in a cell.
        start: First instant.
        end: Not included.
        columns: Some of those of `AnimalWindow`, `animal_id`, `animal_name`, `length_s` and `coverage`.
        dialect: How cells are written.
        zone: IANA time zone of the instants.
    """
    wanted = [Copied(name, _KINDS.get(name, "other")) for name in columns]
    values = {"animal": animal[0], "name": animal[1], "start": start, "end": end}
    return copied(connection, _COPIED, values, wanted, dialect=dialect, zone=zone)


_COPIED = f"""
SELECT CAST(:animal AS int) AS animal_id, CAST(:name AS text) AS animal_name, {BUCKET_S} AS length_s,
       w.known_s::real / {BUCKET_S}::real AS coverage, w.* FROM ({_WINDOWS}) w
"""  # noqa: S608 - our own words
_KINDS: Final[Mapping[str, Literal["instant", "number"]]] = {
    "bucket": "instant",
    "standing_ratio": "number",
    "coverage": "number",
}

_ANIMAL = """
SELECT coalesce(s.id, 0) AS id, a.farm_id, NULL::int AS group_id, a.id AS animal_id, a.name
FROM animal a LEFT JOIN series s ON s.animal_id = a.id WHERE a.id = :id
"""
GROUP = """
SELECT coalesce(s.id, 0) AS id, g.farm_id, g.id AS group_id, NULL::int AS animal_id, g.name
FROM animal_group g LEFT JOIN series s ON s.group_id = g.id WHERE g.id = :id
"""
HERD = """
SELECT coalesce(s.id, 0) AS id, f.id AS farm_id, NULL::int AS group_id, NULL::int AS animal_id, '' AS name
FROM farm f LEFT JOIN series s ON s.farm_id = f.id AND s.group_id IS NULL AND s.animal_id IS NULL WHERE f.name = :id
"""
_ANIMAL_SERIES, _GROUP_SERIES, _HERD_SERIES = text(_ANIMAL), text(GROUP), text(HERD)


def animal_series(connection: Connection, animal_id: int) -> Series:
    """Return the series of an animal; its id is 0 while nothing has been forecast of it.

    Raises:
        NotFoundError: there is no such animal.
    """
    row = connection.execute(_ANIMAL_SERIES, {"id": animal_id}).one_or_none()
    if row is None:
        raise NotFoundError("animal", animal_id)
    return Series(*row)


def group_series(connection: Connection, group_id: int) -> Series:
    """Return the series of a group; its id is 0 while nothing has been forecast of it.

    Raises:
        NotFoundError: there is no such group.
    """
    row = connection.execute(_GROUP_SERIES, {"id": group_id}).one_or_none()
    if row is None:
        raise NotFoundError("group", group_id)
    return Series(*row)


def herd_series(connection: Connection, farm: str) -> Series:
    """Return the series of the herd of a farm, by the farm's name; its id is 0 while nothing has been forecast of it.

    Raises:
        NotFoundError: there is no such farm.
    """
    row = connection.execute(_HERD_SERIES, {"id": farm}).one_or_none()
    if row is None:
        raise NotFoundError("farm", farm)
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
