"""The upright anchor of a collar, learned from walking: an animal that walks stands, and carries its neck level.

The direction begins where the walking is densest (the least radius that holds a third of it: Rousseeuw's least median
of squares, with a third for the half) and is then the median of all that is near. So grazing on the move, shaking and
scratching move it little as long as well over a third of what looks like walking is.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.posture.refused import Refused
from stream.posture.seat import Seat
from stream.posture.walks import Walks

Floats = NDArray[np.float64]

LEAST_STRETCHES: Final = 18
"""Stretches of walking below which no anchor is told: three minutes."""
LEAST_MINUTES: Final = 5
"""Different minutes that they must come from: one walk alone carries its head in one way."""
DENSE: Final = 1 / 3
"""Share of the walking that is sure to be walking of one seat."""
ASIDE: Final = 2.8
"""Radii of the densest third from which a walk is put aside: 2.5 standard deviations of each of two angles."""
LEAST_ASIDE_DEG: Final = 10.0
"""Angle within which none is, however dense the walking."""
WIDEST_DEG: Final = 25.0
"""Spread above which the walking has no direction of its own: the collar turned meanwhile, or hangs loose."""
CANDIDATES: Final = 200
"""Walks at most among which the densest place is sought, evenly over time."""
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
    """Return the robust direction of at least one walk, and its spread in degrees.

    The spread is the angle to the direction that two thirds of all the walking stay below.
    """
    direction, radius = _densest(walks)
    kept = np.zeros(len(walks.at), dtype=bool)
    for _ in range(ROUNDS):
        angles = angles_deg(walks.direction, direction)
        before, kept = kept, angles <= max(ASIDE * radius, LEAST_ASIDE_DEG)
        if (kept == before).all():
            break
        direction = _median_direction(walks.direction[kept], walks.weight[kept])
    return direction, _quantile(angles, walks.weight, 2 / 3)


def _densest(walks: Walks) -> tuple[Floats, float]:
    """Return the walk around which the least radius holds a third of the walking, and that radius in degrees."""
    places = np.unique(np.linspace(0, len(walks.at) - 1, CANDIDATES).round().astype(int))
    candidates = walks.direction[places]
    radii = [_quantile(angles_deg(walks.direction, one), walks.weight, DENSE) for one in candidates]
    best = int(np.argmin(radii))
    return candidates[best], radii[best]


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
