"""When a collar is not heard: out of reach of the radio, or with an empty battery."""

from enum import Enum
from functools import lru_cache
from math import log1p
from typing import Final, NamedTuple

from core.timeline import to_ms
from ingest.simulation.draws import key_of, one_uniform
from ingest.simulation.environment import DAY_S
from ingest.simulation.herd import Animal
from ingest.simulation.settings import HerdSettings

DAY_MS: Final = 1000 * DAY_S
LONGEST_DAYS: Final = 3
"""Days after which every outage that is drawn is over."""


class Fate(Enum):
    """What becomes of a message."""

    HEARD = "heard"
    REMEMBERED = "remembered"  # kept by the tag and uploaded later
    LOST = "lost"


class Outage(NamedTuple):
    """A time `[start_ms, end_ms)`, milliseconds since 1970, in which a collar is not heard."""

    start_ms: int
    end_ms: int
    fate: Fate
    battery: bool


def outages(settings: HerdSettings, animal: Animal, start_ms: int, end_ms: int) -> list[Outage]:
    """Return the outages of a collar that touch `[start_ms, end_ms)`, in order of their start; they may overlap."""
    days = range(start_ms // DAY_MS - LONGEST_DAYS, -(-end_ms // DAY_MS))
    found = [outage for day in days for outage in _of_day(settings, animal, day)] + _known(settings, animal)
    return sorted(outage for outage in found if outage.start_ms < end_ms and outage.end_ms > start_ms)


def fate(known: list[Outage], at_ms: int) -> Fate:
    """Return what becomes of a message that is due at an instant: lost if any outage loses it."""
    fates = {outage.fate for outage in known if outage.start_ms <= at_ms < outage.end_ms}
    return Fate.LOST if Fate.LOST in fates else Fate.REMEMBERED if fates else Fate.HEARD


def _known(settings: HerdSettings, animal: Animal) -> list[Outage]:
    """Return the outages of a collar that are told, not drawn."""
    return [
        Outage(to_ms(one.start), to_ms(one.end), Fate.LOST, battery=True)
        for one in settings.faults.silences
        if one.animal == animal.number
    ]


@lru_cache(maxsize=8192)
def _of_day(settings: HerdSettings, animal: Animal, day: int) -> tuple[Outage, ...]:
    faults = settings.faults
    kinds = (
        (False, faults.radio_per_day, faults.radio_min / 60, faults.remembered),
        (True, faults.battery_per_day, faults.battery_h, 0.0),
    )
    found = []
    for battery, per_day, hours, remembered in kinds:
        key = key_of(settings.seed, "outage", battery, animal.number)
        if one_uniform(key, 4 * day) < per_day:
            start = day * DAY_MS + int(DAY_MS * one_uniform(key, 4 * day + 1))
            length = min(-log1p(-one_uniform(key, 4 * day + 2)) * hours * 3_600_000, LONGEST_DAYS * DAY_MS)
            kept = one_uniform(key, 4 * day + 3) < remembered
            found.append(Outage(start, start + int(length), Fate.REMEMBERED if kept else Fate.LOST, battery))
    return tuple(found)
