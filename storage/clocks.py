"""The node's clock, one row that every process reads."""

import asyncio
from collections.abc import Callable

import psycopg
from psycopg import AsyncConnection
from sqlalchemy import Connection, text

from core.clock import NodeClock
from core.logs import get_logger

log = get_logger(__name__)

_SELECT = "SELECT wall_epoch, sim_epoch, speed, ceiling FROM clock"
_LOOK_AGAIN_S = 5.0


def read(connection: Connection) -> NodeClock:
    """Return the clock as it is set now."""
    row = connection.execute(text(_SELECT)).one()
    return NodeClock(*row)


def write(connection: Connection, clock: NodeClock) -> None:
    """Set the clock for every process of the node."""
    connection.execute(
        text(
            """UPDATE clock SET wall_epoch = :wall_epoch, sim_epoch = :sim_epoch, speed = :speed, ceiling = :ceiling"""
        ),
        {
            "wall_epoch": clock.wall_epoch,
            "sim_epoch": clock.sim_epoch,
            "speed": clock.speed,
            "ceiling": clock.ceiling,
        },
    )
    connection.execute(text("SELECT pg_notify('animov_clock', '')"))


async def follow(url: str, on_change: Callable[[NodeClock], None]) -> None:
    """Tell of the clock now and at each change, for ever; while the database is away the last one goes on."""
    while True:
        try:
            async with await AsyncConnection.connect(
                url, autocommit=True, application_name="animov clock"
            ) as connection:
                await connection.execute("LISTEN animov_clock")
                while True:
                    row = await (await connection.execute(_SELECT)).fetchone()
                    if row is not None:
                        on_change(NodeClock(*row))
                    async for _ in connection.notifies(stop_after=1):
                        pass
        except (psycopg.OperationalError, OSError) as error:
            log.warning("clock.unreachable", error=str(error).strip())
            await asyncio.sleep(_LOOK_AGAIN_S)
