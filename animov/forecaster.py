"""The forecast worker as a process: ticker, sweeper and jobs, those of `stream` too, until told to stop."""

import asyncio
from functools import partial

from animov.edge import decoder_for
from animov.lifeline import say_ready
from animov.signals import until_told
from core.settings import Settings
from forecast.jobs import Guest, work
from storage import queue
from storage.database import engine_for
from storage.provision import Access
from stream import jobs as stream_jobs


async def run_forecaster(access: Access, settings: Settings) -> None:
    """Forecast each slot as the node's clock passes it; a cycle under way is finished before the end."""
    engine = engine_for(access.app)
    offer = partial(stream_jobs.offer, make_decoder=partial(decoder_for, settings))
    guests = [Guest(offer, stream_jobs.ask)]
    try:
        async with queue.opened(access.app) as jobs:
            working = asyncio.create_task(work(jobs, engine, settings, say_ready, guests), name="forecast")
            told = asyncio.create_task(until_told(), name="signals")
            await asyncio.wait((working, told), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
    finally:
        engine.dispose()
