"""The forecast worker as a process: ticker, sweeper and jobs, those of `stream` and notices too, until told to stop."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from animov import rejects
from animov.edge import decoder_for
from animov.lifeline import say_ready
from animov.signals import ended_by_signals
from animov.vitals import Vitals, shown
from core.settings import Settings
from forecast.jobs import Guest, work
from storage.engine import queue
from storage.engine.database import engine_for
from storage.upkeep.provision import Access
from stream import jobs as stream_jobs
from stream.notifying.jobs import tell

PATIENCE_S: Final = 120.0
"""For how long the ticker may stand still before that is called an ailment; it ticks four times a second."""


class Ticker:
    """When the node's clock was last looked at, which the database must answer for.

    Args:
        monotonic: A clock, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic, self._at = monotonic, monotonic()

    def ticked(self) -> None:
        """Note that it was looked at now."""
        self._at = self._monotonic()

    def ailments(self) -> Iterator[str]:
        """Yield a sentence if that is too long ago."""
        still_s = self._monotonic() - self._at
        if still_s > PATIENCE_S:
            yield f"no slot was looked for since {still_s:.0f} s: the database is away, or the ticker stands still"


async def run_forecaster(access: Access, settings: Settings) -> None:
    """Forecast each slot as the node's clock passes it; a cycle under way is finished before the end."""
    async with shown(settings) as vitals:
        await _forecast(access, settings, vitals)


async def _forecast(access: Access, settings: Settings, vitals: Vitals) -> None:
    ticker = Ticker(asyncio.get_running_loop().time)

    def begin() -> None:
        vitals.ailments = ticker.ailments
        say_ready(**vitals.facts)

    engine = engine_for(access.app)
    offer = partial(stream_jobs.offer, make_decoder=partial(decoder_for, settings))
    guests = [Guest(offer, stream_jobs.ask)]
    try:
        async with queue.opened(access.app) as jobs:
            rejects.offer(jobs, access, settings)
            tasks = (
                asyncio.create_task(work(jobs, engine, settings, begin, guests, ticked=ticker.ticked), name="forecast"),
                asyncio.create_task(tell(engine, settings), name="notices"),
            )
            told = asyncio.create_task(ended_by_signals().wait(), name="signals")
            await asyncio.wait((*tasks, told), return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        engine.dispose()
