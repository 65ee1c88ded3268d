"""How many flushes there were and how long they took, by the minute: facts of the node, written with a later flush."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from core.logs import get_logger
from core.timeline import from_ms
from storage.engine.faults import is_transient

log = get_logger(__name__)

MINUTE_MS = 60_000


class FlushMinute(NamedTuple):
    """The flushes of one process that ended in one minute of the node's clock.

    Attributes:
        minute: Number of the minute since 1970; it covers the milliseconds `[60000 m, 60000 (m + 1))`.
        id: Drawn with the row, so that what is sent twice is written once.
        flushes: How many, 1 at least.
        messages: That they settled, refused ones and those of deleted farms included.
        took_s: Wall seconds from the beginning of each to its commit, attempts that failed included, added up.
        longest_s: Of the one that took longest.
    """

    minute: int
    id: UUID
    flushes: int
    messages: int
    took_s: float
    longest_s: float


_KEEP = b"""
INSERT INTO flush_minute (minute, id, flushes, messages, took_s, longest_s)
SELECT * FROM unnest(%s::timestamptz[], %s::uuid[], %s::int[], %s::int[], %s::float8[], %s::float8[])
ON CONFLICT DO NOTHING
"""


async def keep(connection: AsyncConnection, minutes: Sequence[FlushMinute]) -> None:
    """Write minutes in the transaction that is under way; if the database refuses them, it goes on without.

    Raises:
        psycopg.Error: the transaction can't go on, and may be tried again.
    """
    if not minutes:
        return
    starts, *figures = zip(*minutes, strict=True)
    columns = [[from_ms(minute * MINUTE_MS) for minute in starts], *map(list, figures)]
    try:
        async with connection.transaction():
            await connection.execute(_KEEP, columns)
    except psycopg.Error as error:
        if connection.closed or is_transient(error):  # a block whose connection is gone ends as if it had committed
            raise
        log.warning("flush.minutes_refused", minutes=len(minutes), error=" ".join(str(error).split()))
