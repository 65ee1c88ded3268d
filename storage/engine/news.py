"""Being told when something in the database changes, by the channels on which writers notify."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import psycopg
from psycopg import AsyncConnection

from core.logs import get_logger
from storage.engine.database import session_options

log = get_logger(__name__)

CLOCK: Final = "animov_clock"
REGISTRY: Final = "animov_registry"
ALERTS: Final = "animov_alerts"
POSTED: Final = "animov_posted"
_LOOK_AGAIN_S: Final = 5.0


async def follow(url: str, channel: str, look: Callable[[AsyncConnection], Awaitable[None]]) -> None:
    """Look now and whenever a channel is notified, for ever; while the database is away, try until it is back."""
    while True:
        try:
            connection = await AsyncConnection.connect(
                url, autocommit=True, application_name=channel, options=session_options(url)
            )
            async with connection:
                await connection.execute(f"LISTEN {channel}".encode())
                while True:
                    await look(connection)
                    async for _ in connection.notifies(stop_after=1):
                        pass
        except (psycopg.OperationalError, OSError) as error:
            log.warning("database.unreachable", channel=channel, error=str(error).strip())
            await asyncio.sleep(_LOOK_AGAIN_S)
