"""Simulated herds for the bench of alarms: healthy but for a pen move, through heat and changes of the clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from bench.alarms_signs import Stretch, moved, within
from ingest.simulation.draws import key_of
from ingest.simulation.environment import temperature
from ingest.simulation.herd import Herd
from ingest.simulation.settings import Group, HerdSettings
from ingest.simulation.truth import turns
from stream.behaviour.bouts import Bouts, Seconds
from stream.behaviour.bouts import Stretches as Known
from stream.behaviour.habit import HABIT_DAYS, Floats, Habits, Integers, habits_of
from stream.behaviour.local_day import FOLLOWED_S, LocalDay, local_day
from stream.behaviour.measures import of_spans, of_whole_days
from stream.behaviour.spans import SPAN_S, spans_of
from stream.behaviour.states import LOOK_S

FIRST_DAYS: Final = (date(2025, 2, 10), date(2025, 6, 1), date(2025, 9, 10))
"""Herds take turns: a change of the clocks in spring, heat, a change of the clocks in autumn."""

DAYS: Final = 72
WARM_DAYS: Final = HABIT_DAYS + 2
"""Before the first look."""

_STANDING: Final = (-0.05, 0.05, 0.15)
"""Of the three groups, as in the simulation's defaults."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """A herd and what is known of it at each look.

    Attributes:
        seed: Its seed.
        herd: Its settings and animals.
        days: All days.
        told: What each animal does, from two days before the first day to a day after the last.
        group: Of each animal.
        daily: Measures, shape (animals, days, measures).
        looks: Times of the looks, one an hour.
        rolling: Measures of the 24 hours before each look, shape (animals, looks, measures).
        habit_at: For each look, how many days were over before its span began.
        habits: By that number.
        moved_group: The group that is moved to another pen.
        moved_at: When, seconds since 1970.
    """

    seed: int
    herd: Herd
    days: Sequence[LocalDay]
    told: Sequence[Sequence[Stretch]]
    group: Integers
    daily: Floats
    looks: Seconds
    rolling: Floats
    habit_at: Integers
    habits: dict[int, Habits]
    moved_group: int
    moved_at: int

    @property
    def clock_changes(self) -> list[int]:
        """Starts of the days that have not 24 hours."""
        return [day.start for day in self.days if day.end - day.start != SPAN_S]

    def hot_hours(self, start: int, end: int) -> int:
        """Return the hours in `[start, end)` warmer than goats like."""
        hourly = temperature(self.herd.settings, np.arange(start, end, 3600, dtype=np.float64))
        return int((hourly > self.herd.settings.weather.heat_c).sum())


def simulated(seed: int, animals: int) -> Simulated:
    """Simulate a herd of three groups of `animals` each; every second of it is heard."""
    groups = tuple(Group(name, animals, "leg", standing) for name, standing in zip("abc", _STANDING, strict=True))
    herd = Herd(HerdSettings(seed=seed, groups=groups))
    first = FIRST_DAYS[seed % len(FIRST_DAYS)]
    days = [local_day(first + timedelta(days=place), herd.zone) for place in range(DAYS)]
    rng = np.random.default_rng(key_of(seed, "pen"))
    moved_group = int(rng.integers(3))
    moved_at = int(rng.integers(days[WARM_DAYS + 2].start, days[-5].start))
    told = []
    for animal in herd.animals:
        edges, stands = turns(herd, animal, days[0].start - 2 * SPAN_S, days[-1].end + SPAN_S)
        one = [Stretch(*row) for row in zip(edges[:-1], edges[1:], stands, strict=True)]
        if animal.group == moved_group:
            one = within(one, one[0].start, moved_at) + moved(within(one, moved_at, one[-1].end), rng)
        told.append(one)
    group = np.array([animal.group for animal in herd.animals])
    daily = np.stack([_daily(one, days) for one in told])
    looks = np.arange(-(-days[WARM_DAYS].start // LOOK_S) * LOOK_S, days[-1].end + 1, LOOK_S)
    habit_at = np.searchsorted([day.end for day in days], looks - SPAN_S, side="right")
    return Simulated(
        seed=seed,
        herd=herd,
        days=days,
        told=told,
        group=group,
        daily=daily,
        looks=looks,
        rolling=np.stack([rolling(one, looks) for one in told]),
        habit_at=habit_at,
        habits={int(at): habits_of(daily[:, at - HABIT_DAYS : at], group) for at in np.unique(habit_at)},
        moved_group=moved_group,
        moved_at=moved_at,
    )


def rolling(told: Sequence[Stretch], looks: Seconds) -> Floats:
    """Return the measures of the 24 hours before each look, shape (looks, measures)."""
    return of_spans(spans_of(*_bouts(told), looks - SPAN_S, looks)).values


def _daily(told: Sequence[Stretch], days: Sequence[LocalDay]) -> Floats:
    starts, ends = (np.array([getattr(day, edge) for day in days]) for edge in ("start", "end"))
    return of_whole_days(spans_of(*_bouts(told), starts, ends, followed_s=FOLLOWED_S), ends - starts).values


def _bouts(told: Sequence[Stretch]) -> tuple[Bouts, Known]:
    start, end, stands = (np.array(column) for column in zip(*told, strict=True))
    closed = np.zeros(len(start), dtype=np.bool_)
    return Bouts(start, end, ~stands, closed, closed), Known(start, end, ~stands)
