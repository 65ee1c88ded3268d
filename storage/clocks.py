"""The node's clock, one row that every process reads."""

from sqlalchemy import Connection, text

from core.clock import NodeClock


def read(connection: Connection) -> NodeClock:
    """Return the clock as it is set now."""
    row = connection.execute(text("SELECT wall_epoch, sim_epoch, speed, ceiling FROM clock")).one()
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
