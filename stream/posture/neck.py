"""Neck collar or ear tag without calibration: a first, cautious rule on stretches of ten seconds.

A tilt threshold does not carry over between animals, so the rule leans on movement first: an animal that walks, grazes
or holds its head far down stands, one that is quite still lies. In between, a head carried high speaks for standing and
a lowered one for lying; what is left stays unknown. Published fixed rules of this kind find standing with 55 %
precision on cows, so this one has the lowest rank of trust and gives way to any calibration.

Dynamic acceleration is the norm of the deviation from the stretch's mean (VeDBA over ten seconds).
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

STRETCH_MS: Final = 10_000
MOVING_G: Final = 0.1
"""Mean VeDBA from which an animal stands: grazing sheep show above 0.1 g of ODBA."""
STILL_G: Final = 0.035
"""Mean VeDBA up to which an animal is taken to lie: the noise of a sensor and the breath."""
FAR_DOWN_G: Final = -0.75
"""Forward component of gravity below which the head is at the ground (about 50 degrees)."""
HIGH_G: Final = 0.15
"""Forward component of gravity from which the head is carried high."""
LOW_G: Final = -0.15
"""Forward component of gravity up to which the head is lowered."""


def stretches(
    times: Sequence[int], acceleration: NDArray[np.float64], *, forward: int
) -> Iterator[tuple[int, int, bool | None]]:
    """Yield `(start, stop, stands)` for each stretch of at least ten seconds of one batch.

    `start` and `stop` index the batch, stop exclusive; `stands` is `None` where the rule can't tell.
    A batch that is shorter than ten seconds yields nothing; a shorter rest joins the last stretch.

    Args:
        times: Milliseconds since 1970, not falling.
        acceleration: g, shape (n, 3).
        forward: Index of the forward axis; `~index` where the axis points backward.
    """
    if len(times) < 2 or times[-1] - times[0] + _interval(times) < STRETCH_MS:
        return
    for start, stop in _cuts(times):
        yield start, stop, _stands(acceleration[start:stop], forward)


def _interval(times: Sequence[int]) -> float:
    return (times[-1] - times[0]) / (len(times) - 1)


def _cuts(times: Sequence[int]) -> Iterator[tuple[int, int]]:
    count = int((times[-1] - times[0] + _interval(times)) // STRETCH_MS)
    edges = np.searchsorted(np.asarray(times), [times[0] + STRETCH_MS * n for n in range(count)]).tolist()
    return zip(edges, [*edges[1:], len(times)], strict=True)


def _stands(acceleration: NDArray[np.float64], forward: int) -> bool | None:
    if not len(acceleration):
        return None
    gravity = acceleration.mean(axis=0)
    vedba = float(np.linalg.norm(acceleration - gravity, axis=1).mean())
    ahead = -gravity[~forward] if forward < 0 else gravity[forward]
    if vedba >= MOVING_G or ahead <= FAR_DOWN_G:
        return True
    if vedba <= STILL_G or ahead <= LOW_G:
        return False
    return True if ahead >= HIGH_G else None
