"""Animals with a tag on neck or ear and what is known of them: stretches of ten seconds, their truth, their walking."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.posture_scores import UNKNOWN, Integers, Judged, Postures
from stream.posture import labelled
from stream.posture.features import Features, features_of, mapped, part_of
from stream.posture.summary import Motion, motions_of

__all__ = ["Axes", "Wearer", "part_of", "wearer"]

Floats = NDArray[np.float64]
Axes = tuple[str, str, str]


class Wearer(NamedTuple):
    """One animal and its tag, n stretches.

    Attributes:
        name: Of the animal.
        axes: What the three numbers of its samples are.
        start: Milliseconds since 1970 of each stretch, inclusive.
        end: Exclusive.
        features: Of each stretch, in forward, up, right.
        truth: 1 standing, 0 lying, -1 not observed.
        uncalibrated: What the rule that knows nothing of the collar says: 1, 0 or -1.
        motions: What would be kept of each message.
        samples: Samples in all.
    """

    name: str
    axes: Axes
    start: Integers
    end: Integers
    features: Features
    truth: Postures
    uncalibrated: Postures
    motions: tuple[Motion, ...]
    samples: int

    def judged(self, said: Postures) -> Judged:
        """Return what some rule said beside the truth."""
        return Judged(self.start, self.end, self.truth, said)


def wearer(name: str, axes: Axes, *, times: Integers, xyz: Floats, postures: Postures, firsts: Sequence[int]) -> Wearer:
    """Describe an animal.

    Args:
        name: Of the animal.
        axes: What the columns of `xyz` are.
        times: Milliseconds since 1970, not falling within a message, shape (m,).
        xyz: Acceleration, g, shape (m, 3).
        postures: Observed at each sample: 1 standing, 0 lying, -1 not observed, shape (m,).
        firsts: Index of each message's first sample.
    """
    raw = features_of(times, xyz, firsts)
    features = mapped(raw, axes)
    first = np.asarray(firsts, dtype=np.int64)[raw.message]
    starts, stops = first + raw.start, first + raw.stop
    step = np.maximum((times[stops - 1] - times[starts]) // np.maximum(stops - starts - 1, 1), 1)
    return Wearer(
        name,
        axes,
        times[starts],
        times[stops - 1] + step,
        features,
        _agreed(postures, starts, stops),
        labelled.classify(features, {}).posture,
        tuple(motion for motion in motions_of(times, xyz, raw, firsts) if motion is not None),
        len(times),
    )


def _agreed(postures: Postures, starts: Integers, stops: Integers) -> Postures:
    """Return the posture of nine tenths of each stretch's samples or more."""
    shares = [
        (np.concatenate([[0], np.cumsum(postures == one)])[[stops, starts]] * [[1], [-1]]).sum(axis=0)
        / np.maximum(stops - starts, 1)
        for one in (0, 1)
    ]
    return np.select([share >= 0.9 for share in shares], [0, 1], UNKNOWN).astype(np.int8)
