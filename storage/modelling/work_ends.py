"""Being told that work on models has ended, for whoever waits for what comes of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from psycopg import AsyncConnection

from core.errors import UnavailableError
from core.problem_texts import say
from storage.engine.database import session_options

ENDED: Final = "animov_work_ended"
"""Channel on which the database tells the number of work that is done, failed or cancelled."""

Until = Callable[[int, float], Awaitable[bool]]
"""From the number of some work and seconds of patience to whether it ended meanwhile."""


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Until]:
    """Listen for the time of the block: an end is heard if it comes after this, though it is asked for later.

    Raises:
        UnavailableError: the database does not answer, or went away.
    """
    try:
        async with await AsyncConnection.connect(
            url, autocommit=True, application_name=ENDED, options=session_options(url)
        ) as connection:
            await connection.execute(f"LISTEN {ENDED}".encode())

            async def until(number: int, patience_s: float) -> bool:
                async for notice in connection.notifies(timeout=patience_s):
                    if notice.payload == str(number):
                        return True
                return False

            yield until
    except psycopg.OperationalError as error:
        raise UnavailableError(say("database_away")) from error
