"""What is kept of a message from a neck or an ear, so that the seat of its tag can be learned later.

The summary is a function of the message alone, of its samples in g as the device measured them: no calibration has a
part in it, so that a message that comes again says the same.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.motion import Motion
from stream.posture.features import Features
from stream.posture.gait import walks

__all__ = ["Motion", "digest_of", "motion_of", "motions_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STILL_SD_G: Final = 0.015
"""SD of every axis below which ten seconds count as still (actipy; 0.013 g in GGIR and scikit-digital-health)."""
LEAST_SAMPLES: Final = 10
"""Samples below which ten seconds count as neither."""


def motion_of(times: ArrayLike, xyz: Floats, features: Features) -> Motion | None:
    """Sum up one message; as `motions_of`."""
    return motions_of(np.asarray(times, dtype=np.int64), xyz, features)[0]


def motions_of(times: Integers, xyz: Floats, features: Features, firsts: Sequence[int] = (0,)) -> list[Motion | None]:
    """Sum up each message; `None` for one that is too short for a stretch.

    What is told of a message does not depend, to the last bit, on those beside it.

    Args:
        times: Milliseconds since 1970, not falling within a message, shape (m,).
        xyz: Acceleration, g, device axes, shape (m, 3).
        features: Of these very samples.
        firsts: Index of each message's first sample; rising, beginning with 0.
    """
    enough = features.stop - features.start >= LEAST_SAMPLES
    stretches = np.bincount(features.message, minlength=len(firsts))
    p95 = np.zeros(len(firsts))
    np.maximum.at(p95, features.message, features.vedba_p95)
    figures = [
        stretches,
        *_level_while(enough & walks(times, xyz, features, firsts), features, len(firsts)),
        *_level_while(enough & (features.sd < STILL_SD_G).all(axis=1), features, len(firsts)),
        np.bincount(features.message, features.vedba_mean, len(firsts)) / np.maximum(stretches, 1),
        p95,
    ]
    rows = zip(pairwise([*firsts, len(times)]), *(figure.tolist() for figure in figures), strict=True)
    return [
        Motion(int(times[start]), digest_of(times[start:stop], xyz[start:stop]), count, *others) if count else None
        for (start, stop), count, *others in rows
    ]


def digest_of(times: ArrayLike, xyz: Floats) -> int:
    """Hash samples to a signed 64-bit number."""
    hashed = blake2b(np.asarray(times, dtype="<i8").tobytes(), digest_size=8)
    hashed.update(np.ascontiguousarray(xyz, dtype="<f8").tobytes())
    return int.from_bytes(hashed.digest(), "big", signed=True)


def _level_while(where: NDArray[np.bool_], features: Features, messages: int) -> Iterator[Integers | Floats]:
    """Yield how many stretches of each message are meant, and the mean of their gravity along each axis."""
    of = features.message[where]
    counts = np.bincount(of, minlength=messages)
    yield counts
    for axis in features.gravity[where].T:
        yield np.bincount(of, axis, messages) / np.maximum(counts, 1)
