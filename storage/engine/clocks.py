"""The node's clock, one row that every process reads."""

from collections.abc import Callable

from psycopg import AsyncConnection
from sqlalchemy import Connection, text

from core.clock import NodeClock
from storage.engine import news

_SELECT = "SELECT wall_epoch, sim_epoch, speed, ceiling FROM clock"


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
    connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": news.CLOCK})


async def follow(url: str, on_change: Callable[[NodeClock], None]) -> None:
    """Tell of the clock now and at each change, for ever; while the database is away the last one goes on."""

    async def look(connection: AsyncConnection) -> None:
        row = await (await connection.execute(_SELECT)).fetchone()
        if row is not None:
            on_change(NodeClock(*row))

    await news.follow(url, news.CLOCK, look)
