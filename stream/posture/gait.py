"""Whether ten seconds are walking: strong, steady, and in step.

Strength alone does not tell it from grazing, which is stronger on cows (WASP-lab/db-cow-walking, neck collars at 10 Hz:
mean VeDBA of walking 0.13-0.28 g, of grazing 0.19-0.38 g). Steps repeat themselves: the autocorrelation within one
stride reaches 0.3 in 45 % of the stretches of walking there and in 6 % of those of grazing. What of grazing comes
through anyway, the anchor has to bear.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.posture.features import Features

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WALKING_G: Final = 0.13
"""Mean VeDBA from which ten seconds may be walking."""
STEADY: Final = 3.0
"""Most that the 95th percentile of VeDBA may be of its mean; shaking and scratching are brief."""
IN_STEP: Final = 0.3
"""Autocorrelation from which movement is in step."""
STRIDE_S: Final = (0.3, 1.1)
"""Time in which steps repeat themselves: one to three a second."""
LEAST_HZ: Final = 5.0
"""Rate below which steps can't be seen."""


def walks(times: Integers, xyz: Floats, features: Features, firsts: Sequence[int] = (0,)) -> NDArray[np.bool_]:
    """Tell which stretches walk; what is told of a message does not depend on those beside it.

    Args:
        times: Milliseconds since 1970, not falling within a message, shape (m,).
        xyz: Acceleration, g, shape (m, 3).
        features: Of these samples.
        firsts: Index of each message's first sample.
    """
    strong = (features.vedba_mean >= WALKING_G) & (features.vedba_p95 <= STEADY * features.vedba_mean)
    first = np.asarray(firsts, dtype=np.int64)[features.message[strong]]
    found = np.zeros(len(strong), dtype=np.bool_)
    found[strong] = in_step(times, xyz, first + features.start[strong], first + features.stop[strong]) >= IN_STEP
    return found


def in_step(times: Integers, xyz: Floats, starts: Integers, stops: Integers) -> Floats:
    """Return the largest autocorrelation of movement within a stride, 0 to about 1; 0 where steps can't be seen.

    Args:
        times: Milliseconds since 1970, shape (m,).
        xyz: Acceleration, g, shape (m, 3).
        starts: Index of the first sample of each stretch, shape (n,).
        stops: Index after its last, shape (n,).
    """
    counts = stops - starts
    interval_s = (times[stops - 1] - times[starts]) / np.maximum(counts - 1, 1) / 1000
    seen = (interval_s > 0) & (interval_s <= 1 / LEAST_HZ)
    shortest, longest = (np.rint(lag_s / np.where(seen, interval_s, 1)).astype(np.int64) for lag_s in STRIDE_S)
    lags = np.stack([counts, np.maximum(shortest, 1), np.minimum(longest, counts // 2)], axis=1)
    found = np.zeros(len(starts))
    for alike in {(count, low, high) for count, low, high in lags[seen].tolist()}:  # they make one block
        here = np.flatnonzero(seen & (lags == alike).all(axis=1))
        block = np.ascontiguousarray(np.moveaxis(xyz[starts[here, None] + np.arange(alike[0])], 2, 0))
        found[here] = _repeated(block, range(alike[1], alike[2] + 1))
    return found


def _repeated(block: Floats, lags: range) -> Floats:
    """Return the largest autocorrelation of samples of shape (3, n, length) at any lag, shape (n,)."""
    moved, length = block - block.mean(axis=-1, keepdims=True), block.shape[-1]
    power, largest = np.maximum(_sum_of(moved * moved) / length, 1e-12), np.zeros(block.shape[1])
    for lag in lags:
        shared = _sum_of(moved[..., lag:] * moved[..., :-lag])
        np.maximum(largest, shared / (length - lag) / power, out=largest)
    return largest


def _sum_of(products: Floats) -> Floats:
    along, across, upward = products.sum(axis=-1)
    return np.asarray(along + across + upward)
