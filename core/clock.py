"""One clock for the whole node, also when it runs faster than the wall.

Only entry points and drivers read a clock; everything else is handed an instant.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import inf

from core.timeline import from_ms

WallClock = Callable[[], float]
"""Seconds since 1970 on the wall, as `time.time` gives them."""


@dataclass(frozen=True, slots=True)
class NodeClock:
    """The line `now = sim_epoch + (wall - wall_epoch) * speed`, held at `ceiling`.

    Attributes:
        wall_epoch: Seconds since 1970 on the wall at which the line starts.
        sim_epoch: Seconds since 1970 on the node's clock at that moment.
        speed: Node seconds for one wall second; 1 in ordinary life.
        ceiling: Seconds since 1970 on the node's clock which it does not pass: a simulation raises it
            when all that was due before is acknowledged. Infinite in ordinary life.
    """

    wall_epoch: float = 0.0
    sim_epoch: float = 0.0
    speed: float = 1.0
    ceiling: float = inf

    def at(self, wall: float) -> float:
        """Return the node's time, in seconds since 1970, at a wall time."""
        return min(self.sim_epoch + (wall - self.wall_epoch) * self.speed, self.ceiling)

    def now(self, wall_clock: WallClock = time.time) -> datetime:
        """Return the node's time as an aware UTC instant."""
        return from_ms(self.now_ms(wall_clock))

    def now_ms(self, wall_clock: WallClock = time.time) -> int:
        """Return the node's time in whole milliseconds since 1970."""
        return int(self.at(wall_clock()) * 1000)


WALL = NodeClock()
"""The clock of a node that lives in ordinary time."""
