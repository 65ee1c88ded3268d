"""Smoothing against a forward-backward pass in plain Python, and the laws by which days may be read one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.behaviour.bouts import LYING, STANDING, UNKNOWN
from stream.behaviour.smoothing import (
    BLOCK_S,
    BOUT_S,
    FILLED_S,
    LASTS,
    MARGIN_S,
    REACH_S,
    SAID_STANDING,
    STEP_S,
    SURE,
    smoothed,
    standing_probability,
)

BUCKET_S = 900
lengths = st.sampled_from([1, 5, 10, 20, 60, 290, 300, 310, 610, 900, 1800, 4000])
runs = st.lists(st.tuples(st.sampled_from([STANDING, LYING, UNKNOWN]), lengths), min_size=1, max_size=12)
firsts = st.sampled_from([0, 900, 1_700_000_100, 1_700_002_800])
flags = st.lists(st.sampled_from([True, True, True, False]), min_size=1, max_size=6)
counts = st.lists(st.sampled_from([BUCKET_S, BUCKET_S, BUCKET_S, 899]), min_size=1, max_size=6)


def laid_out(told):
    """Return whole buckets of seconds, unknown at the end."""
    seconds = [value for value, length in told for _ in range(length)]
    return np.array(seconds + [UNKNOWN] * (-len(seconds) % BUCKET_S), dtype=np.int8)


def cycled(values, count, kind):
    return np.array([values[place % len(values)] for place in range(count)], dtype=kind)


def oracle_probability(odds, first):
    """Return the probability of standing in each step: all steps of an hour and its margins, hour by hour."""
    stay = 1 - STEP_S / BOUT_S
    likelihood = {first // STEP_S + place: (1.0, float(one)) for place, one in enumerate(odds)}
    found = []
    for place in range(len(odds)):
        step = first // STEP_S + place
        begin = (step * STEP_S // BLOCK_S * BLOCK_S - MARGIN_S) // STEP_S
        end = begin + (BLOCK_S + 2 * MARGIN_S) // STEP_S
        if (begin, end) not in likelihood:
            likelihood[begin, end] = forward_backward(
                [likelihood.get(one, (1.0, 1.0)) for one in range(begin, end)], stay
            )
        found.append(likelihood[begin, end][step - begin])
    return found


def forward_backward(likelihoods, stay):
    """Rabiner's alpha and beta, scaled to add up to 1; state 0 lies, state 1 stands."""
    move = [[stay, 1 - stay], [1 - stay, stay]]
    alphas, betas = [], [[1.0, 1.0]]
    for seen in likelihoods:
        before = alphas[-1] if alphas else [0.5, 0.5]
        alpha = [seen[now] * sum(before[old] * move[old][now] for old in (0, 1)) for now in (0, 1)]
        alphas.append([one / sum(alpha) for one in alpha])
    for seen in likelihoods[:0:-1]:
        beta = [sum(move[now][new] * seen[new] * betas[-1][new] for new in (0, 1)) for now in (0, 1)]
        betas.append([one / sum(beta) for one in beta])
    both = [[a * b for a, b in zip(*pair, strict=True)] for pair in zip(alphas, betas[::-1], strict=True)]
    return [stands / (lies + stands) for lies, stands in both]


def oracle_odds(steps):
    if_lies, if_stands = SAID_STANDING
    said = [{STANDING: if_stands / if_lies, LYING: (1 - if_stands) / (1 - if_lies), UNKNOWN: 1}[one] for one in steps]
    return np.prod([one ** (1 / (STEP_S * LASTS)) for one in said])


