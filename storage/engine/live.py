"""News for live listeners: what changed of farms, in an order that nothing is ever put before.

Transactions commit in another order than they begin. What is read here was written by transactions older than all that
are under way, so whatever is committed later comes behind it: a listener who says where it stopped misses nothing.
Each thing is told as it is now, however often it changed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final, Literal, NamedTuple, get_args

import psycopg
from psycopg import AsyncConnection
from sqlalchemy import Connection, text

from core.logs import get_logger
from storage.engine.database import session_options

log = get_logger(__name__)

NEWS: Final = "animov_news"
"""Channel on which the database says that there is some."""

_LOOK_AGAIN_S: Final = 5.0

Kind = Literal["windows", "forecast", "alert"]
KINDS: Final[frozenset[Kind]] = frozenset(get_args(Kind))


class Place(NamedTuple):
    """Where in the order something stands: its transaction, and its place there."""

    written_in: int
    place: int


class Piece(NamedTuple):
    """Something that changed.

    Attributes:
        farm_id: Of which farm.
        farm: Its name.
        kind: What.
        subject: Of windows and forecasts the bucket or slot, in seconds since 1970; of an alert its id.
        place: Where it stands.
    """

    farm_id: int
    farm: str
    kind: Kind
    subject: int
    place: Place


_END: Final = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
_SINCE: Final = text("""
SELECT n.farm_id, f.name, n.kind, n.subject, CAST(CAST(n.written_in AS text) AS bigint), n.place
FROM news n JOIN farm f ON f.id = n.farm_id
WHERE (n.written_in, n.place) > (CAST(CAST(:written_in AS text) AS xid8), CAST(:place AS bigint))
  AND n.written_in < pg_snapshot_xmin(pg_current_snapshot()) AND n.kind = ANY (:kinds)
ORDER BY n.written_in, n.place LIMIT :limit
""")


def end(connection: Connection) -> Place:
    """Return the place behind all that can be told now."""
    return Place(connection.execute(_END).scalar_one() - 1, 2**62)


def since(connection: Connection, place: Place, limit: int, kinds: Iterable[Kind] = KINDS) -> list[Piece]:
    """Return what changed behind a place of the farms that the transaction sees, in order: the first `limit` of it."""
    rows = connection.execute(_SINCE, {**place._asdict(), "limit": limit, "kinds": list(kinds)})
    return [Piece(farm_id, farm, kind, subject, Place(*at)) for farm_id, farm, kind, subject, *at in rows]


_FORGET: Final = text("""
WITH gone AS (
  DELETE FROM news WHERE at < clock_timestamp() - interval '7 days' RETURNING farm_id, written_in, place
), last AS (
  SELECT DISTINCT ON (farm_id) farm_id, written_in, place FROM gone ORDER BY farm_id, written_in DESC, place DESC
), noted AS (
  INSERT INTO news_forgotten AS f (farm_id, written_in, place) SELECT * FROM last
  ON CONFLICT (farm_id) DO UPDATE SET written_in = excluded.written_in, place = excluded.place
    WHERE (f.written_in, f.place) < (excluded.written_in, excluded.place)
)
SELECT count(*) FROM gone
""")
_FORGOTTEN: Final = text("""
SELECT EXISTS (SELECT FROM news_forgotten
  WHERE (written_in, place) > (CAST(CAST(:written_in AS text) AS xid8), CAST(:place AS bigint)))
""")


def forget(connection: Connection) -> int:
    """Forget what changed more than a week ago, and note how far that went; return how much it was."""
    return int(connection.execute(_FORGET).scalar_one())


def is_forgotten(connection: Connection, place: Place) -> bool:
    """Tell whether anything behind a place, of the farms that the transaction sees, is not kept any longer."""
    return bool(connection.execute(_FORGOTTEN, place._asdict()).scalar_one())


def is_more_to_come(connection: Connection) -> bool:
    """Tell whether something changed that can't be told yet, for an older transaction is still under way."""
    query = "SELECT EXISTS (SELECT FROM news WHERE written_in >= pg_snapshot_xmin(pg_current_snapshot()))"
    return bool(connection.execute(text(query)).scalar_one())


def rights_version(connection: Connection) -> int:
    """Return a number that another one takes the place of whenever something is taken from people or keys."""
    return int(connection.execute(text("SELECT version FROM rights_version")).scalar_one())


@asynccontextmanager
async def woken(url: str) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set whenever there may be news, and once the database is back after it was away."""
    event = asyncio.Event()
    task = asyncio.create_task(_listen(url, event))
    try:
        yield event
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _listen(url: str, event: asyncio.Event) -> None:
    while True:
        try:
            async with await AsyncConnection.connect(
                url, autocommit=True, application_name=NEWS, options=session_options(url)
            ) as connection:
                await connection.execute(f"LISTEN {NEWS}".encode())
                event.set()
                async for _ in connection.notifies():
                    event.set()
        except (psycopg.OperationalError, OSError) as error:
            log.warning("database.unreachable", channel=NEWS, error=str(error).strip())
        await asyncio.sleep(_LOOK_AGAIN_S)
