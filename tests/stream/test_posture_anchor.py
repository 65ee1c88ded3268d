"""The seat of a collar is learned from its walks, in any order, and dated where it changes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.posture.anchor import anchor_of, angles_deg
from stream.posture.refused import Refused
from stream.posture.seat import Seat
from stream.posture.summary import Motion
from stream.posture.turning import turned, turns
from stream.posture.walks import walks_of

T0 = 1_710_000_000_000
AXES = ("fwd", "up", "right")
MINUTE = 60_000


def direction(pitch, roll):
    up, around = math.radians(pitch), math.radians(roll)
    return np.array([math.sin(up), math.cos(up) * math.cos(around), math.cos(up) * math.sin(around)])


def walk(minute, gravity, stretches=1, digest=0):
    fwd, up, right = (float(part) for part in gravity)
    return Motion(T0 + minute * MINUTE, digest, stretches, stretches, fwd, up, right, 0, 0.0, 0.0, 0.0, 0.3, 0.5)


def walking(pitch, roll, minutes, seed=0, scatter=6.0):
    """One walk a minute, whose head nods and rolls by a few degrees."""
    rng = np.random.default_rng(seed)
    return [
        walk(minute, direction(pitch + rng.normal(0, scatter), roll + rng.normal(0, scatter))) for minute in minutes
    ]


def learned(motions, axes=AXES, **parameters):
    return anchor_of(walks_of(motions, axes, parameters))


@given(pitch=st.sampled_from([-20, 0, 15]), roll=st.sampled_from([-150, 0, 40]), seed=st.integers(0, 5))
def test_the_anchor_points_where_gravity_points_while_walking(pitch, roll, seed):
    seat = learned(walking(pitch, roll, range(80), seed))

    assert angles_deg(np.array([seat.anchor]), direction(pitch, roll))[0] < 3
    assert 4 < seat.spread_deg < 13
    assert math.isclose(math.hypot(*seat.anchor), 1)


@settings(max_examples=30)
@given(share=st.floats(0, 0.3), seed=st.integers(0, 5))
def test_a_minority_that_only_looks_like_walking_moves_it_little(share, seed):
    grazing = walking(-50, 0, range(100, 100 + int(100 * share)), seed)
    seat = learned(walking(0, 0, range(100), seed) + grazing)

    assert angles_deg(np.array([seat.anchor]), direction(0, 0))[0] < 5


@settings(max_examples=30)
@given(motions=st.just(walking(10, 30, range(40))), order=st.randoms(), again=st.lists(st.integers(0, 39), max_size=5))
def test_order_and_repetition_of_summaries_change_nothing_to_the_last_bit(motions, order, again):
    shuffled = [*motions, *(motions[index] for index in again)]
    order.shuffle(shuffled)

    assert learned(shuffled) == learned(motions)


def test_axes_gain_and_offset_come_before_the_anchor():
    gravity = direction(10, 30)
    motions = [walk(minute, [(-gravity[1] - 0.1) / 1.1, gravity[2], gravity[0]]) for minute in range(40)]
    seat = learned(motions, ("-up", "right", "fwd"), gain=[1.1, 1.0, 1.0], offset=[0.1, 0.0, 0.0])

    assert np.allclose(seat.anchor, gravity)


@pytest.mark.parametrize(
    ("motions", "code"),
    [
        pytest.param([], "few_walks", id="no walk"),
        pytest.param(walking(0, 0, range(17)), "few_walks", id="17 stretches"),
        pytest.param([walk(0, direction(0, 0), 40)], "few_walks", id="one minute"),
        pytest.param(walking(0, 0, range(30)) + walking(0, 120, range(30, 60)), "no_direction", id="turned meanwhile"),
    ],
)
def test_too_little_walking_is_refused_with_the_reason(motions, code):
    refused = learned(motions)

    assert isinstance(refused, Refused)
    assert refused.code == code


@settings(max_examples=30)
@given(angle=st.sampled_from([40, 60, 90, 180, -120]), at=st.integers(10, 70), seed=st.integers(0, 5))
def test_a_turn_is_dated_between_the_last_walk_before_and_the_first_after(angle, at, seed):
    motions = walking(5, 10, range(at), seed) + walking(5, 10 + angle, range(at, 80), seed + 1)
    walks = walks_of(motions[::-1], AXES, {})
    seat = Seat(tuple(direction(5, 10)), 7.0)
    since = T0 + (at - 1) * MINUTE, T0 + at * MINUTE

    found = turned(walks, seat)
    assert (found.after, found.before) == since
    assert abs(found.angle_deg - angles_deg(np.array([direction(5, 10 + angle)]), np.array(seat.anchor))[0]) < 10
    assert [(turn.after, turn.before) for turn in turns(walks)] == [since]


@given(seed=st.integers(0, 20))
def test_walking_that_only_wanders_is_no_turn(seed):
    walks = walks_of(walking(5, 10, range(200), seed, scatter=7.0), AXES, {})

    assert turned(walks, Seat(tuple(direction(5, 10)), 8.0)) is None
    assert turns(walks) == ()


@settings(max_examples=20)
@given(tilt=st.sampled_from([-25, 0, 25]), until=st.sampled_from([330, 400]), seed=st.integers(0, 20))
def test_a_tilt_that_no_single_walk_shows_is_told_by_the_walking_of_hours_and_only_then(tilt, until, seed):
    before, after = walking(0, 0, range(0, 300, 5), seed), walking(tilt, 0, range(300, until, 3), seed + 1)

    found = turned(walks_of(before + after, AXES, {}), Seat((0.0, 1.0, 0.0), 12.0))

    assert (found is not None) == (tilt != 0)
    if found:
        assert abs(found.before - (T0 + 300 * MINUTE)) <= 10 * MINUTE


def test_every_turn_of_a_day_is_found_oldest_first():
    motions = walking(0, 0, range(30)) + walking(0, 90, range(30, 60), 1) + walking(0, 200, range(60, 90), 2)

    found = turns(walks_of(motions, AXES, {}))
    assert [turn.before for turn in found] == [T0 + 30 * MINUTE, T0 + 60 * MINUTE]


def test_a_collar_that_turned_back_agrees_again():
    motions = walking(0, 0, range(30)) + walking(0, 90, range(30, 40), 1) + walking(0, 0, range(40, 60), 2)

    assert turned(walks_of(motions, AXES, {}), Seat((0.0, 1.0, 0.0), 7.0)) is None


def test_a_turn_needs_a_minute_of_walking_and_may_have_no_walk_before():
    seat = Seat((0.0, 1.0, 0.0), 7.0)

    assert turned(walks_of(walking(0, 90, range(5)), AXES, {}), seat) is None
    assert turned(walks_of(walking(0, 90, range(6)), AXES, {}), seat)[:2] == (None, T0)
    assert turned(walks_of([], AXES, {}), seat) is None
