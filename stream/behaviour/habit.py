"""What is usual for an animal, and by how much it is off today, beyond what its whole group is.

Nothing here knows of seconds or sheets: only of a few measures by animal and day, on scales on which days spread
alike whatever the animal, NaN where too little was heard.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.behaviour.measures import PRIOR_SD

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HABIT_DAYS: Final = 28
LEAST_DAYS: Final = 7

PRIOR_DAYS: Final = 42
"""The spread that animals have in common weighs as much as so many days of an animal's own. The robust SD of n days has
a relative variance of 1.36 / n (half that of a normal sample, over an efficiency of 37 %); the SDs of animals differ by
about 18 % (1.4 to 2.2 h of five cows), and 0.18 squared is 1.36 / 42."""

LEAST_ANIMALS: Final = 5
"""Fewer animals than that have no spread in common: what simulated goats have stands in."""

_MAD_TO_SD: Final = 1.4826
"""Of a normal distribution; so is the next."""

_MEDIAN_VARIANCE: Final = np.pi / 2
"""Variance of a median, in those of a mean."""

_DOUBT: Final = 4.0
"""What mates have in common counts from twice its standard error on; less would add more noise than it takes away."""


class Habits(NamedTuple):
    """What is usual for each of a farm's animals, by measure.

    Attributes:
        centre: Median of the days, the group's deviations taken off, shape (animals, measures); NaN below `LEAST_DAYS`.
        sd: Robust SD of a new day around it, the doubt about the centre included; same shape, never 0.
        days: Days that are known, same shape.
        group: The group of each animal, any number that its mates share, shape (animals,).
    """

    centre: Floats
    sd: Floats
    days: Integers
    group: Integers

    def only(self, animals: Integers) -> "Habits":
        """Return those of some animals, whole groups, by their places."""
        return Habits(self.centre[animals], self.sd[animals], self.days[animals], self.group[animals])

    def band(self, width: float = 2.0) -> tuple[Floats, Floats]:
        """Return the ends of the bands that hold a usual day, `width` SDs to either side."""
        return self.centre - width * self.sd, self.centre + width * self.sd


def habits_of(days: Floats, group: Integers) -> Habits:
    """Return the habits of animals.

    Args:
        days: Measures, shape (animals, days, measures), the last `HABIT_DAYS` days or fewer; NaN where unknown.
        group: Of each animal, shape (animals,).
    """
    known = np.isfinite(days)
    count = known.sum(axis=1)
    enough = count >= LEAST_DAYS
    centre = _median(days, enough)
    sd = _shrunk(_spread(days, centre, enough), count)
    shift = shared((days - centre[:, None]) / sd[:, None], group) * sd[:, None]
    centre = _median(days - shift, enough)
    sd = _shrunk(_spread(days - shift, centre, enough), count)
    return Habits(centre, sd * np.sqrt(1 + _MEDIAN_VARIANCE / np.maximum(count, 1)), count, group)


def deviations(values: Floats, widening: Floats, habits: Habits) -> Floats:
    """Return by how many SDs each animal is off its habit, beyond what its group is.

    Args:
        values: Measures of one span each, shape (animals, spans, measures); NaN where unknown.
        widening: By how much less certain than of a whole day each is, at least 1; same shape.
        habits: Of these animals, from days that the spans have no part in.
    """
    raw = (values - habits.centre[:, None]) / habits.sd[:, None]
    off: Floats = (raw - shared(raw, habits.group)) / widening
    return off


def shared(raw: Floats, group: Integers) -> Floats:
    """Return what the mates of each animal have in common, in SDs: 0 unless it is more than chance gives.

    The median of the mates, the animal itself left out, shrunk as in James and Stein's positive part: by the share of
    its square that may be chance.

    Args:
        raw: Deviations in SDs, shape (animals, spans, measures); NaN where unknown.
        group: Of each animal, shape (animals,).
    """
    common = np.zeros_like(raw)
    for one in np.unique(group):
        mates = group == one
        common[mates] = _common(raw[mates])
    return common


def _common(raw: Floats) -> Floats:
    others, middle = _median_of_others(raw)
    chance = _MEDIAN_VARIANCE / np.maximum(others, 1)
    kept = np.maximum(0, 1 - _DOUBT * chance / np.maximum(middle**2, 1e-12))
    common: Floats = np.where(others > 0, kept * middle, 0.0)
    return common


def _median_of_others(raw: Floats) -> tuple[Integers, Floats]:
    """Return how many others are known, and their median, 0 without any; all of the shape of `raw`, axis 0 animals."""
    known = np.isfinite(raw)
    order = np.argsort(raw, axis=0)  # NaN last
    rank = np.argsort(order, axis=0)
    ranked = np.take_along_axis(raw, order, axis=0)
    others = known.sum(axis=0) - known
    halves = []
    for place in ((others - 1) // 2, others // 2):
        beyond = place + (known & (place >= rank))
        halves.append(np.take_along_axis(ranked, np.clip(beyond, 0, len(raw) - 1), axis=0))
    return others, np.where(others > 0, (halves[0] + halves[1]) / 2, 0.0)


def _median(days: Floats, enough: NDArray[np.bool_]) -> Floats:
    middle = np.full((len(days), days.shape[2]), np.nan)
    ordered = np.sort(days, axis=1)  # NaN last
    count = np.isfinite(days).sum(axis=1)
    halves = [
        np.take_along_axis(ordered, np.maximum(place, 0)[:, None], axis=1)[:, 0]
        for place in ((count - 1) // 2, count // 2)
    ]
    middle[enough] = ((halves[0] + halves[1]) / 2)[enough]
    return middle


def _spread(days: Floats, centre: Floats, enough: NDArray[np.bool_]) -> Floats:
    return _MAD_TO_SD * _median(np.abs(days - centre[:, None]), enough)


def _shrunk(sd: Floats, count: Integers) -> Floats:
    """Return SDs drawn to what the animals have in common, the more so the fewer days are known."""
    prior = np.array(PRIOR_SD)
    for measure, own in enumerate(sd.T):
        told = own[np.isfinite(own) & (own > 0)]
        if len(told) >= LEAST_ANIMALS:
            prior[measure] = np.median(told)
    days = np.where(np.isfinite(sd), count, 0)
    shrunk: Floats = np.sqrt((days * np.nan_to_num(sd) ** 2 + PRIOR_DAYS * prior**2) / (days + PRIOR_DAYS))
    return shrunk
