"""Whether a node can work, and what waits in it: all that is known without seeing any farm."""

import re
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import AsyncConnection

from core.errors import UnavailableError
from storage.engine.database import MIGRATIONS, session_options


class Jobs(NamedTuple):
    """The jobs of one lane; those that are not due yet do not wait.

    Attributes:
        lane: Whose worker does them.
        waiting: How many wait.
        oldest_s: Seconds of the wall for which the oldest of these has waited; `None` where none waits.
        under_way: How many are being done.
        failed: How many failed for good, in the last day.
    """

    lane: str
    waiting: int
    oldest_s: float | None
    under_way: int
    failed: int


class State(NamedTuple):
    """State of a database that is at the version this program wants.

    Attributes:
        now: The node's time.
        posted: Messages that came by HTTP and are still to be read.
        posted_oldest_s: Seconds of the wall for which the oldest of these has waited; `None` where none does.
        last_window: Bucket of the newest window of the node; `None` before the first.
        last_slot: Newest slot that was forecast; `None` before the first.
        jobs: The lanes in which there are jobs.
    """

    now: datetime
    posted: int
    posted_oldest_s: float | None
    last_window: datetime | None
    last_slot: datetime | None
    jobs: tuple[Jobs, ...]


_LAG: Final = "SELECT animov_now(), posted, posted_oldest_s, last_window, last_slot FROM animov_lag()"
_JOBS: Final = "SELECT lane, waiting, oldest_s, under_way, failed FROM animov_jobs()"
_PATIENCE_MS: Final = 2000
_LIVELY: Final[dict[str, Any]] = {
    "connect_timeout": 2,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "application_name": "animov_health",
}
"""A server that has vanished is to be noticed, not waited for."""


async def read(url: str) -> State | None:
    """Return the state of a database by a connection of its own; `None` if its tables are of another version.

    Whoever asks says by cancelling how long this may take.

    Raises:
        UnavailableError: it does not answer, or refuses.
    """
    options = f"{session_options(url)} -c statement_timeout={_PATIENCE_MS}"
    try:
        async with await AsyncConnection.connect(url, autocommit=True, options=options, **_LIVELY) as connection:
            if await _version(connection) != wanted_version():
                return None
            lag = await (await connection.execute(_LAG)).fetchone()
            jobs = await (await connection.execute(_JOBS)).fetchall()
    except (psycopg.Error, OSError) as error:
        raise UnavailableError(f"the database does not answer: {str(error).strip()}") from error
    return State(*lag, jobs=tuple(Jobs(*row) for row in jobs))  # type: ignore[misc]  # an aggregate is one row


async def _version(connection: AsyncConnection) -> str | None:
    try:
        row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return None if row is None else row[0]


@cache
def wanted_version() -> str:
    """Return the version that this code wants: that of the migration which none builds on.

    It is read off the files, for Alembic would run them all and take a third of a second to load.
    """
    texts = [path.read_text() for path in sorted((MIGRATIONS / "versions").glob("*.py"))]
    made, built_on = ({found[1] for text in texts if (found := line.search(text))} for line in (_MADE, _BUILT_ON))
    (newest,) = made - built_on
    return newest


_MADE: Final = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)
_BUILT_ON: Final = re.compile(r'^down_revision = "(\w+)"$', re.MULTILINE)
