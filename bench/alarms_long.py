"""How often healthy goats keep one posture for so long that it is told, by the limits of `behaviour.stillness`."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from bench.alarms_herds import Simulated
from bench.alarms_signs import Stretch
from stream.behaviour.habit import HABIT_DAYS
from stream.behaviour.spans import SPAN_S
from stream.behaviour.stillness import MOTIONLESS_S, lying_limit_s

_WEEK_S: Final = 7 * SPAN_S
_HOUR_S: Final = 3600


class Long(NamedTuple):
    """What was counted in a herd.

    Attributes:
        weeks: Of animals, in which it was.
        lying_long: Bouts that lie for longer than the animal may.
        motionless: Times in one posture for as long as no animal keeps it.
        longest_lying_h: Longest bout that lies, hours.
        longest_standing_h: Longest bout that stands, hours.
    """

    weeks: float
    lying_long: int
    motionless: int
    longest_lying_h: float
    longest_standing_h: float


def long_postures(herd: Simulated) -> Long:
    """Count long postures from the day on from which habits are of four whole weeks."""
    first, last = herd.days[HABIT_DAYS].start, herd.days[-1].end
    judged = [one for told in herd.told for one in told if first <= one.start and one.end <= last]
    return Long(
        len(herd.told) * (last - first) / _WEEK_S,
        sum(_too_long(told, first, last) for told in herd.told),
        sum(one.end - one.start >= MOTIONLESS_S for one in judged),
        max(one.end - one.start for one in judged if not one.stands) / _HOUR_S,
        max(one.end - one.start for one in judged if one.stands) / _HOUR_S,
    )


def _too_long(told: Sequence[Stretch], first: int, last: int) -> int:
    start, end = (np.array([getattr(one, edge) for one in told if not one.stands]) for edge in ("start", "end"))
    length = end - start
    found = 0
    for place in np.flatnonzero((start >= first) & (end <= last)).tolist():
        before = (end <= start[place]) & (start >= start[place] - HABIT_DAYS * SPAN_S)
        found += int(length[place]) >= lying_limit_s("goat", HABIT_DAYS, int(length[before].max()))
    return found


def added(herds: Sequence[Long]) -> dict[str, float]:
    """Return rates per 100 animals and week, and the longest of all."""
    weeks = sum(one.weeks for one in herds)
    return {
        "animal_weeks": round(weeks),
        "lying_long": round(100 * sum(one.lying_long for one in herds) / weeks, 2),
        "motionless": round(100 * sum(one.motionless for one in herds) / weeks, 2),
        "longest_lying_h": round(max(one.longest_lying_h for one in herds), 1),
        "longest_standing_h": round(max(one.longest_standing_h for one in herds), 1),
    }
