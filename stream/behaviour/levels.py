"""From which score on an animal is told: set by how many false alarms a farm allows, never by hand.

`SCORES` holds what simulated goats reach, seeds 1-20 of `animov bench alarms`, looked at every hour. A herd whose
healthy days spread wider than theirs, or less wide, has the levels moved by its own history, once that is long enough.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.behaviour.habit import Habits, deviations
from stream.behaviour.score import score_of, signs_of

Floats = NDArray[np.float64]

ALLOWED: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""False alarms per 100 animals and week."""

SCORES: Final = (4.38, 4.27, 4.01, 3.8, 3.59, 3.35, 3.09)
"""Level that so many reach."""

WATCHED: Final = 6.0
"""So many times as many false alarms are allowed before an animal is to be watched: that is no alert."""

CALM: Final = 0.6
"""Below that share of its level a score counts as calm."""

LEAST_HISTORY: Final = 400
"""Days of animals from which on a herd's own history has a say, as much as the simulation's then."""

_HIGH: Final = 0.95
_HIGH_SIMULATED: Final = 2.25
"""Quantile of the scores of the days that a habit is made of, and its value for simulated goats."""

_FURTHEST: Final = (0.8, 1.6)


class Levels(NamedTuple):
    """Scores: from `look_now` on an animal is to be looked at, from `watch` on to be watched."""

    look_now: float
    watch: float


def levels_for(allowed: float, *, factor: float = 1.0) -> Levels:
    """Return the levels for false alarms allowed per 100 animals and week.

    Args:
        allowed: More than 0; beyond the table's ends the nearest two rows lead on.
        factor: Of a herd's own history, as `factor_of` returns it.
    """
    look_now, watch = (factor * _score(rate) for rate in (allowed, WATCHED * allowed))
    return Levels(look_now, watch)


def factor_of(days: Floats, habits: Habits) -> float:
    """Return by how much the scores of a herd's own days are higher than those of simulated goats.

    The few days on which an animal is ill hardly move a quantile of all animals' days.

    Args:
        days: What the habits were made of, shape (animals, days, measures).
        habits: Of these animals.
    """
    scores = score_of(signs_of(deviations(days, np.ones_like(days), habits)))
    told = scores[np.isfinite(scores)]
    if len(told) < LEAST_HISTORY:
        return 1.0
    own = float(np.clip(np.quantile(told, _HIGH) / _HIGH_SIMULATED, *_FURTHEST))
    weight = len(told) / (len(told) + LEAST_HISTORY)
    return float(weight * own + 1 - weight)


def _score(allowed: float) -> float:
    """Return the level of a rate: between rows, and beyond the ends, straight in the logarithm of the rate."""
    rates = np.log(ALLOWED)
    place = int(np.clip(np.searchsorted(rates, np.log(allowed)), 1, len(rates) - 1))
    slope = (SCORES[place] - SCORES[place - 1]) / (rates[place] - rates[place - 1])
    return max(0.5, float(SCORES[place] + slope * (np.log(allowed) - rates[place])))
