"""What is kept of a message from a neck or an ear, so that the seat of its tag can be learned later.

The summary is a function of the message alone, of its samples in g as the device measured them: no calibration has a
part in it, so that a message that comes again says the same.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.motion import Motion
from stream.posture.features import Features
from stream.posture.gait import walks

__all__ = ["Motion", "digest_of", "motion_of"]

STILL_SD_G: Final = 0.015
"""SD of every axis below which ten seconds count as still (actipy; 0.013 g in GGIR and scikit-digital-health)."""
LEAST_SAMPLES: Final = 10
"""Samples below which ten seconds count as neither."""


def motion_of(times: Sequence[int], xyz: NDArray[np.float64], features: Features) -> Motion | None:
    """Sum up a message; `None` for one that is too short for a stretch.

    Args:
        times: Milliseconds since 1970, not falling.
        xyz: Acceleration, g, device axes, shape (n, 3).
        features: Of these very samples.
    """
    stretches = len(features.start)
    if not stretches:
        return None
    enough = features.stop - features.start >= LEAST_SAMPLES
    walking = enough & walks(np.asarray(times, dtype=np.int64), xyz, features)
    stills = enough & (features.sd < STILL_SD_G).all(axis=1)
    walk, still = _mean(features.gravity[walking]), _mean(features.gravity[stills])
    return Motion(
        at=int(times[0]),
        digest=digest_of(times, xyz),
        stretches=stretches,
        walking=int(walking.sum()),
        walk_fwd=walk[0],
        walk_up=walk[1],
        walk_right=walk[2],
        still=int(stills.sum()),
        still_fwd=still[0],
        still_up=still[1],
        still_right=still[2],
        vedba=float(features.vedba_mean.mean()),
        vedba_p95=float(features.vedba_p95.max()),
    )


def digest_of(times: Sequence[int], xyz: NDArray[np.float64]) -> int:
    """Hash samples to a signed 64-bit number."""
    hashed = blake2b(np.asarray(times, dtype="<i8").tobytes(), digest_size=8)
    hashed.update(np.ascontiguousarray(xyz, dtype="<f8").tobytes())
    return int.from_bytes(hashed.digest(), "big", signed=True)


def _mean(gravity: NDArray[np.float64]) -> list[float]:
    return [float(part) for part in gravity.mean(axis=0)] if len(gravity) else [0.0, 0.0, 0.0]
