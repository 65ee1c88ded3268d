"""What ten seconds of acceleration tell of a posture: where gravity points, how much and how jerkily the tag moves.

Gravity is the median of each axis over the stretch (triact's filter), so that a flick of the ear leaves it alone.
Dynamic acceleration is the norm of the deviation from it (VeDBA). Ten seconds, because windows of 3 to 10 s did equally
well on sheep (Barwick) and still periods are commonly sought over ten (actipy).
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stream.posture.axes import indices_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STRETCH_MS: Final = 10_000


class Features(NamedTuple):
    """The features of n stretches; axes are those of the samples until `mapped` turns them.

    Attributes:
        message: Number of the message that each stretch is cut from, not falling, shape (n,).
        start: Index of its first sample in that message, shape (n,).
        stop: Index after its last sample in that message, shape (n,).
        gravity: Median of each axis, g, shape (n, 3).
        sd: Standard deviation of each axis (divisor: the number of samples), g, shape (n, 3).
        vedba_mean: Mean norm of the deviation from gravity, g, shape (n,).
        vedba_p95: Its 95th percentile: the least value that 95 % of the samples do not exceed, g, shape (n,).
        jerk: Length of the acceleration's path over the time from first to last sample, g/s, shape (n,).
    """

    message: Integers
    start: Integers
    stop: Integers
    gravity: Floats
    sd: Floats
    vedba_mean: Floats
    vedba_p95: Floats
    jerk: Floats


def features_of(times: ArrayLike, xyz: ArrayLike, firsts: Sequence[int] = (0,)) -> Features:
    """Cut messages into stretches of at least ten seconds and describe each.

    Every message is cut from its own first sample on; one shorter than ten seconds gives no stretch, a shorter rest
    joins the last stretch, ten seconds without a sample give none. What a message gives does not depend, to the last
    bit, on the messages beside it.

    Args:
        times: Milliseconds since 1970, not falling within a message, shape (m,).
        xyz: Acceleration, g, shape (m, 3).
        firsts: Index of each message's first sample; rising, beginning with 0.
    """
    at = np.asarray(times, dtype=np.int64)
    columns = np.ascontiguousarray(np.asarray(xyz, dtype=np.float64).reshape(-1, 3).T)
    begins = np.asarray(firsts, dtype=np.int64)
    message, starts, stops = _cut(at, begins) if len(at) else (begins[:0],) * 3
    gravity, sd = np.empty((2, len(starts), 3))
    vedba_mean, vedba_p95, jerk = np.empty((3, len(starts)))
    lengths = stops - starts
    for length in set(lengths.tolist()):  # stretches of equal length make one block
        here = np.flatnonzero(lengths == length)
        block = columns[:, starts[here, None] + np.arange(length)]
        gravity[here], sd[here] = (described.T for described in _level(block))
        vedba_mean[here], vedba_p95[here] = _dynamic(block - gravity[here].T[:, :, None])
        jerk[here] = _path(block) / np.maximum(at[stops[here] - 1] - at[starts[here]], 1) * 1000
    first = begins[message]
    return Features(message, starts - first, stops - first, gravity, sd, vedba_mean, vedba_p95, jerk)


def mapped(features: Features, axes: tuple[str, str, str]) -> Features:
    """Turn gravity and SD from the device's axes to forward, up, right; `axes` as in a calibration."""
    order, sign = indices_of(axes)
    return features._replace(gravity=features.gravity[:, order] * sign, sd=features.sd[:, order])


def mapped_each(features: Features, order: Integers, sign: Floats) -> Features:
    """Turn each stretch by itself; `order` and `sign` as of `axes.indices_of`, shape (n, 3)."""
    gravity, sd = (np.take_along_axis(part, order, axis=1) for part in (features.gravity, features.sd))
    return features._replace(gravity=gravity * sign, sd=sd)


def part_of(features: Features, where: NDArray[np.bool_] | Integers | slice) -> Features:
    """Return some of the stretches."""
    message, start, stop, gravity, sd, vedba_mean, vedba_p95, jerk = features
    return Features(
        message[where],
        start[where],
        stop[where],
        gravity[where],
        sd[where],
        vedba_mean[where],
        vedba_p95[where],
        jerk[where],
    )


def _cut(at: Integers, begins: Integers) -> tuple[Integers, Integers, Integers]:
    """Return the message, first sample and end of each stretch, indices of samples counted through all messages."""
    ends = np.append(begins[1:], len(at))
    sizes = ends - begins
    spans = at[ends - 1] - at[begins]  # to the last sample, which lasts as long as the others do on average
    counts = spans * sizes // (np.maximum(sizes - 1, 1) * STRETCH_MS)
    of = np.repeat(np.arange(len(begins)), sizes)
    number = np.minimum((at - at[begins][of]) // STRETCH_MS, counts[of] - 1)
    changes = np.flatnonzero(np.append(True, (number[1:] != number[:-1]) | (of[1:] != of[:-1])))
    stops = np.append(changes[1:], len(at))
    long_enough = number[changes] >= 0
    return of[changes][long_enough], changes[long_enough], stops[long_enough]


def _level(block: Floats) -> tuple[Floats, Floats]:
    """Return median and SD of samples of shape (3, n, length), each of shape (3, n)."""
    length = block.shape[-1]
    low, high = (length - 1) // 2, length // 2
    ordered = np.partition(block, (low, high), axis=-1)
    deviation = block - block.mean(axis=-1, keepdims=True)
    return (ordered[..., low] + ordered[..., high]) / 2, np.sqrt((deviation * deviation).mean(axis=-1))


def _dynamic(deviation: Floats) -> tuple[Floats, Floats]:
    """Return mean and 95th percentile of the norm of deviations of shape (3, n, length), each of shape (n,)."""
    vedba = _norm(deviation)
    rank = -(-95 * vedba.shape[-1] // 100) - 1
    return vedba.mean(axis=-1), np.partition(vedba, rank, axis=-1)[..., rank]


def _path(block: Floats) -> Floats:
    return np.asarray(_norm(np.diff(block, axis=-1)).sum(axis=-1))


def _norm(vectors: Floats) -> NDArray[Any]:
    along, across, upward = vectors
    return np.asarray(np.sqrt(along * along + across * across + upward * upward))
