"""Whether ten seconds are walking: strong, steady, and in step.

Strength alone does not tell it from grazing, which is stronger on cows (WASP-lab/db-cow-walking, neck collars at 10 Hz:
mean VeDBA of walking 0.13-0.28 g, of grazing 0.19-0.38 g). Steps repeat themselves: the autocorrelation within one
stride reaches 0.3 in 45 % of the stretches of walking there and in 6 % of those of grazing. What of grazing comes
through anyway, the anchor has to bear.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.posture.features import Features

Floats = NDArray[np.float64]

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


def walks(times: NDArray[np.int64], xyz: Floats, features: Features) -> NDArray[np.bool_]:
    """Tell which stretches of one message walk.

    Args:
        times: Milliseconds since 1970, not falling, shape (m,).
        xyz: Acceleration, g, shape (m, 3).
        features: Of these samples.
    """
    strong = (features.vedba_mean >= WALKING_G) & (features.vedba_p95 <= STEADY * features.vedba_mean)
    found = np.zeros(len(strong), dtype=np.bool_)
    for index in np.flatnonzero(strong).tolist():
        here = slice(features.start[index], features.stop[index])
        found[index] = in_step(times[here], xyz[here]) >= IN_STEP
    return found


def in_step(times: NDArray[np.int64], xyz: Floats) -> float:
    """Return the largest autocorrelation of movement within a stride, up to about 1; 0 where steps can't be seen."""
    count = len(times)
    interval_s = (int(times[-1]) - int(times[0])) / max(count - 1, 1) / 1000
    if not 0 < interval_s <= 1 / LEAST_HZ:
        return 0.0
    moved = xyz - xyz.mean(axis=0)
    power = float((moved * moved).sum()) / count
    shortest, longest = (round(lag_s / interval_s) for lag_s in STRIDE_S)
    lags = range(max(shortest, 1), min(longest, count // 2) + 1)
    return max(
        (float((moved[lag:] * moved[:-lag]).sum()) / (count - lag) / max(power, 1e-12) for lag in lags), default=0.0
    )
