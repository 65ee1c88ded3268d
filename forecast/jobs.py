"""The forecast worker: a ticker on the node's clock asks for cycles, and a worker does them.

The ticker only asks; that a slot has one effect is the claim in the transaction that writes its forecasts, so any
number of workers, restarts and repeated jobs give the same rows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from core.logs import get_logger
from core.settings import Settings
from core.timeline import floor_slot
from forecast.cycle import run_cycle
from forecast.weather_fetch import keep_weather
from storage import clocks, farms
from storage.database import Engine
from storage.farms import Farm
from storage.faults import TransientFaultError, told_apart
from storage.queue import Queue
from storage.retention import apply_retention

log = get_logger(__name__)

CYCLE = "forecast.cycle"
RETENTION = "storage.retention"
WEATHER = "forecast.weather"
TICK_S = 0.25
"""Wall seconds between two looks at the node's clock."""
SWEEP_S = 30
"""Wall seconds between two searches for the jobs of dead workers."""
LOOK_AGAIN_S = 1.0
"""Wall seconds between two attempts while the database is away."""


def offer_jobs(queue: Queue, engine: Engine, settings: Settings) -> None:
    """Let this process do the jobs of forecasting, weather and retention."""

    def cycle(farm_id: int, slot: str) -> None:
        run_cycle(engine, farm_id, datetime.fromisoformat(slot), history_days=settings.history_days)

    def retention(now: str) -> None:
        apply_retention(engine, settings, datetime.fromisoformat(now))

    def weather(farm_id: int) -> None:
        keep_weather(engine, farm_id, settings)

    queue.offer(CYCLE, cycle)
    queue.offer(RETENTION, retention)
    queue.offer(WEATHER, weather)


async def tick(queue: Queue, engine: Engine, settings: Settings) -> None:
    """Ask for the cycle of each slot as the node's clock passes it, hourly for weather and retention, for ever."""
    asked: datetime | None = None
    while True:
        due = await asyncio.to_thread(_due_slot, engine, settings.slot_grace)
        if due != asked:
            known = await asyncio.to_thread(_farms, engine)
            for farm in known:
                await queue.ask(
                    CYCLE, key=f"{CYCLE}:{farm.id}:{due.isoformat()}", farm_id=farm.id, slot=due.isoformat()
                )
            if asked is None or due.hour != asked.hour:
                await queue.ask(RETENTION, key=RETENTION, now=due.isoformat())
                if settings.weather_url is not None and await asyncio.to_thread(_is_of_today, engine):
                    await _ask_weather(queue, known)
            asked = due
        await asyncio.sleep(TICK_S)


async def sweep(queue: Queue) -> None:
    """Bring the jobs of dead workers back, for ever."""
    while True:
        await queue.sweep()
        await asyncio.sleep(SWEEP_S)


async def work(queue: Queue, engine: Engine, settings: Settings, on_ready: Callable[[], None]) -> None:
    """Tick, sweep and do jobs until cancelled."""
    offer_jobs(queue, engine, settings)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_through_faults(lambda: tick(queue, engine, settings)), name="ticker")
        tasks.create_task(_through_faults(lambda: sweep(queue)), name="sweeper")
        tasks.create_task(_through_faults(queue.work), name="worker")
        on_ready()


async def _through_faults(loop: Callable[[], Awaitable[None]]) -> None:
    """Begin a loop again when the database was away; what it asked for twice has one effect all the same."""
    while True:
        try:
            with told_apart():
                await loop()
        except TransientFaultError as error:
            log.warning("forecast.delayed", error=str(error))
            await asyncio.sleep(LOOK_AGAIN_S)


def _due_slot(engine: Engine, grace: timedelta) -> datetime:
    """Return the newest slot whose grace is over, on the node's clock."""
    with engine.connect() as connection:
        return floor_slot(clocks.read(connection).now() - grace)


def _farms(engine: Engine) -> list[Farm]:
    with engine.connect() as connection:
        return farms.all_farms(connection)


async def _ask_weather(queue: Queue, known: Sequence[Farm]) -> None:
    for farm in known:
        if farm.latitude is not None and farm.longitude is not None:
            await queue.ask(WEATHER, key=f"{WEATHER}:{farm.id}", farm_id=farm.id)


def _is_of_today(engine: Engine) -> bool:
    """Tell whether the node lives now: a replayed or simulated day would be given weather that it could not know."""
    with engine.connect() as connection:
        clock = clocks.read(connection)
    return clock.speed == 1 and abs(clock.now() - datetime.now(UTC)) < timedelta(hours=1)
