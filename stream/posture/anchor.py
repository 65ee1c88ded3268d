"""The upright anchor of a collar, learned from walking: an animal that walks stands, and carries its neck level.

The direction is an iterated median: outliers (grazing on the move, shaking, scratching) are put aside until none is
left, so that a minority of them moves nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.posture.refused import Refused
from stream.posture.seat import Seat
from stream.posture.walks import Walks

Floats = NDArray[np.float64]

LEAST_STRETCHES: Final = 30
"""Stretches of walking below which no anchor is told: five minutes."""
LEAST_MINUTES: Final = 5
"""Different minutes that they must come from: one walk alone carries its head in one way."""
WIDEST_DEG: Final = 25.0
"""Spread above which the walking has no direction of its own: the collar turned meanwhile, or hangs loose."""
ASIDE: Final = 3.0
"""Spreads from which a walk is put aside."""
LEAST_ASIDE_DEG: Final = 10.0
"""Angle within which none is, however narrow the spread."""
ROUNDS: Final = 20


def anchor_of(walks: Walks) -> Seat | Refused:
    """Tell how a collar sits, from walking during which it did not turn."""
    stretches, minutes = int(walks.weight.sum()), len(np.unique(walks.at // 60_000))
    if stretches < LEAST_STRETCHES or minutes < LEAST_MINUTES:
        detail = (
            f"{stretches} stretches of walking in {minutes} different minutes;"
            f" {LEAST_STRETCHES} in {LEAST_MINUTES} are needed"
        )
        return Refused("few_walks", detail)
    anchor, spread = middle(walks)
    if spread > WIDEST_DEG:
        return Refused("no_direction", f"the walking spreads by {spread:.0f} degrees, {WIDEST_DEG:.0f} are the most")
    forward, up, right = anchor.tolist()
    return Seat((forward, up, right), spread)


def middle(walks: Walks) -> tuple[Floats, float]:
    """Return the iterated median direction of at least one walk, and its spread in degrees.

    The spread is the angle to the median that two thirds of all the walking stay below.
    """
    kept = np.ones(len(walks.at), dtype=bool)
    for _ in range(ROUNDS):
        direction = _median_direction(walks.direction[kept], walks.weight[kept])
        angles = angles_deg(walks.direction, direction)
        limit = max(ASIDE * _quantile(angles[kept], walks.weight[kept], 2 / 3), LEAST_ASIDE_DEG)
        before, kept = kept, angles <= limit
        if (kept == before).all() or not kept.any():
            break
    return direction, _quantile(angles, walks.weight, 2 / 3)


def angles_deg(directions: Floats, direction: Floats) -> Floats:
    """Return the angle of each unit vector, shape (n, 3), to one, degrees, shape (n,)."""
    return np.asarray(np.degrees(np.arccos(np.clip(directions @ direction, -1, 1))))


def _median_direction(directions: Floats, weight: Floats) -> Floats:
    medians = np.array([_quantile(column, weight, 1 / 2) for column in directions.T])
    norm = np.linalg.norm(medians)
    return np.asarray(medians / norm if norm > 1e-9 else directions[0])


def _quantile(values: Floats, weight: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.searchsorted(np.cumsum(weight[order]), share * weight.sum())
    return float(values[order][min(int(reached), len(values) - 1)])
