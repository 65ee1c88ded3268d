"""Directions of gravity while an animal walks, message by message: what the seat of its collar is learned from."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.posture.axes import indices_of
from stream.posture.gain import corrected
from stream.posture.summary import Motion

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Walks(NamedTuple):
    """The walking of n messages of one collar, in order of time.

    Attributes:
        at: Milliseconds since 1970 of the message's first sample, shape (n,).
        direction: Unit vectors of gravity: forward, up, right, shape (n, 3).
        weight: Stretches of ten seconds that walk, at least 1, shape (n,).
    """

    at: Integers
    direction: Floats
    weight: Floats

    def part(self, where: NDArray[np.bool_] | slice) -> "Walks":
        """Return some of the walks."""
        return Walks(self.at[where], self.direction[where], self.weight[where])


def walks_of(motions: Iterable[Motion], axes: tuple[str, str, str], parameters: Mapping[str, Any]) -> Walks:
    """Gather what walked, whatever the order of the summaries and however often each one comes.

    Args:
        motions: Of one collar.
        axes: What the three numbers of its samples are, as in its calibration.
        parameters: Of that calibration: `gain` and `offset` are applied.
    """
    walking = sorted({motion for motion in motions if motion.walking})
    raw = np.array([(motion.walk_fwd, motion.walk_up, motion.walk_right) for motion in walking]).reshape(-1, 3)
    order, sign = indices_of(axes)
    gravity = corrected(raw, parameters)[:, order] * sign
    return Walks(
        np.array([motion.at for motion in walking], dtype=np.int64),
        gravity / np.maximum(np.linalg.norm(gravity, axis=1, keepdims=True), 1e-9),
        np.array([motion.walking for motion in walking], dtype=np.float64),
    )
