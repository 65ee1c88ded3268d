"""Bouts against an oracle that goes second by second, and against two cows whose bouts are known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.behaviour.bouts import BRIDGED_S, LYING, REACH_S, STANDING, UNKNOWN, bouts_of, majority

lengths = st.sampled_from([1, 2, 4, 5, 6, 9, 10, 11, 20, 29, 30, 31, 59, 60, 61, 62, 70, 130, 700])
runs = st.lists(st.tuples(st.sampled_from([STANDING, LYING, UNKNOWN]), lengths), max_size=12)
masked = st.lists(st.tuples(st.booleans(), st.sampled_from([1, 5, 10, 60, 61, 400])), max_size=4)
shortest = st.sampled_from([1, 30, 60])


def laid_out(told, kind=np.int8):
    return np.array([value for value, length in told for _ in range(length)], dtype=kind)


def mask_for(count, told):
    mask = laid_out(told, np.bool_)[:count]
    return np.concatenate([mask, np.zeros(count - len(mask), dtype=np.bool_)])


def oracle_majority(seconds):
    """Ten seconds around the middle of each second, in halves of a second."""
    found = list(seconds)
    for now, own in enumerate(seconds):
        votes = {STANDING: 0, LYING: 0, UNKNOWN: 0}
        for half in range(2 * now + 1 - 10, 2 * now + 1 + 10):
            if 0 <= half // 2 < len(seconds):
                votes[seconds[half // 2]] += 1
        if own != UNKNOWN and votes[STANDING] != votes[LYING]:
            found[now] = STANDING if votes[STANDING] > votes[LYING] else LYING
    return found


def stretches(values):
    """Yield `(value, start, end)` of equal values in a row."""
    start = 0
    for now in range(1, len(values) + 1):
        if now == len(values) or values[now] != values[start]:
            yield values[start], start, now
            start = now


def oracle(seconds, summed, shortest_lying_s):
    """Return `(bouts, posture of each known second)`, by rewriting a list again and again."""
    values = oracle_majority([UNKNOWN if is_sum else value for value, is_sum in zip(seconds, summed, strict=True)])
    values = ["sums" if is_sum else value for value, is_sum in zip(values, summed, strict=True)]
    known = [value in {STANDING, LYING} for value in values]
    for value, start, end in list(stretches(values)):
        before = values[start - 1] if start else None
        after = values[end] if end < len(values) else None
        if value == UNKNOWN and end - start <= BRIDGED_S and {before, after} <= {STANDING, LYING}:
            for now in range(start, end):
                values[now] = before if now < (start + end) // 2 else after
    for value, start, end in list(stretches(values)):
        flanked = start > 0 and end < len(values) and values[start - 1] == values[end] == STANDING
        if value == LYING and end - start < shortest_lying_s and flanked:
            values[start:end] = [STANDING] * (end - start)
    counted = [value if is_known else None for value, is_known in zip(values, known, strict=True)]
    for value, start, end in list(stretches(values)):
        if value == LYING and end - start < shortest_lying_s:
            values[start:end] = [UNKNOWN] * (end - start)
    found = []
    for value, start, end in stretches(values):
        if value in {STANDING, LYING}:
            opened = start == 0 or values[start - 1] in {UNKNOWN, "sums"}
            closed = end < len(values) and values[end] not in {UNKNOWN, "sums"}
            found.append((start, end, value == LYING, opened, not closed))
    return found, counted


def counted_of(known, count, first=0):
    counted = [None] * count
    for start, end, lying in zip(*(column.tolist() for column in known), strict=True):
        counted[start - first : end - first] = [LYING if lying else STANDING] * (end - start)
    return counted


@given(told=runs)
def test_the_filter_is_the_majority_of_ten_seconds(told):
    seconds = laid_out(told)

    assert majority(seconds).tolist() == oracle_majority(seconds.tolist())


@given(told=runs, sums=masked, shortest_lying_s=shortest, first=st.sampled_from([0, 1_700_000_100]))
def test_bouts_are_those_of_the_slow_way(told, sums, shortest_lying_s, first):
    seconds = laid_out(told)
    summed = mask_for(len(seconds), sums)

    bouts, known = bouts_of(seconds, summed, first=first, shortest_lying_s=shortest_lying_s)

    expected, counted = oracle(seconds.tolist(), summed.tolist(), shortest_lying_s)
    assert [(bout.start - first, bout.end - first, *bout[2:]) for bout in bouts.each()] == expected
    assert counted_of(known, len(seconds), first) == counted


@given(told=runs, sums=masked, shortest_lying_s=shortest)
def test_no_bout_reaches_into_sums_and_none_overlap(told, sums, shortest_lying_s):
    seconds = laid_out(told)
    summed = mask_for(len(seconds), sums)

    found = list(bouts_of(seconds, summed, shortest_lying_s=shortest_lying_s)[0].each())

    assert not any(summed[bout.start : bout.end].any() for bout in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(bout.end - bout.start >= shortest_lying_s for bout in found if bout.lying)


@given(told=runs, sums=masked, shortest_lying_s=shortest)
def test_no_sums_is_as_a_mask_of_none(told, sums, shortest_lying_s):
    seconds = laid_out(told)
    nothing = np.zeros(len(seconds), dtype=np.bool_)

    with_mask, without = (bouts_of(seconds, mask, shortest_lying_s=shortest_lying_s) for mask in (nothing, None))

    assert list(with_mask[0].each()) == list(without[0].each())


@given(before=runs, told=runs, after=runs, shortest_lying_s=shortest)
def test_what_is_further_away_than_the_reach_changes_nothing(before, told, after, shortest_lying_s):
    outer = [(STANDING, 40), (UNKNOWN, 10), (LYING, 5), (UNKNOWN, 60)] * 8  # what bridges as far as it can
    inner = np.concatenate([laid_out(part) for part in (outer, told, outer)])
    around = [laid_out(before), laid_out(after)]
    whole = np.concatenate([around[0], inner, around[1]])
    start, end = len(around[0]) + REACH_S, len(around[0]) + len(inner) - REACH_S

    cut, here = (
        bouts_of(seconds, first=first, shortest_lying_s=shortest_lying_s)
        for seconds, first in ((whole, 0), (inner, len(around[0])))
    )

    for edge, is_open in (("start", "open_start"), ("end", "open_end")):
        seen = [
            {
                (getattr(bout, edge), bout.lying, getattr(bout, is_open))
                for bout in bouts.each()
                if start <= getattr(bout, edge) < end
            }
            for bouts, _ in (cut, here)
        ]
        assert seen[0] == seen[1]
    counted = [counted_of(known, len(whole))[start:end] for _, known in (cut, here)]
    assert counted[0] == counted[1]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param([(1, 100), (-1, 60), (1, 100)], [(0, 260, False, True, True)], id="bridged"),
        pytest.param(
            [(1, 100), (-1, 61), (1, 100)],
            [(0, 100, False, True, True), (161, 261, False, True, True)],
            id="too long a gap",
        ),
        pytest.param(
            [(1, 100), (-1, 60), (0, 100)],
            [(0, 130, False, True, False), (130, 260, True, False, True)],
            id="changed within a short gap",
        ),
        pytest.param([(1, 100), (0, 59), (1, 100)], [(0, 259, False, True, True)], id="too short"),
        pytest.param([(1, 100), (0, 59)], [(0, 100, False, True, True)], id="short, with an end that is not known"),
        pytest.param(
            [(0, 100), (1, 20), (0, 100)],
            [(0, 100, True, True, False), (100, 120, False, False, False), (120, 220, True, False, True)],
            id="standing has no least length",
        ),
        pytest.param([], [], id="nothing"),
    ],
)
def test_hand_made_bouts(told, expected):
    assert list(bouts_of(laid_out(told), shortest_lying_s=60)[0].each()) == expected
