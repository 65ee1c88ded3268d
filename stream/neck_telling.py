"""What samples of necks and ears tell, all at once that wait: postures, how they moved, why nothing is said.

What is told of a message does not depend on those beside it, so it makes no difference which of them wait together.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.contributed import Contributed, Waiting, Way
from stream.evidence import add_times
from stream.posture.features import Features, features_of, mapped_each, part_of
from stream.posture.labelled import classify_each
from stream.posture.summary import motions_of
from stream.posture.verdicts import STANDING, UNKNOWN, Reason, Verdicts

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Asked = Sequence[tuple[int, Way]]
"""Numbers of what waits, each with one of its ways to be read."""


class _Joined(NamedTuple):
    """Samples of all that waits: milliseconds since 1970, g in device axes, and where each begins."""

    times: Integers
    xyz: Floats
    firsts: list[int]


def tell(contributed: Contributed) -> None:
    """Add what all that waits tells; nothing waits any more."""
    waiting, contributed.waiting, contributed.samples = contributed.waiting, [], 0
    if not waiting:
        return
    joined = _join(waiting)
    features = features_of(joined.times, joined.xyz, joined.firsts)
    _keep_motions(contributed, waiting, joined, features)
    asked = [(number, way) for number, one in enumerate(waiting) for way in one.ways]
    plain = [one for one in asked if one[1].correction is None]
    if plain:
        _say(contributed, waiting, plain, _of_each(features, plain, len(waiting)))
    corrected = [one for one in asked if one[1].correction is not None]
    if corrected:
        _say(contributed, waiting, corrected, _corrected(joined, corrected))


def seconds_unknown(contributed: Contributed) -> dict[tuple[int, Reason], int]:
    """Count the seconds of which nothing at all was said, each once, by collar id and the first of its reasons.

    Messages that come again, or that overlap, change nothing.
    """
    taken: dict[tuple[int, int], int] = {}
    for (collar_id, bucket, _), (_, standing, lying) in contributed.evidence.items():
        taken[collar_id, bucket] = taken.get((collar_id, bucket), 0) | standing | lying
    found: Counter[tuple[int, Reason]] = Counter()
    for (collar_id, bucket, reason), (seconds, _, _) in sorted((contributed.unknown or {}).items()):
        before = taken.get((collar_id, bucket), 0)
        found[collar_id, Reason(reason)] += (seconds & ~before).bit_count()
        taken[collar_id, bucket] = before | seconds
    return +found


def _join(waiting: Sequence[Waiting]) -> _Joined:
    sizes = [len(one.times) for one in waiting]
    rows = chain.from_iterable(one.xyz for one in waiting)
    xyz = np.fromiter(chain.from_iterable(rows), np.float64, 3 * sum(sizes)).reshape(-1, 3)
    xyz *= np.repeat([one.g_per_unit for one in waiting], sizes)[:, None]
    return _Joined(np.concatenate([_array(one.times) for one in waiting]), xyz, [0, *accumulate(sizes)][:-1])


def _array(times: Sequence[int]) -> Integers:
    if isinstance(times, range):
        return np.arange(times.start, times.stop, times.step, dtype=np.int64)
    return np.array(times, dtype=np.int64)


def _keep_motions(contributed: Contributed, waiting: Sequence[Waiting], joined: _Joined, features: Features) -> None:
    motions = motions_of(joined.times, joined.xyz, features, joined.firsts)
    for one, motion in zip(waiting, motions, strict=True):
        if one.moves and motion is not None:
            contributed.motions[one.collar_id, motion.at, motion.digest] = motion


def _of_each(features: Features, asked: Asked, waiting: int) -> Features:
    """Return the features of all that is asked, `message` counting what is asked."""
    numbers, edges = [number for number, _ in asked], np.searchsorted(features.message, np.arange(waiting + 1))
    where, of = _ranges(edges[:-1][numbers], edges[1:][numbers])
    return part_of(features, where)._replace(message=of)


def _corrected(joined: _Joined, asked: Asked) -> Features:
    """The same, of samples corrected by gain and offset."""
    numbers, edges = [number for number, _ in asked], np.array([*joined.firsts, len(joined.times)])
    starts, stops = edges[:-1][numbers], edges[1:][numbers]
    where, of = _ranges(starts, stops)
    corrections = np.array([way.correction for _, way in asked], dtype=np.float64)
    xyz = joined.xyz[where] * corrections[of, 0] + corrections[of, 1]
    return features_of(joined.times[where], xyz, [0, *np.cumsum(stops - starts)[:-1].tolist()])


def _ranges(starts: Integers, stops: Integers) -> tuple[Integers, Integers]:
    """Return all indices of some ranges, one range after the other, and which range each is of."""
    lengths = stops - starts
    of = np.repeat(np.arange(len(starts)), lengths)
    return np.arange(len(of)) + (starts - (np.cumsum(lengths) - lengths))[of], of


def _say(contributed: Contributed, waiting: Sequence[Waiting], asked: Asked, features: Features) -> None:
    of, ways = features.message, [way for _, way in asked]
    order, sign = np.array([way.order for way in ways]), np.array([way.sign for way in ways])
    told = mapped_each(features, order[of], sign[of])
    verdicts = classify_each(told, [way.known for way in ways], of)
    _add(contributed, [(waiting[number].times, way) for number, way in asked], features, verdicts)


def _add(
    contributed: Contributed, asked: Sequence[tuple[Sequence[int], Way]], features: Features, verdicts: Verdicts
) -> None:
    columns = (features.message, features.start, features.stop, *verdicts)
    for number, start, stop, posture, reason in zip(*(column.tolist() for column in columns), strict=True):
        times, way = asked[number]
        if posture != UNKNOWN:
            stands = posture == STANDING
            add_times(contributed.evidence, way.collar_id, way.how, way.hold_s, times[start:stop], stands)
        elif way.reasons and contributed.unknown is not None:
            add_times(contributed.unknown, way.collar_id, reason, way.hold_s, times[start:stop], None)
