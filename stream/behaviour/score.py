"""How much the signs of one animal speak for illness: one number of several measures, each by its own habit.

The signs are one-sided (less standing, more lying bouts, more interruptions, a longer longest bout) and go together to
some degree in healthy animals too. The score is the largest that any weighted sum of them comes to, in SDs of that sum,
with weights of 0 or more (Roy's union of intersections, Ann. Math. Stat. 24:220, 1953): so it need not be known which
signs an illness has, and one that contradicts the others takes nothing away.
"""

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIGNS: Final = ("standing_h", "lying_bouts", "interruptions", "longest_lying_h")
"""The measures that count, the first of `measures.MEASURES`."""

TOWARDS: Final = (-1.0, 1.0, 1.0, 1.0)
"""Which way each one goes in illness."""

SPREAD: Final = (1.1, 1.05, 1.23, 1.08)
"""SD of the signs of healthy animals in SDs of their habits, which are not known exactly."""

CORRELATION: Final = (
    (1.0, 0.12, 0.32, 0.47),
    (0.12, 1.0, 0.35, -0.29),
    (0.32, 0.35, 1.0, 0.02),
    (0.47, -0.29, 0.02, 1.0),
)
"""Of the signs of healthy animals; as `SPREAD` of simulated goats, seeds 1-20 of `animov bench alarms`."""


def signs_of(off: Floats) -> Floats:
    """Return the signs, positive towards illness, in SDs of healthy animals.

    Args:
        off: Deviations of all measures as `habit.deviations` returns them, shape (..., measures).
    """
    signs: Floats = off[..., : len(SIGNS)] * np.array(TOWARDS) / np.array(SPREAD)
    return signs


def score_of(signs: Floats) -> Floats:
    """Return how much the signs speak for illness together, in SDs, 0 or more; shape (...).

    A sign that is not known (NaN) has no say; without the first one, the hours standing, there is no score (NaN).

    >>> score_of(np.array([3.0, -2.0, np.nan, np.nan])).round(2).tolist()
    3.0
    """
    correlation = np.array(CORRELATION)
    best = np.zeros(signs.shape[:-1])
    for count in range(1, len(SIGNS) + 1):
        for some in map(list, combinations(range(len(SIGNS)), count)):
            pull = signs[..., some] @ np.linalg.inv(correlation[np.ix_(some, some)])
            squared = (pull * signs[..., some]).sum(axis=-1)
            best = np.where((pull > 0).all(axis=-1), np.maximum(best, squared), best)
    return np.where(np.isfinite(signs[..., 0]), np.sqrt(best), np.nan)
