"""How many connections an engine holds."""

from typing import NamedTuple

from sqlalchemy import Engine, QueuePool


class Connections(NamedTuple):
    """Connections of one engine: those that somebody works with, and those that are open and free."""

    in_use: int
    idle: int


def connections(engine: Engine) -> Connections:
    """Count the connections of an engine now."""
    pool = engine.pool
    return Connections(pool.checkedout(), pool.checkedin()) if isinstance(pool, QueuePool) else Connections(0, 0)
