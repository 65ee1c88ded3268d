"""Windows of many animals as files have them: by animal and time, in blocks that are read in order of time.

The windows of 15 minutes lie on the disk side by side, those of an animal far from each other: a page of the disk
holds some twenty animals. So animals are read some at a time, and of these a span at a time, or each page would be
read anew for each animal.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, takewhile
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, text

from core.timeline import BUCKET, BUCKET_S
from storage.engine.copying import Copied, Dialect, Rows, as_arrays, as_csv

LARGEST: Final = 262_144
"""Rows of a block, at the most: seven animals of a year, 16 MB as CSV."""

_SORTED: Final = 30_000
"""Rows that are read at a time, which the database sorts in memory."""

MOST_ANIMALS: Final = 256
"""Of a block."""


class Sought(NamedTuple):
    """Windows of a farm's animals in `[start, end)`, by animal and time, from a place in that order on.

    Attributes:
        farm_id: The farm.
        start: First instant.
        end: Not included.
        animal: Id of the first animal that may be among them...
        since: ...and the first instant of that one; of the others it is `start`.
        only: Ids of animals; all if `None`.
    """

    farm_id: int
    start: datetime
    end: datetime
    animal: int
    since: datetime
    only: Sequence[int] | None


class Heard(NamedTuple):
    """An animal of which anything was heard, and the first bucket in which it was."""

    id: int
    name: str
    first: datetime


class Block(NamedTuple):
    """Windows to be read together: those of some animals in `[start, end)`."""

    animals: Sequence[Heard]
    start: datetime
    end: datetime


_HEARD: Final = """
SELECT a.id, a.name, f.first FROM animal a CROSS JOIN LATERAL (
  SELECT animov_first_window(a.id, CASE WHEN a.id = :animal THEN :since ELSE CAST(:start AS timestamptz) END) AS first
  OFFSET 0) f
WHERE a.farm_id = :farm_id AND a.id >= :animal {only} AND f.first < :end ORDER BY a.id LIMIT :limit
"""


def heard(connection: Connection, sought: Sought, limit: int) -> list[Heard]:
    """Return the first animals, `limit` at the most, of which anything of what is sought was heard, by id."""
    query = text(_HEARD.format(only="" if sought.only is None else "AND a.id = ANY (CAST(:only AS int[]))"))
    named = {} if sought.only is None else {"only": list(sought.only)}
    return [Heard(*row) for row in connection.execute(query, {**sought._asdict(), **named, "limit": limit})]


def block(animals: Sequence[Heard], end: datetime, now: datetime) -> Block:
    """Return the first animals whose windows before `end` are a block, or the first part of what the first one has.

    Args:
        animals: One or more.
        end: Not included.
        now: After which no windows lie.
    """
    chosen = sum(1 for _ in takewhile(lambda size: size <= LARGEST, _sizes(animals, min(end, now))))
    if not chosen:
        return Block(animals[:1], animals[0].first, min(animals[0].first + LARGEST * BUCKET, end))
    return Block(animals[:chosen], min(one.first for one in animals[:chosen]), end)


def _sizes(animals: Sequence[Heard], until: datetime) -> Iterator[int]:
    """Yield the rows of a block of the first animal, of the first two, and so on, if none is missing."""
    starts = accumulate((one.first for one in animals), min)
    return (few * max((until - start) // BUCKET + 1, 1) for few, start in enumerate(starts, 1))


def csv_of(
    connection: Connection,
    wanted: Block,
    columns: Sequence[str],
    names: Mapping[int, str],
    *,
    dialect: Dialect,
    zone: str,
    now: datetime,
) -> bytes:
    """Return the windows of a block as CSV that the database writes, by animal and time.

    Args:
        connection: Of a transaction, whose time zone changes.
        wanted: What is read.
        columns: Some of `bucket`, `length_s`, `received_s`, `known_s`, `standing_s`, `standing_ratio`, `coverage`,
            `animal_id` and `animal_name`.
        names: Of the animals, as they are to stand in a cell, by id.
        dialect: How cells are written.
        zone: IANA time zone of the instants.
        now: After which no windows lie.
    """
    copied = [Copied(name, _KINDS[name]) for name in columns]
    values = {"names": [names[one.id] for one in wanted.animals]}
    found: dict[int, list[bytes]] = {one.id: [] for one in wanted.animals}
    for rows in _slices(wanted, _WRITTEN, values, now):
        for animal, written in as_csv(connection, rows, copied, dialect=dialect, zone=zone):
            found[animal].append(written)
    return b"".join(piece for pieces in found.values() for piece in pieces)


def arrays_of(
    connection: Connection, wanted: Block, columns: Sequence[str], now: datetime
) -> list[tuple[int, list[bytes]]]:
    """Return the windows of a block by animal and time: again and again an animal, and the next of its columns.

    Args:
        connection: Open.
        wanted: What is read.
        columns: Some of those of CSV, but for `animal_name`, which is text; as `copying.as_arrays` tells them.
        now: After which no windows lie.
    """
    copied = [Copied(name, _KINDS[name]) for name in columns]
    found: dict[int, list[list[bytes]]] = {one.id: [] for one in wanted.animals}
    for rows in _slices(wanted, _COUNTED, {}, now):
        for animal, arrays in as_arrays(connection, rows, copied):
            found[animal].append(arrays)
    return [(animal, arrays) for animal, slices in found.items() for arrays in slices]


def _slices(wanted: Block, query: str, values: Mapping[str, Any], now: datetime) -> Iterator[Rows]:
    """Yield what is to be read of a block at a time, in order of time."""
    width = max(_SORTED // len(wanted.animals), 1) * BUCKET
    start, last = wanted.start, min(wanted.end, now)
    ids = {"ids": [one.id for one in wanted.animals], **values}
    while start < wanted.end:
        end = min(start + width, wanted.end) if start + width < last else wanted.end
        yield Rows(query, {**ids, "start": start, "end": end}, key="animal_id", order="bucket")
        start = end


_READ: Final = f"""
SELECT w.animal_id, w.bucket, {BUCKET_S} AS length_s, w.received_s, w.known_s, w.standing_s, w.standing_ratio,
       w.known_s::{{real}} / {BUCKET_S}::{{real}} AS coverage {{more}}
FROM farm_window w {{joined}}
WHERE w.animal_id = ANY (CAST(:ids AS int[])) AND w.bucket >= :start AND w.bucket < :end
"""  # noqa: S608 - our own words
_WRITTEN: Final = _READ.format(
    real="real",
    more=", n.name AS animal_name",
    joined="JOIN unnest(CAST(:ids AS int[]), CAST(:names AS text[])) n (id, name) ON n.id = w.animal_id",
)
_COUNTED: Final = _READ.format(real="double precision", more="", joined="")
_KINDS: Final[Mapping[str, Literal["instant", "number", "integer", "text"]]] = {
    "bucket": "instant",
    "length_s": "integer",
    "received_s": "integer",
    "known_s": "integer",
    "standing_s": "integer",
    "standing_ratio": "number",
    "coverage": "number",
    "animal_id": "integer",
    "animal_name": "text",
}
