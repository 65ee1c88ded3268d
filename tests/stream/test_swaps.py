"""Exchanged collars: what is proposed doesn't hang on the order of animals, and an evident exchange is found."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.behaviour.habit import HABIT_DAYS
from stream.behaviour.measures import MEASURES, PRIOR_SD
from stream.behaviour.swaps import LEAST_SINCE, swaps_of

seeds = st.integers(0, 2**32 - 1)
ANIMALS = 10


def herd(seed, apart, missing=0.0):
    """Days of animals whose means spread by so many SDs of a day, and the group of each."""
    rng = np.random.default_rng(seed)
    days = rng.normal(size=(ANIMALS, HABIT_DAYS, len(MEASURES)))
    days += apart * rng.normal(size=(ANIMALS, 1, len(MEASURES)))
    days[rng.random((ANIMALS, HABIT_DAYS)) < missing] = np.nan
    return days * PRIOR_SD + 10, rng.integers(0, 2, ANIMALS)


def exchanged(days, one, other, since):
    days = days.copy()
    days[[one, other], -since:] = days[[other, one], -since:]
    return days


def pairs(swaps):
    return {frozenset((swap.one, swap.other)): swap.since for swap in swaps}


@settings(max_examples=15)
@given(seed=seeds, since=st.sampled_from([0, 4, 9]), missing=st.sampled_from([0.0, 0.3, 1.0]))
def test_the_order_of_the_animals_does_not_matter(seed, since, missing):
    days, group = herd(seed, 2.0, missing)
    days = exchanged(days, 0, 1, since) if since else days
    order = np.random.default_rng(seed).permutation(ANIMALS)

    shuffled = swaps_of(days[order], group[order])

    places = [{frozenset((order[swap.one], order[swap.other])): swap.since} for swap in shuffled]
    assert {key: value for place in places for key, value in place.items()} == pairs(swaps_of(days, group))


@settings(max_examples=30)
@given(seed=seeds, since=st.integers(LEAST_SINCE + 1, 12))
def test_it_is_the_same_which_of_the_two_wears_which(seed, since):
    days, group = herd(seed, 2.0)
    group[:2] = 0

    one = swaps_of(exchanged(days, 0, 1, since), group)
    other = swaps_of(exchanged(days[[1, 0, *range(2, ANIMALS)]], 0, 1, since), group)

    assert [(swap.since, round(swap.evidence, 6)) for swap in one] == [
        (swap.since, round(swap.evidence, 6)) for swap in other
    ]


@settings(max_examples=40)
@given(seed=seeds, since=st.integers(5, 12))
def test_animals_that_live_otherwise_are_found_out_and_the_exchange_undone_is_silent(seed, since):
    days, group = herd(seed, 0.5)
    days[0, :, :2] += np.array([3.0, -3.0]) * PRIOR_SD[:2]
    days[1, :, :2] -= np.array([3.0, -3.0]) * PRIOR_SD[:2]

    found = pairs(swaps_of(exchanged(days, 0, 1, since), group))

    assert abs(found[frozenset((0, 1))] - since) <= 1
    assert frozenset((0, 1)) not in pairs(swaps_of(days, group))


@settings(max_examples=20)
@given(seed=seeds)
def test_one_animal_that_changes_alone_has_exchanged_nothing(seed):
    days, group = herd(seed, 0.2)
    days[1] += 4 * np.array(PRIOR_SD)
    days[0, -8:] += 4 * np.array(PRIOR_SD)

    assert not any({swap.one, swap.other} == {0, 1} for swap in swaps_of(days, group))


def test_without_days_or_animals_nothing_is_said():
    days, group = herd(1, 2.0)

    assert swaps_of(days[:1], group[:1]) == []
    assert swaps_of(np.full_like(days, np.nan), group) == []
    assert swaps_of(days[:, :8], group) == []
    assert swaps_of(np.repeat(days[:, :1], HABIT_DAYS, axis=1), group) == []
