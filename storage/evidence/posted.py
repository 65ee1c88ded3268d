"""Messages that came by HTTP: kept and committed before they are acknowledged, then read by the edge like any other.

Whoever takes some holds their rows until all that they say is committed, so a crash of any process loses none; what
was committed and not yet taken away is read again, which changes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from psycopg import AsyncConnection
from sqlalchemy import Connection, text

from core.errors import UnavailableError
from core.problem_texts import say
from core.readings import Message, Rejected
from core.timeline import to_ms
from storage.engine import news
from storage.evidence.sink import rejected_key

MOST_WAITING: Final = 10_000
"""Messages of one's farms that may wait; more are refused until an edge has read some."""

AT_ONCE: Final = 500
"""Messages that an edge takes at a time."""

ABSENT_S: Final = 5
"""Seconds of the wall after which a message that still waits means that no edge is there."""


def speak_for(connection: Connection, farms: Sequence[int]) -> None:
    """Let this transaction keep messages of the collars of these farms, and see what became of them."""
    named = ",".join(map(str, farms))
    connection.execute(text("SELECT set_config('animov.heard_farms', :farms, true)"), {"farms": named})


def keep(connection: Connection, messages: Sequence[tuple[int, str, bytes]]) -> list[int]:
    """Keep messages for the edge, each a farm, topic and payload; return their ids. Committed, they are safe.

    Raises:
        UnavailableError: too many wait already.
    """
    waiting = connection.execute(text("SELECT count(*) FROM posted_message")).scalar_one()
    if waiting + len(messages) > MOST_WAITING:
        raise UnavailableError(say("posts_wait"))
    insert = text(
        """INSERT INTO posted_message (farm_id, received_at, topic, payload)
        SELECT farm, animov_now(), topic, payload
        FROM unnest(CAST(:farms AS int[]), CAST(:topics AS text[]), CAST(:payloads AS bytea[])) WITH ORDINALITY
          AS m (farm, topic, payload, place) ORDER BY place RETURNING id"""
    )
    farms, topics, payloads = (list(column) for column in zip(*messages, strict=True))
    made = connection.execute(insert, {"farms": farms, "topics": topics, "payloads": payloads}).scalars().all()
    connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": news.POSTED})
    return sorted(made)


def is_edge_away(connection: Connection) -> bool:
    """Tell whether messages wait for so long that waiting for the answer is of no use."""
    query = "SELECT EXISTS (SELECT FROM posted_message WHERE posted_at < clock_timestamp() - :s * interval '1 s')"
    return bool(connection.execute(text(query), {"s": ABSENT_S}).scalar_one())


def waiting(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these messages are still to be read."""
    query = text("SELECT id FROM posted_message WHERE id = ANY (:ids)")
    return set(connection.execute(query, {"ids": list(ids)}).scalars())


def refusals(connection: Connection, keys: Sequence[bytes]) -> Mapping[bytes, tuple[int, Rejected]]:
    """Return how often, and why last, messages of these keys were not admitted."""
    query = text("SELECT key, count AS times, code, detail FROM rejected_message WHERE key = ANY (:keys)")
    rows = connection.execute(query, {"keys": list(keys)})
    return {bytes(row.key): (row.times, Rejected(row.code, row.detail)) for row in rows}


def key_of(topic: str, payload: bytes) -> bytes:
    """Return the key of a message among the rejected ones."""
    return rejected_key(Message(topic, 0, payload))


async def follow(url: str, take: Callable[[list[Message]], Awaitable[None]]) -> None:
    """Hand over what was posted, now and whenever more comes, for ever; while the database is away, wait for it.

    Args:
        url: The database, as the role that writes.
        take: Returns once everything that the messages say is committed.
    """

    async def look(connection: AsyncConnection) -> None:
        while await _take_some(connection, take):
            pass

    await news.follow(url, news.POSTED, look)


async def _take_some(connection: AsyncConnection, take: Callable[[list[Message]], Awaitable[None]]) -> bool:
    async with connection.transaction():
        cursor = await connection.execute(
            """SELECT id, topic, received_at, payload FROM posted_message
            ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED""",
            (AT_ONCE,),
        )
        rows = await cursor.fetchall()
        if not rows:
            return False
        await take([Message(topic, to_ms(received_at), payload) for _, topic, received_at, payload in rows])
        await connection.execute("DELETE FROM posted_message WHERE id = ANY (%s)", ([row[0] for row in rows],))
    return True
