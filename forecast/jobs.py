"""The forecast worker: a ticker on the node's clock asks for cycles, and workers do them, one for each lane.

The newest slot has a lane of its own; slots missed while the node was down are done behind everything else. The ticker
only asks; that a slot has one effect is the claim in the transaction that writes its forecasts, so any
number of workers, restarts and repeated jobs give the same rows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from core.logs import get_logger
from core.settings import Settings
from core.timeline import BUCKET, floor_slot
from forecast.choosing import reselection, select_regressors
from forecast.choosing.reselection import ask_where_lost
from forecast.choosing.select_regressors import ask_where_due
from forecast.life.jobs import TRACK, offer_model_jobs
from forecast.life.work import bury_dead
from forecast.regressors.fetching import keep_weather
from forecast.rolling.cycle import run_cycle
from forecast.rolling.judging import score_changes
from storage.engine import clocks
from storage.engine.database import Engine, scoped_to
from storage.engine.faults import TransientFaultError, told_apart
from storage.engine.queue import LANES, Lane, Queue
from storage.forecasting import forecasts
from storage.forecasting.forecasts import STEPS, Missed
from storage.herds import farms
from storage.herds.farms import Farm
from storage.leaving.deletions import DELETE, unfinished
from storage.upkeep.retention import apply_retention

log = get_logger(__name__)

CYCLE = "forecast.cycle"
SCORES = "forecast.scores"
RETENTION = "storage.retention"
WEATHER = "forecast.weather"
TICK_S = 0.25
"""Wall seconds between two looks at the node's clock."""
SWEEP_S = 30
"""Wall seconds between two searches for the jobs of dead workers."""
LOOK_AGAIN_S = 1.0
"""Wall seconds between two attempts while the database is away."""
CATCH_UP: Final = STEPS * BUCKET
"""How far back missed slots are made up for: of an older forecast nothing is left to come true."""
BEHIND: Final = -1
"""Priority of a missed slot: it waits for whatever else is to be done in the background."""


class Guest(NamedTuple):
    """Another room whose jobs the same worker does.

    Attributes:
        offer: Lets this process do them.
        ask: Asks for those of a slot, after the slot's cycles were asked for.
    """

    offer: Callable[[Queue, Engine, Settings], None]
    ask: Callable[[Queue, Engine, Settings, datetime], Awaitable[None]]


def offer_jobs(queue: Queue, engine: Engine, settings: Settings) -> None:
    """Let this process do the jobs of forecasting, scoring, weather, retention and models."""

    def cycle(farm_id: int, slot: str) -> None:
        start = datetime.fromisoformat(slot)
        run_cycle(
            engine,
            farm_id,
            start,
            history_days=settings.history_days,
            late=_is_late(engine, start),
            false_alarms=settings.deviation_false_alarms,
        )

    def score(farm_id: int, until: str) -> None:
        before, allowed = datetime.fromisoformat(until), settings.deviation_false_alarms
        while score_changes(engine, farm_id, before, false_alarms=allowed):
            pass

    def retention(now: str) -> None:
        apply_retention(engine, settings, datetime.fromisoformat(now))

    def weather(farm_id: int) -> None:
        keep_weather(engine, farm_id, settings)

    queue.offer(CYCLE, cycle)
    queue.offer(SCORES, score)
    queue.offer(RETENTION, retention)
    queue.offer(WEATHER, weather)
    offer_model_jobs(queue, engine, settings)
    reselection.offer(queue, engine, history_days=settings.history_days, threshold=settings.skill_threshold)
    select_regressors.offer(queue, engine, history_days=settings.history_days)


async def tick(
    queue: Queue,
    engine: Engine,
    settings: Settings,
    guests: Sequence[Guest] = (),
    ticked: Callable[[], None] = lambda: None,
) -> None:
    """Ask for the cycle of each slot as the node's clock passes it, for ever.

    Weather and retention are asked for hourly; daily it is looked whose skill is lost and whose
    regressors are to be searched. After each look at the clock `ticked` is called.
    """
    asked: datetime | None = None
    while True:
        due = await asyncio.to_thread(_due_slot, engine, settings.slot_grace)
        if due != asked:
            known = await asyncio.to_thread(_farms, engine)
            for farm in known:
                await _ask_cycle(queue, farm, due, lane="cycle")
            await _ask_to_tell(queue, engine)
            for farm in known:
                await _catch_up(queue, engine, farm, due)
                await _ask_scores(queue, farm, due)
            for guest in guests:
                await guest.ask(queue, engine, settings, due)
            if asked is None or due.hour != asked.hour:
                await queue.forget()
                await queue.ask(RETENTION, key=RETENTION, alone=True, now=due.isoformat())
                if settings.weather_url is not None and await asyncio.to_thread(_is_of_today, engine):
                    await _ask_weather(queue, known)
            if asked is None or due.date() != asked.date():
                for farm in known:
                    await ask_where_lost(queue, engine, farm.id, due, threshold=settings.skill_threshold)
                    await ask_where_due(queue, engine, farm.id, due, history_days=settings.history_days)
            asked = due
        ticked()
        await asyncio.sleep(TICK_S)


