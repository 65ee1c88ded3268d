"""From signs to states: the score against least squares, levels by the false alarms allowed, and no flicker."""

from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from bench.alarms_judging import alarms
from stream.behaviour.habit import LEAST_DAYS, habits_of
from stream.behaviour.levels import ALLOWED, SCORES, Levels, factor_of, levels_for
from stream.behaviour.measures import MEASURES
from stream.behaviour.score import CORRELATION, SIGNS, score_of, signs_of
from stream.behaviour.states import CALM_S, HELD_S, IMPROVING_S, LOOK_S, Reason, State, followed

LEVELS = Levels(look_now=4.0, watch=3.0)
ILL, WATCHED, BETWEEN, CALM = 5.0, 3.5, 2.0, 1.0

signs = st.lists(st.sampled_from([-3.0, -1.0, -0.2, 0.0, 0.5, 1.0, 2.5, 4.0]), min_size=len(SIGNS), max_size=len(SIGNS))


@given(told=signs)
def test_the_score_is_that_of_the_best_weights_of_0_or_more(told):
    lower = np.linalg.cholesky(np.array(CORRELATION))
    white = np.linalg.solve(lower, told)
    _, left = nnls(lower.T, white)

    assert score_of(np.array(told)) ** 2 == pytest.approx(white @ white - left**2, abs=1e-6)


@given(told=signs, which=st.integers(1, len(SIGNS) - 1))
def test_an_unknown_sign_has_no_say(told, which):
    lower = np.array(told)
    lower[which] = -50.0
    unknown = np.array(told)
    unknown[which] = np.nan

    assert score_of(unknown) <= score_of(np.array(told)) + 1e-9
    assert np.isfinite(score_of(unknown))


def test_without_the_hours_standing_there_is_no_score():
    assert np.isnan(score_of(np.array([np.nan, 3.0, 3.0, 3.0])))


def test_signs_point_towards_illness():
    off = np.zeros((1, len(MEASURES)))
    off[0, :4] = [-2, 2, 2, 2]

    assert (signs_of(off) > 1).all()
    assert score_of(signs_of(-off)) == 0


@given(one=st.floats(0.02, 100), other=st.floats(0.02, 100))
def test_the_more_false_alarms_are_allowed_the_lower_the_levels(one, other):
    few, many = (levels_for(allowed) for allowed in sorted((one, other)))

    assert few.look_now >= many.look_now
    assert few.watch >= many.watch
    assert few.watch <= few.look_now


def test_levels_are_those_of_the_table_and_move_with_the_herd():
    assert [levels_for(allowed).look_now for allowed in ALLOWED] == pytest.approx(SCORES)
    assert levels_for(1.0, factor=1.2).look_now == pytest.approx(1.2 * levels_for(1.0).look_now)


def test_a_herd_whose_days_stray_further_than_its_bands_say_has_higher_levels():
    rng, group = np.random.default_rng(2), np.zeros(40, dtype=int)
    steady = rng.normal(size=(40, 28, len(MEASURES)))
    wild = rng.standard_t(2, size=steady.shape)

    factors = [factor_of(days, habits_of(days, group)) for days in (steady, wild)]

    assert factors[0] < factors[1]
    assert factor_of(wild[:5], habits_of(wild[:5], group[:5])) == 1  # too few days to tell


def looked(scores, *, levels=LEVELS, days=28):
    course, courses = None, []
    for look, score in enumerate(scores):
        course = followed(course, look * LOOK_S, score, levels, days=days)
        courses.append(course)
    return courses


def hours(seconds):
    return seconds // LOOK_S


@settings(max_examples=200)
@given(
    scores=st.lists(
        st.sampled_from([ILL, WATCHED, BETWEEN, CALM]).flatmap(
            lambda one: st.integers(1, 15).map(lambda times: [one] * times)
        ),
        max_size=12,
    ).map(lambda runs: list(chain.from_iterable(runs)))
)
def test_alarms_begin_as_the_bench_counts_them(scores):
    states = [course.state for course in looked(scores)]
    begun = [
        state is State.LOOK_NOW and (look == 0 or states[look - 1] is not State.LOOK_NOW)
        for look, state in enumerate(states)
    ]

    assert alarms(np.array([scores]).reshape(1, -1), LEVELS.look_now)[0].tolist() == begun


def test_an_animal_falls_ill_improves_and_is_well_again():
    courses = looked([CALM] * 3 + [WATCHED] * 2 + [ILL] * 4 + [BETWEEN, CALM] * 60)

    told = [courses[0].state]
    told += [course.state for before, course in pairwise(courses) if course.state != before.state]
    assert told[:4] == [State.NORMAL, State.WATCH, State.LOOK_NOW, State.IMPROVING]
    assert courses[8].peak == ILL
    assert courses[8].since == 5 * LOOK_S


def test_improving_lasts_two_days_and_ends_in_calm():
    courses = looked([ILL] + [CALM] * 100)

    states = [course.state for course in courses]
    assert states.index(State.IMPROVING) == 1 + hours(CALM_S)
    assert states.index(State.NORMAL) == states.index(State.IMPROVING) + hours(IMPROVING_S)


def test_one_that_improves_and_falls_ill_again_is_to_be_looked_at_again():
    courses = looked([ILL] + [CALM] * 20 + [WATCHED, ILL])

    assert [course.state for course in courses[-2:]] == [State.IMPROVING, State.LOOK_NOW]


@pytest.mark.parametrize(("high", "level"), [(ILL, LEVELS.look_now), (WATCHED, LEVELS.watch)])
def test_a_score_that_wavers_about_a_level_does_not_flicker(high, level):
    courses = looked([high] + [level - 0.1, level + 0.1] * 50)

    assert len({course.state for course in courses}) == 1


@pytest.mark.parametrize(
    ("days", "reason"), [(LEAST_DAYS - 1, Reason.NOT_ENOUGH_DAYS), (LEAST_DAYS, Reason.NOT_ENOUGH_HEARD)]
)
def test_nothing_is_said_without_enough_days_or_seconds_and_the_reason_is(days, reason):
    courses = looked([None, float("nan"), None], days=days)

    assert {(course.state, course.reason, course.since) for course in courses} == {(State.NONE, reason, 0)}


def test_a_state_outlasts_a_silence_of_less_than_a_day():
    courses = looked([ILL] + [None] * (hours(HELD_S) + 2) + [CALM])

    states = [course.state for course in courses]
    assert states[: hours(HELD_S)] == [State.LOOK_NOW] * hours(HELD_S)
    assert states[hours(HELD_S) :] == [State.NONE] * 3 + [State.NORMAL]
    assert courses[-2].since == HELD_S
