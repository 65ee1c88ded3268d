"""One look at the node, within a second: anybody may ask for it, so it costs one connection however many do."""

import asyncio
import time
from typing import Final, NamedTuple

from core.errors import UnavailableError
from core.logs import get_logger
from storage.upkeep import readiness
from storage.upkeep.readiness import State

_log = get_logger(__name__)

WITHIN_S: Final = 1.0
"""Seconds within which the database must have answered."""

_ENDING_S: Final = 0.1


class Seen(NamedTuple):
    """What a look told.

    Attributes:
        reachable: Whether the database answered in time.
        state: How the node is; `None` where that is not known, or the tables are of another version.
        seconds: How long it took.
    """

    reachable: bool
    state: State | None
    seconds: float


class Probe:
    """Looks at the node, over a connection of its own: those of requests may all be in use."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._looking: asyncio.Task[Seen] | None = None

    async def look(self) -> Seen:
        """Tell how the node is; whoever asks while it is being looked at is told the same."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> Seen:
        began = time.perf_counter()
        reading = asyncio.create_task(readiness.read(self._url))
        await asyncio.wait({reading}, timeout=WITHIN_S)
        if not reading.done():
            await _give_up(reading)
            _log.warning("health.database_silent", seconds=WITHIN_S)
            return Seen(reachable=False, state=None, seconds=time.perf_counter() - began)
        try:
            state = reading.result()
        except UnavailableError as error:
            _log.warning("health.database_away", error=str(error))
            return Seen(reachable=False, state=None, seconds=time.perf_counter() - began)
        return Seen(reachable=True, state=state, seconds=time.perf_counter() - began)


async def _give_up(reading: asyncio.Task[State | None]) -> None:
    """End what has taken too long: first the server is asked to end it, then its connection is closed."""
    for _ in range(2):
        reading.cancel()
        await asyncio.wait({reading}, timeout=_ENDING_S)
    if reading.done() and not reading.cancelled():
        reading.exception()  # whatever it was, it came too late