def oracle(seconds, inferred, received, first):
    """Return what each second may be told as: one posture, or two where the probability is at a bound."""
    seconds, steps = seconds.tolist(), len(seconds) // STEP_S
    odds = [
        oracle_odds(seconds[STEP_S * one : STEP_S * (one + 1)]) if inferred[one * STEP_S // BUCKET_S] else 1.0
        for one in range(steps)
    ]
    silent = [set(seconds[STEP_S * one : STEP_S * (one + 1)]) == {UNKNOWN} for one in range(steps)]
    found = []
    probabilities = oracle_probability(odds, first)
    likely = list(zip(*(oracle_likely([one + error for one in probabilities]) for error in (-1e-9, 1e-9)), strict=True))
    for second, posture in enumerate(seconds):
        bucket, step = second // BUCKET_S, second // STEP_S
        until = since = step
        while silent[step] and since and silent[since - 1]:
            since -= 1
        while silent[step] and until + 1 < steps and silent[until + 1]:
            until += 1
        gap = silent[step] and (until + 1 - since) * STEP_S > FILLED_S
        if not inferred[bucket]:
            found.append({posture})
        elif posture == UNKNOWN and (received[bucket] < BUCKET_S or gap):
            found.append({UNKNOWN})
        else:
            found.append(set(likely[step]))
    return found


def oracle_likely(probabilities):
    """Return what each step most likely is; in a brief doubt between two postures the likelier one."""
    likely = [STANDING if one >= SURE else LYING if one <= 1 - SURE else UNKNOWN for one in probabilities]
    found = list(likely)
    for step, one in enumerate(likely):
        before = next((at for at in range(step, -1, -1) if likely[at] != UNKNOWN), None)
        after = next((at for at in range(step, len(likely)) if likely[at] != UNKNOWN), None)
        if one != UNKNOWN or None in {before, after} or likely[before] == likely[after]:
            continue
        if (after - before - 1) * STEP_S <= FILLED_S:
            found[step] = STANDING if probabilities[step] >= 1 / 2 else LYING
    return found


def test_an_animal_that_clearly_lay_and_then_stood_is_seen_to_rise():
    seconds = laid_out([(LYING, 3600), (STANDING, 3600)])
    told = np.ones((1, 8), dtype=np.bool_), np.full((1, 8), BUCKET_S)

    found = smoothed(seconds[None], *told, first=0)[0]
    doubtful = smoothed(laid_out([(LYING, 3600), (UNKNOWN, 900), (STANDING, 2700)])[None], *told, first=0)[0]

    assert found.tolist() == seconds.tolist()
    assert UNKNOWN in doubtful


@settings(max_examples=40)
@given(told=runs, first=firsts, worn=flags, heard=counts)
def test_seconds_are_those_of_the_slow_way(told, first, worn, heard):
    seconds = laid_out(told)
    buckets = len(seconds) // BUCKET_S
    inferred, received = cycled(worn, buckets, np.bool_), cycled(heard, buckets, np.int64)

    found = smoothed(seconds[None], inferred[None], received[None], first=first)[0]

    expected = oracle(seconds, inferred, received, first)
    assert all(one in may for one, may in zip(found.tolist(), expected, strict=True))


@settings(max_examples=40)
@given(odds=st.lists(st.sampled_from([0.7, 1.0, 1.3]), min_size=1, max_size=500), first=firsts)
def test_probabilities_are_those_of_the_slow_way(odds, first):
    found = standing_probability(np.array([odds]), first=first)[0]

    assert found == pytest.approx(oracle_probability(odds, first), abs=1e-9)


@settings(max_examples=20)
@given(before=runs, told=runs, after=runs, first=firsts)
def test_what_is_further_away_than_the_reach_changes_nothing(before, told, after, first):
    inner = laid_out([*told, (UNKNOWN, 100), (STANDING, 2 * REACH_S), *told])
    around = laid_out(before), laid_out(after)
    whole = np.concatenate([around[0], inner, around[1]])
    here = slice(len(around[0]) + REACH_S, len(around[0]) + len(inner) - REACH_S)

    wide, narrow = (
        smoothed(
            seconds[None],
            np.ones((1, len(seconds) // BUCKET_S), dtype=np.bool_),
            np.full((1, len(seconds) // BUCKET_S), BUCKET_S),
            first=start,
        )[0]
        for seconds, start in ((whole, first), (inner, first + len(around[0])))
    )

    assert wide[here].tolist() == narrow[REACH_S : len(inner) - REACH_S].tolist()


@settings(max_examples=20)
@given(told=runs, others=runs)
def test_animals_beside_one_another_change_nothing(told, others):
    seconds = laid_out([*told, (STANDING, 900), *others])
    other = np.roll(seconds, BUCKET_S)
    buckets = len(seconds) // BUCKET_S
    worn, received = np.ones((2, buckets), dtype=np.bool_), np.full((2, buckets), BUCKET_S)

    together = smoothed(np.stack([seconds, other]), worn, received, first=0)
    alone = smoothed(seconds[None], worn[:1], received[:1], first=0)

    assert together[0].tolist() == alone[0].tolist()


@settings(max_examples=20)
@given(told=runs, first=firsts, heard=counts)
def test_both_postures_are_unknown_where_they_were_not_measured(told, first, heard):
    seconds = laid_out(told)
    received = cycled(heard, len(seconds) // BUCKET_S, np.int64)

    found = smoothed(seconds[None], np.ones((1, len(received)), dtype=np.bool_), received[None], first=first)[0]

    measured = np.repeat(received == BUCKET_S, BUCKET_S) | (seconds != UNKNOWN)
    assert (found[~measured] == UNKNOWN).all()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param([(1, 1800), (0, 60), (1, 1740)], [(1, 3600)], id="a minute that differs is an error"),
        pytest.param([(1, 1800), (-1, 300), (1, 1500)], [(1, 3600)], id="five minutes are filled"),
        pytest.param([(1, 1800), (-1, 310), (1, 1490)], [(1, 1800), (-1, 310), (1, 1490)], id="not a longer time"),
    ],
)
def test_hand_made_hours(told, expected):
    seconds, hoped = laid_out(told), laid_out(expected)
    buckets = len(seconds) // BUCKET_S

    found = smoothed(seconds[None], np.ones((1, buckets), dtype=np.bool_), np.full((1, buckets), BUCKET_S), first=0)

    assert found[0].tolist() == hoped.tolist()


def test_half_an_hour_of_the_other_posture_is_believed_but_for_its_edges():
    seconds = laid_out([(1, 3600), (0, 1800), (1, 3600)])

    found = smoothed(seconds[None], np.ones((1, 10), dtype=np.bool_), np.full((1, 10), BUCKET_S), first=0)[0]

    assert (found[3600 + 300 : 5400 - 300] == LYING).all()
    assert (found[:3300] == STANDING).all()
    assert np.flatnonzero(np.diff(found)) + 1 == pytest.approx([3600, 5400], abs=60)
