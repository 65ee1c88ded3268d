"""What `stream` does as jobs: keeping daily sheets of animals and calibrations of collars.

Which process does them is for others to say.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from core.settings import Settings
from storage.engine import clocks
from storage.engine.database import Engine
from storage.engine.queue import Queue
from storage.herds import farms
from storage.measurements import hours
from stream.behaviour.alerting import Limits, watch
from stream.behaviour.days import keep_days
from stream.calibrating.keeping import keep_calibrations
from stream.runner import MakeDecoder

DAYS: Final = "stream.days"
REST: Final = "stream.days.rest"
WATCH: Final = "stream.watch"
CALIBRATE: Final = "stream.calibrate"

BEHIND: Final = -1
"""Priority of what waits for the forecasts of its slot, which take the change feed that it follows from."""


def offer(queue: Queue, engine: Engine, settings: Settings, *, make_decoder: MakeDecoder) -> None:
    """Let this process do the jobs of `stream`; `make_decoder` is for reading raw messages again."""

    def days(farm_id: int) -> None:
        kept_since = windows_kept_since(engine, settings)
        keep_days(engine, farm_id, kept_since=kept_since)
        hours.keep(engine, farm_id, kept_since=kept_since)

    def rest(farm_id: int) -> None:
        while keep_days(engine, farm_id, kept_since=windows_kept_since(engine, settings)).buckets:
            pass
        while hours.keep(engine, farm_id, kept_since=windows_kept_since(engine, settings)):
            pass

    def calibrate(farm_id: int) -> None:
        keep_calibrations(engine, settings, make_decoder, farm_id)

    queue.offer(CALIBRATE, calibrate)
    awake_since: list[datetime] = []

    def look(farm_id: int, slot: str) -> None:
        at = datetime.fromisoformat(slot)
        if not awake_since:
            awake_since.append(at)
        watch(engine, farm_id, at, limits, awake_since=awake_since[0] if awake_since[0] <= at else None)

    limits = Limits(settings.silence, settings.battery_low_v, settings.animal_false_alarms)
    queue.offer(WATCH, look)
    queue.offer(DAYS, days)
    queue.offer(REST, rest)


async def ask(queue: Queue, engine: Engine, settings: Settings, due: datetime) -> None:  # noqa: ARG001 - as all rooms are asked
    """Ask for what is to be done when a slot is due, once its cycles are asked for.

    The newest days stand behind the cycles in their lane, a bounded piece of work; what is older waits in the
    background.
    """
    for farm in await asyncio.to_thread(_farms, engine):
        key = f"{DAYS}:{farm.id}"
        await queue.ask(DAYS, key=key, lane="cycle", priority=BEHIND, alone=True, farm_id=farm.id)
        hour = "" if due.minute else f":{due.isoformat()}"  # habits are looked at on the hour: none is left out
        await queue.ask(
            WATCH,
            key=f"{WATCH}:{farm.id}{hour}",
            lane="cycle",
            priority=BEHIND,
            alone=True,
            farm_id=farm.id,
            slot=due.isoformat(),
        )
        await queue.ask(REST, key=f"{REST}:{farm.id}", priority=BEHIND, alone=True, farm_id=farm.id)
        await queue.ask(CALIBRATE, key=f"{CALIBRATE}:{farm.id}", priority=BEHIND, alone=True, farm_id=farm.id)


def windows_kept_since(engine: Engine, settings: Settings) -> datetime | None:
    """Return from when on windows are kept, on the node's clock; `None` is for ever."""
    if settings.windows_days is None:
        return None
    with engine.connect() as connection:
        return clocks.read(connection).now() - timedelta(days=settings.windows_days)


def _farms(engine: Engine) -> list[farms.Farm]:
    with engine.connect() as connection:
        return farms.all_farms(connection)
