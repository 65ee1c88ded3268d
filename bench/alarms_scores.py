"""The scores that are compared: ours, hours standing below a fixed limit, and a CUSUM on them."""

from typing import Final

import numpy as np

from bench.alarms_herds import Simulated
from stream.behaviour.habit import HABIT_DAYS, Floats, Habits, Integers, deviations
from stream.behaviour.score import score_of, signs_of
from stream.behaviour.spans import SPAN_S
from stream.behaviour.states import LOOK_S

SCORES: Final = ("signs", "fixed", "cusum")

SLACK: Final = 0.5
"""Of the CUSUM, in SDs a day: half the shift that it is to find soonest, as is usual (Montgomery, Introduction to
Statistical Quality Control)."""

REACH: Final = 7
"""Days that the CUSUM looks back at most."""

_A_DAY: Final = SPAN_S // LOOK_S


def scores(herd: Simulated, animals: Integers, values: Floats, looks: slice) -> dict[str, Floats]:
    """Return all scores of some animals that make up whole groups, shape (animals, looks); higher is more ill.

    Args:
        herd: Where they live.
        animals: Their numbers.
        values: Their measures at the looks, shape (animals, looks, measures).
        looks: Which of the herd's looks.
    """
    hours = values[..., 0]
    found = {name: np.full(hours.shape, np.nan) for name in ("signs", "usual")}
    habit_at = herd.habit_at[looks]
    for at in np.unique(habit_at):
        then = habit_at == at
        found["signs"][:, then] = score_of(signs_of(off(herd.habits[int(at)], animals, values[:, then])))
        past = herd.daily[animals, at - HABIT_DAYS : at, 0]
        found["usual"][:, then] = (hours[:, then] - past.mean(axis=1)[:, None]) / past.std(axis=1, ddof=1)[:, None]
    return {"signs": found["signs"], "fixed": 24 - hours, "cusum": _cusum(-found["usual"])}


def off(habits: Habits, animals: Integers, values: Floats) -> Floats:
    """Return by how many SDs the animals are off their habits."""
    return deviations(values, np.ones_like(values), habits.only(animals))


def _cusum(less: Floats) -> Floats:
    """Return the CUSUM over days that end at each look; days before the first look count as usual ones."""
    total = np.zeros(less.shape)
    for days_ago in range(REACH, -1, -1):
        day = np.zeros(less.shape)
        since = min(days_ago * _A_DAY, less.shape[1])
        day[:, since:] = less[:, : less.shape[1] - since]
        total = np.maximum(0, total + day - SLACK)
    return total
