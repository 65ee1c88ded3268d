"""The forecast worker as a process: ticker, sweeper and jobs, those of `stream` and notices too, until told to stop."""

import asyncio
from functools import partial

from animov import rejects
from animov.edge import decoder_for
from animov.lifeline import say_ready
from animov.signals import until_told
from core.settings import Settings
from forecast.jobs import Guest, work
from storage.engine import queue
from storage.engine.database import engine_for
from storage.upkeep.provision import Access
from stream import jobs as stream_jobs
from stream.notifying.jobs import tell


async def run_forecaster(access: Access, settings: Settings) -> None:
    """Forecast each slot as the node's clock passes it; a cycle under way is finished before the end."""
    engine = engine_for(access.app)
    offer = partial(stream_jobs.offer, make_decoder=partial(decoder_for, settings))
    guests = [Guest(offer, stream_jobs.ask)]
    try:
        async with queue.opened(access.app) as jobs:
            rejects.offer(jobs, access, settings)
            tasks = (
                asyncio.create_task(work(jobs, engine, settings, say_ready, guests), name="forecast"),
                asyncio.create_task(tell(engine, settings), name="notices"),
            )
            told = asyncio.create_task(until_told(), name="signals")
            await asyncio.wait((*tasks, told), return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        engine.dispose()
