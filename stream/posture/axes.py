"""Which of a device's three axes is which of the animal's: a permutation and signs."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

ANATOMICAL: Final = ("fwd", "up", "right")


def axis_of(axes: tuple[str, str, str], wanted: str) -> int:
    """Return the index of an axis, `~index` where the device's axis points the other way."""
    return axes.index(wanted) if wanted in axes else ~axes.index("-" + wanted)


def indices_of(axes: tuple[str, str, str]) -> tuple[list[int], NDArray[np.float64]]:
    """Return where forward, up and right are found, and the sign of each.

    >>> order, sign = indices_of(("right", "fwd", "-up"))
    >>> order, sign.tolist()
    ([1, 2, 0], [1.0, -1.0, 1.0])
    """
    found = [axis_of(axes, wanted) for wanted in ANATOMICAL]
    return [~index if index < 0 else index for index in found], np.array(
        [-1.0 if index < 0 else 1.0 for index in found]
    )
