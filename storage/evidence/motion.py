"""How collars moved, message by message: written with the evidence, read by whoever learns how they sit.

A row is a function of its message alone, so whatever comes again finds its row there already.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from psycopg import AsyncConnection
from sqlalchemy import Connection, text

from core.motion import Motion
from core.timeline import from_ms, to_ms

Key = tuple[int, int, int]
"""Collar id, milliseconds since 1970 of the first sample, digest."""

_FIGURES = ", ".join(Motion._fields[2:])

_KEEP = f"""
INSERT INTO motion (collar_id, at, digest, {_FIGURES})
SELECT * FROM unnest(%s::int[], %s::timestamptz[], %s::bigint[], %s::smallint[], %s::smallint[], %s::real[],
  %s::real[], %s::real[], %s::smallint[], %s::real[], %s::real[], %s::real[], %s::real[], %s::real[])
ON CONFLICT DO NOTHING
""".encode()  # noqa: S608 - put together from our own names

_MOST_STRETCHES = 32_767


async def keep(connection: AsyncConnection, motions: Mapping[Key, Motion]) -> None:
    """Add what is new, in the order of the key, so that two who write at once wait for each other in one order only."""
    if motions:
        rows = [_row(key, motions[key]) for key in sorted(motions)]
        await connection.execute(_KEEP, [list(column) for column in zip(*rows, strict=True)])


def walking_of(connection: Connection, collar_ids: Sequence[int], start: datetime) -> Mapping[int, Sequence[Motion]]:
    """Return what walked from an instant on, in order of time, by collar; no key where nothing did."""
    return _where(connection, "walking > 0", collar_ids, start)


def still_of(connection: Connection, collar_id: int, start: datetime) -> Sequence[Motion]:
    """Return what was still from an instant on, in order of time."""
    return _where(connection, "still > 0", [collar_id], start).get(collar_id, [])


def all_of(connection: Connection, collar_ids: Sequence[int], start: datetime) -> Mapping[int, Sequence[Motion]]:
    """Return how collars moved from an instant on, in order of time, by collar; no key for one that did not say."""
    return _where(connection, "stretches > 0", collar_ids, start)


def _where(
    connection: Connection, condition: str, collar_ids: Sequence[int], start: datetime
) -> Mapping[int, Sequence[Motion]]:
    query = f"""SELECT collar_id, at, digest, {_FIGURES} FROM motion
    WHERE collar_id = ANY (:collars) AND at >= :start AND {condition}
    ORDER BY collar_id, at, digest"""  # noqa: S608 - put together from our own names
    found: dict[int, list[Motion]] = {}
    for collar_id, at, *figures in connection.execute(text(query), {"collars": list(collar_ids), "start": start}):
        found.setdefault(collar_id, []).append(Motion(to_ms(at), *figures))
    return found


def _row(key: Key, motion: Motion) -> Iterable[object]:
    collar_id, at, digest = key
    counts = motion._replace(
        stretches=min(motion.stretches, _MOST_STRETCHES),
        walking=min(motion.walking, _MOST_STRETCHES),
        still=min(motion.still, _MOST_STRETCHES),
    )
    return collar_id, from_ms(at), digest, *counts[2:]
