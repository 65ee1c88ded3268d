"""Between the rhythm and the ARMA: what the rhythm leaves over in a slot of the day, as far as it comes again.

A few harmonics cannot draw a milking of half an hour, nor what follows it, and an event's column draws neither its
anticipation nor its aftermath. So what the rhythm leaves over in each slot of the local day is averaged and added, by
one weight for all slots: the one under which the other days foretell a day that was left out best. Without such habits
it is 0, and nothing is added.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.inputs import Floats
from forecast.specification import Specification


class Habits(NamedTuple):
    """What comes again every day.

    Attributes:
        profile: Shape `(series, day)`, to be added in each slot of the local day.
        left_over: Share of the root mean square that is left on days not seen, shape `(series,)`, at most 1.
    """

    profile: Floats
    left_over: Floats


def fit_habits(residuals: Floats, design: Floats, specification: Specification) -> Habits:
    """Average the residuals of each slot of the day, and weigh them by what left-out days say.

    Args:
        residuals: Shape `(series, n)`, NaN for gaps.
        design: Shape `(n, columns)`, the regression's columns.
        specification: Without harmonics of the day there is no day, and so there are no habits.
    """
    day, slots = specification.steps_per_day, slots_of(design, specification)
    if not specification.harmonics:
        return Habits(np.zeros((len(residuals), day)), np.ones(len(residuals)))
    days = _by_slot(residuals, slots, day)
    known = np.isfinite(days)
    values = np.where(known, days, 0.0)
    total, squares, count = values.sum(axis=1), (values * values).sum(axis=1), known.sum(axis=1)
    others = np.maximum(count - 1, 1)
    along = ((total * total - squares) / others).sum(axis=1)  # of each value with the mean of the other days
    size = np.where(count > 1, ((count - 2) * total * total + squares) / others**2, 0.0).sum(axis=1)
    weight = np.clip(along / np.where(size > 0, size, 1.0), 0.0, 1.0)
    all_squares = squares.sum(axis=1)
    left = all_squares - 2 * weight * along + weight * weight * size
    share = np.sqrt(np.clip(left / np.where(all_squares > 0, all_squares, 1.0), 0.0, 1.0))
    profile = (weight[:, None] * total / np.maximum(count, 1)).astype(np.float32)  # as much as is kept of it
    return Habits(profile.astype(np.float64), share)


def slots_of(design: Floats, specification: Specification) -> NDArray[np.int64]:
    """Return the slot of the local day of each row, from its first harmonic, or 0 without one; shape `(rows,)`."""
    day = specification.steps_per_day
    if not specification.harmonics:
        return np.zeros(len(design), dtype=np.int64)
    passed = np.arctan2(design[:, 0], design[:, 1]) / (2 * np.pi) % 1.0
    return np.floor(passed * day).astype(np.int64) % day


def _by_slot(residuals: Floats, slots: NDArray[np.int64], day: int) -> Floats:
    """Return the residual of each slot on each day, counted back from the last; shape `(series, days, day)`.

    Of a slot that comes twice on the night of a change of clocks one counts; one that does not come is a gap.
    """
    n = len(slots)
    places = np.full((-(-n // day), day), n)
    places[(np.arange(n) - n) // day, slots] = np.arange(n)
    return np.column_stack((residuals, np.full(len(residuals), np.nan))).take(places, axis=1)


def root_mean_square(residuals: Floats) -> Floats:
    """Return that of each series, gaps left out, shape `(series,)`."""
    known = np.isfinite(residuals)
    root: Floats = np.sqrt((np.where(known, residuals, 0.0) ** 2).sum(axis=1) / known.sum(axis=1))
    return root
