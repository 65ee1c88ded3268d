"""The figures by which the field knows a herd, computed from the truth of a simulated one."""

from dataclasses import dataclass
from statistics import fmean, stdev

from core.readings import Posture
from ingest.simulation.environment import DAY_S
from ingest.simulation.herd import Animal, Herd
from ingest.simulation.truth import standing_seconds, truth


@dataclass(frozen=True, slots=True)
class Figures:
    """What healthy goats do, over whole days.

    Attributes:
        standing: Share of the time standing, mean over animals, 0 to 1.
        lying_h: Hours lying a day, mean over animals.
        lying_bouts: Bouts of lying a day, mean over animals.
        bout_min: Mean length of a lying bout in minutes.
        day_sd_h: SD from day to day of one animal's hours standing, mean over animals.
        animal_sd_h: SD between animals of their mean hours standing.
        night: Share of the time standing from 22 to 4 o'clock of the sun.
        midday: Share of the time standing from 10 to 16 o'clock of the sun.
        nearly_binary: Share of an animal's quarters of an hour that it stands or lies throughout.
    """

    standing: float
    lying_h: float
    lying_bouts: float
    bout_min: float
    day_sd_h: float
    animal_sd_h: float
    night: float
    midday: float
    nearly_binary: float


def figures(herd: Herd, first_day: int, days: int) -> Figures:
    """Compute the figures over days of the sun; `first_day` counts days since 1970-01-01, `days` is at least 2."""
    start = first_day * DAY_S - round(herd.settings.longitude * 240)
    quarters = [_quarters(herd, animal, start, days) for animal in herd.animals]
    bouts = [length for animal in herd.animals for length in _lying_bouts(herd, animal, start, days)]
    hours = [[sum(day) / 3600 for day in animal] for animal in quarters]
    profile = [fmean(day[slot] for animal in quarters for day in animal) / 900 for slot in range(96)]
    return Figures(
        standing=fmean(profile),
        lying_h=24 * (1 - fmean(profile)),
        lying_bouts=len(bouts) / days / len(herd.animals),
        bout_min=fmean(bouts) / 60_000,
        day_sd_h=fmean(stdev(animal) for animal in hours),
        animal_sd_h=stdev(fmean(animal) for animal in hours) if len(hours) > 1 else 0.0,
        night=fmean(profile[:16] + profile[88:]),
        midday=fmean(profile[40:64]),
        nearly_binary=fmean(seconds in {0, 900} for animal in quarters for day in animal for seconds in day),
    )


def _quarters(herd: Herd, animal: Animal, start: int, days: int) -> list[list[int]]:
    seconds = standing_seconds(herd, animal, start, start + days * DAY_S)
    return [seconds[96 * day : 96 * (day + 1)] for day in range(days)]


def _lying_bouts(herd: Herd, animal: Animal, start: int, days: int) -> list[int]:
    spans = truth(herd, animal, 1000 * start, 1000 * (start + days * DAY_S))
    return [span.t1 - span.t0 for span in spans if span.posture is Posture.LYING]