async def sweep(queue: Queue, engine: Engine) -> None:
    """Bring the jobs of dead workers back, and tell of work on models that died with a command, for ever."""
    while True:
        await asyncio.to_thread(bury_dead, engine)
        await queue.sweep()
        await asyncio.sleep(SWEEP_S)


async def work(
    queue: Queue,
    engine: Engine,
    settings: Settings,
    on_ready: Callable[[], None],
    guests: Sequence[Guest] = (),
    *,
    ticked: Callable[[], None] = lambda: None,
) -> None:
    """Tick, sweep and do jobs, also those of other rooms, until cancelled; `ticked` is called with each tick."""
    offer_jobs(queue, engine, settings)
    for guest in guests:
        guest.offer(queue, engine, settings)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_through_faults(lambda: tick(queue, engine, settings, guests, ticked)), name="ticker")
        tasks.create_task(_through_faults(lambda: sweep(queue, engine)), name="sweeper")
        for lane in LANES:
            tasks.create_task(_through_faults(partial(queue.work, lane)), name=f"worker of {lane}")
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


def _is_late(engine: Engine, slot: datetime) -> bool:
    """Tell whether the first step of a slot's forecast is over, so that it could have been known."""
    with engine.connect() as connection:
        return clocks.read(connection).now() >= slot + BUCKET


async def _ask_cycle(queue: Queue, farm: Farm, slot: datetime, *, lane: Lane, priority: int = 0) -> None:
    key = f"{CYCLE}:{farm.id}:{slot.isoformat()}"
    await queue.ask(CYCLE, key=key, lane=lane, priority=priority, alone=True, farm_id=farm.id, slot=slot.isoformat())


async def _ask_scores(queue: Queue, farm: Farm, due: datetime) -> None:
    """Ask for whatever the cycles leave unscored, which take the newest day of it at most."""
    key = f"{SCORES}:{farm.id}"
    await queue.ask(SCORES, key=key, priority=BEHIND, alone=True, farm_id=farm.id, until=due.isoformat())


async def _catch_up(queue: Queue, engine: Engine, farm: Farm, due: datetime) -> None:
    """Ask for the slots that were missed, newest first, where they hold nothing up; give up those that are too old."""
    missed = await asyncio.to_thread(_missed, engine, farm.id, due)
    for slot in reversed(missed.slots):
        await _ask_cycle(queue, farm, slot, lane="background", priority=BEHIND)
    if missed.given_up:
        log.warning("cycles.given_up", farm=farm.name, slots=missed.given_up, before=(due - CATCH_UP).isoformat())


def _missed(engine: Engine, farm_id: int, due: datetime) -> Missed:
    with scoped_to(engine, [farm_id]) as connection:
        return forecasts.missed(connection, farm_id, due - CATCH_UP, due)


def _farms(engine: Engine) -> list[Farm]:
    with engine.connect() as connection:
        return farms.all_farms(connection)


async def _ask_to_tell(queue: Queue, engine: Engine) -> None:
    """Ask for what MLflow has to be told, and for deletions that a fault, or MLflow being away, has held up."""
    await queue.ask(TRACK, key=TRACK, alone=True)
    if await asyncio.to_thread(_is_leaving, engine):
        await queue.ask(DELETE, key=DELETE, alone=True)


def _is_leaving(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(unfinished(connection))


async def _ask_weather(queue: Queue, known: Sequence[Farm]) -> None:
    for farm in known:
        if farm.latitude is not None and farm.longitude is not None:
            await queue.ask(WEATHER, key=f"{WEATHER}:{farm.id}", alone=True, farm_id=farm.id)


def _is_of_today(engine: Engine) -> bool:
    """Tell whether the node lives now: a replayed or simulated day would be given weather that it could not know."""
    with engine.connect() as connection:
        clock = clocks.read(connection)
    return clock.speed == 1 and abs(clock.now() - datetime.now(UTC)) < timedelta(hours=1)
