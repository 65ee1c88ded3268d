"""One look at the animals of a farm: from sheets and the last 24 hours to scores, with what they rest on."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from storage.animals.behaviour import Sheet
from stream.behaviour.habit import HABIT_DAYS, Habits, deviations, habits_of
from stream.behaviour.levels import factor_of
from stream.behaviour.measures import MEASURES, Measured, natural, of_days
from stream.behaviour.score import score_of, signs_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Look(NamedTuple):
    """What a look shows, an animal a row.

    Attributes:
        scores: How much the signs speak for illness, shape (animals,); NaN where too little is known.
        signs: SDs towards illness, in the order of `score.SIGNS`, shape (animals, signs).
        seen: Measures of the last 24 hours as hours and numbers, in the order of `measures.MEASURES`; NaN if unknown.
        low: Lower end of what is usual for the animal, likewise; the group's deviation today is not in it.
        high: Upper end.
        days: Days of standing hours that the habit is made of, shape (animals,).
        factor: Of the herd's own history, for `levels.levels_for`.
    """

    scores: Floats
    signs: Floats
    seen: Floats
    low: Floats
    high: Floats
    days: Integers
    factor: float


def days_until(
    sheets: Sequence[Sheet], last: date, *, inferred: bool | None = None, left_out: Collection[date] = ()
) -> Floats:
    """Return the days that an animal's habit is made of, shape (`HABIT_DAYS`, measures), NaN where unknown.

    Args:
        sheets: Of one animal, in any order.
        last: The last day: one that is over before the 24 hours that are looked at begin.
        inferred: Only days that were told as these: a collar and a leg tag make different days of the same animal. The
            last day known says which if left out.
        left_out: Days on which it was to be looked at: they would make illness a habit.
    """
    days = np.full((HABIT_DAYS, len(MEASURES)), np.nan)
    first = last - timedelta(days=HABIT_DAYS - 1)
    here = [sheet for sheet in sheets if first <= sheet.day <= last]
    if inferred is None and here:
        inferred = max(here, key=lambda sheet: sheet.day).inferred
    kept = [sheet for sheet in here if sheet.inferred == inferred and sheet.day not in left_out]
    days[[(sheet.day - first).days for sheet in kept]] = of_days(kept).values
    return days


def look(days: Sequence[Floats], spans: Sequence[Measured], group: Sequence[int]) -> Look:
    """Look at animals at once.

    Args:
        days: Of each animal, as `days_until` returns them, all until the same day.
        spans: Of each animal, its last 24 hours: one span, as `measures.of_spans` returns it.
        group: Of each animal: the number of the group in which it is now.
    """
    past, groups = np.reshape(days, (-1, HABIT_DAYS, len(MEASURES))), np.array(group, dtype=np.int64)
    values, widening = np.reshape(spans, (-1, 2, 1, len(MEASURES))).swapaxes(0, 1)
    habits: Habits = habits_of(past, groups)
    signs = signs_of(deviations(values, widening, habits))
    low, high = habits.band()
    return Look(
        score_of(signs)[:, 0],
        signs[:, 0],
        natural(values[:, 0]),
        natural(low),
        natural(high),
        habits.days[:, 0],
        factor_of(past, habits),
    )
