"""What an animal did in spans of 24 hours that end whenever one likes, so that nobody waits for midnight.

Many spans at once; each says what `day_sheet` would say of a day that ends there, with nothing known beyond its end.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.behaviour.bouts import STANDING, UNKNOWN, Bouts, Flags, Seconds, Stretches, bouts_of
from stream.behaviour.day_sheet import INTERRUPTION_S, Heard

Floats = NDArray[np.float64]

SPAN_S: Final = 86_400

EVENING_S: Final = 4 * 3600
"""Lying is followed back to so long before the span, as that of a day is to 20:00."""


class Spans(NamedTuple):
    """Facts about n spans, a column each.

    Attributes:
        known_s: Seconds standing or lying.
        ordered_s: Those of them whose order is known, not only their sum.
        standing_s: Known seconds that stand.
        lie_downs: Times that it was seen to lie down.
        interruptions: Times that it stood for `INTERRUPTION_S` at most between two lying bouts.
        longest_lying_s: Longest lying bout, from `EVENING_S` before the span; 0 if there is none.
        inferred: Whether neck collars and ear tags alone told most of it: they count no interruptions.
    """

    known_s: Seconds
    ordered_s: Seconds
    standing_s: Seconds
    lie_downs: Seconds
    interruptions: Seconds
    longest_lying_s: Seconds
    inferred: Flags


def spans_heard(heard: Heard, ends: Seconds, *, shortest_lying_s: int) -> Spans:
    """Return what is known of spans.

    Args:
        heard: From `SPAN_S + EVENING_S + REACH_S` before the first end; what is later than the last end has no say.
        ends: Their ends, rising, seconds since 1970, exclusive.
        shortest_lying_s: As `bouts_of` takes it.
    """
    if len(ends) != 1:
        each = [
            spans_heard(heard, ends[place : place + 1], shortest_lying_s=shortest_lying_s) for place in range(len(ends))
        ]
        return Spans(*(np.concatenate(column) for column in zip(*each, strict=True)))
    seen = max(0, int(ends[0]) - heard.first)
    seconds, summed = heard.seconds[:seen], None if heard.summed is None else heard.summed[:seen]
    bouts, known = bouts_of(seconds, summed, first=heard.first, shortest_lying_s=shortest_lying_s)
    inferred = heard.inferred_between(int(ends[0]) - SPAN_S, int(ends[0]))
    spans = spans_of(bouts, known, ends - SPAN_S, ends)._replace(inferred=np.array([inferred]))
    if summed is None:
        return spans
    last = seconds[-SPAN_S:][summed[-SPAN_S:]]
    return spans._replace(
        known_s=spans.known_s + np.count_nonzero(last != UNKNOWN),
        standing_s=spans.standing_s + np.count_nonzero(last == STANDING),
    )


def spans_of(bouts: Bouts, known: Stretches, starts: Seconds, ends: Seconds, *, followed_s: int = 0) -> Spans:
    """Return facts about spans `[start, end)`, by an animal's bouts and known seconds, as leg tags tell them.

    Args:
        bouts: Its bouts, as `bouts_of` returns them.
        known: Its known seconds, likewise.
        starts: Of the spans, seconds since 1970, inclusive.
        ends: Of the spans, exclusive.
        followed_s: Lying that has begun by the end of a span is followed for so long beyond it.
    """
    length = known.end - known.start
    known_s = _covered(known, length, ends) - _covered(known, length, starts)
    standing = length * ~known.lying
    standing_s = _covered(known, standing, ends) - _covered(known, standing, starts)
    lying = bouts.only(bouts.lying)
    lie_downs = _begun(lying, starts, ends)
    brief = ~bouts.lying & (bouts.end - bouts.start <= INTERRUPTION_S) & ~bouts.open_start
    interruptions = _begun(bouts.only(brief & ~bouts.open_end), starts, ends)
    longest = _longest(lying, starts, ends, followed_s)
    inferred = np.zeros(len(ends), dtype=np.bool_)
    return Spans(known_s, known_s, standing_s, lie_downs, interruptions, longest, inferred)


def _begun(bouts: Bouts, starts: Seconds, ends: Seconds) -> Seconds:
    """Return how many bouts were seen to begin in each span."""
    seen = bouts.start[~bouts.open_start]
    return np.searchsorted(seen, ends) - np.searchsorted(seen, starts)


def _covered(known: Stretches, counted: Seconds, until: Seconds) -> Seconds:
    """Return the seconds that count before each instant; a stretch counts wholly or not at all."""
    if not len(known.start):
        return np.zeros(len(until), dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(counted)])
    place = np.searchsorted(known.start, until, side="right")
    last = np.maximum(place - 1, 0)
    beyond = np.where((place > 0) & (counted[last] > 0), np.maximum(known.end[last] - until, 0), 0)
    covered: Seconds = before[place] - beyond
    return covered


def _longest(lying: Bouts, starts: Seconds, ends: Seconds, followed_s: int) -> Seconds:
    first = np.searchsorted(lying.end, starts, side="right")
    count = np.searchsorted(lying.start, ends) - first
    if not count.size or not count.any():
        return np.zeros(len(ends), dtype=np.int64)
    place = np.minimum(first[:, None] + np.arange(count.max()), len(lying.start) - 1)
    here = np.arange(count.max()) < count[:, None]
    from_, until = (starts - EVENING_S)[:, None], (ends + followed_s)[:, None]
    lengths = np.minimum(lying.end[place], until) - np.maximum(lying.start[place], from_)
    longest: Seconds = np.where(here, lengths, 0).max(axis=1)
    return longest
