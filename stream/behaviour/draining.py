"""When a battery will be low: pure, from the least volts of its last days."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations
from statistics import median
from typing import Final, NamedTuple

LEARNED_DAYS: Final = 8
"""Days that a fall is told from: a lithium-ion cell holds its volts for most of its charge and loses the rest within
days, so what it did weeks ago says nothing of that."""

LEAST_DAYS: Final = 4
"""Of them in which it said something; the first and the last are as far apart at the least."""

LEAST_FALL_V: Final = 0.05
"""In the days that it is told from: less may be a cold night."""

SOON_DAYS: Final = 7
"""A battery that will be low within a week is worth an alert: it is charged when the animals are gathered."""

LASTING_DAYS: Final = 2 * SOON_DAYS
"""From which on such an alert is over: another week may make it a day more or less."""


class Drain(NamedTuple):
    """How a battery falls: volts lost in a day, days until it is low, and the last day that it said something."""

    volts_a_day: float
    days_left: float
    last: date

    @property
    def low_on(self) -> date:
        """The day on which it will be low."""
        return self.last + timedelta(days=int(self.days_left))


def drain_of(told: Sequence[tuple[date, float]], low_v: float) -> Drain | None:
    """Tell how a battery falls by the median of the slopes between all days (Theil and Sen), `None` if it does not.

    Args:
        told: The least volts of each day of the last `LEARNED_DAYS`, in order; at most that many.
        low_v: Volts below which it is low.

    >>> week = [(date(2026, 5, day), 4.1 - 0.1 * day) for day in range(1, 6)]
    >>> drain = drain_of(week, 3.3)
    >>> round(drain.volts_a_day, 2), drain.low_on.isoformat()
    (0.1, '2026-05-07')
    """
    if len(told) < LEAST_DAYS or (told[-1][0] - told[0][0]).days < LEAST_DAYS:
        return None
    slope = -median(
        (volts - before) / (day - earlier).days for (earlier, before), (day, volts) in combinations(told, 2)
    )
    last = told[-1][0]
    level = median(volts - slope * (last - day).days for day, volts in told)
    if slope * (last - told[0][0]).days < LEAST_FALL_V:
        return None
    return Drain(slope, max(0.0, (level - low_v) / slope), last)
