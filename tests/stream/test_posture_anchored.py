"""What the rule for collars with an anchor says of stretches, one stretch after the other, and when it says nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.posture.features import Features, features_of, mapped
from stream.posture.labelled import classify
from stream.posture.seat import Seat, pitch_deg, roll_deg
from stream.posture.verdicts import LYING, STANDING, UNKNOWN, Reason

T0 = 1_710_000_000_000
ANCHOR = {"anchor": [0.0, 1.0, 0.0], "spread_deg": 5.0}
angles = st.sampled_from([-90, -60, -20, 3.9, 4.1, 8.9, 9.1, 12.9, 13.1, 17.9, 18.1, 30, 61, 89])
vedbas = st.sampled_from([0.0, 0.03, 0.031, 0.05, 0.099, 0.1, 0.3])


def gravity(pitch, roll=0.0, norm=1.0):
    """Gravity of a neck that points up by `pitch` degrees, the collar turned around it by `roll` degrees."""
    up, around = math.radians(pitch), math.radians(roll)
    return [norm * part for part in (math.sin(up), math.cos(up) * math.cos(around), math.cos(up) * math.sin(around))]


def stretches(*drawn, count=100):
    """One stretch for each `(gravity, vedba)`."""
    n = len(drawn)
    vedba = np.array([one for _, one in drawn])
    zeros = np.zeros(n, dtype=np.int64)
    directions = np.array([one for one, _ in drawn]).reshape(n, 3)
    return Features(zeros, zeros, zeros + count, directions, np.zeros((n, 3)), vedba, 2 * vedba, 10 * vedba)


def told(where, vedba, parameters=ANCHOR, count=100):
    verdicts = classify(stretches((where, vedba), count=count), parameters)
    return int(verdicts.posture[0]), Reason(verdicts.reason[0])


def expected(pitch, roll, vedba):
    """Say the rule in the order of its evidence."""
    if vedba >= 0.1:
        return STANDING, Reason.KNOWN
    if abs(roll) > 56:
        return UNKNOWN, Reason.ROLLED_AWAY
    if vedba <= 0.03:
        lies, stands = pitch >= 9 or abs(roll) >= 28, pitch <= 4
    else:
        lies, stands = pitch >= 18, pitch <= 13
    if lies or stands:
        return LYING if lies else STANDING, Reason.KNOWN
    return UNKNOWN, Reason.BETWEEN


@given(
    pitch=angles.filter(lambda angle: -90 < angle < 72),
    roll=st.sampled_from([-170, -57, -29, -27, 0, 27, 29, 55, 57]),
    vedba=vedbas,
)
def test_movement_is_asked_first_then_stillness_and_the_neck(pitch, roll, vedba):
    assert told(gravity(pitch, roll), vedba) == expected(pitch, roll, vedba)


@given(seat_pitch=st.sampled_from([-30, 0, 25]), seat_roll=st.sampled_from([-170, 0, 90, 179]), pitch=angles)
def test_angles_are_told_beside_the_anchor_however_the_collar_sits(seat_pitch, seat_roll, pitch):
    seat = Seat(tuple(gravity(seat_pitch, seat_roll)), 0.0)
    where = np.array([gravity(pitch, seat_roll + 20)])

    assert np.allclose(pitch_deg(where, seat), pitch - seat_pitch, atol=1e-5)
    if pitch != -90:
        assert np.allclose(roll_deg(where, seat), 20, atol=1e-5)


@given(turn=st.sampled_from([65, 90, 180, -120]), pitch=st.sampled_from([-40, -10, 0, 15, 60]), vedba=vedbas)
def test_a_sudden_turn_of_the_collar_is_never_taken_for_a_posture(turn, pitch, vedba):
    posture, _ = told(gravity(pitch, turn), vedba)

    assert posture == (STANDING if vedba >= 0.1 else UNKNOWN)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({}, Reason.NO_ANCHOR), ({"turned": True}, Reason.TURNED), ({**ANCHOR, "turned": True}, Reason.TURNED)],
)
def test_without_a_seat_only_movement_is_told(parameters, reason):
    assert told(gravity(30), 0.05, parameters) == (UNKNOWN, reason)
    assert told(gravity(-30), 0.0, parameters) == (UNKNOWN, reason)
    assert told(gravity(-30), 0.2, parameters) == (STANDING, Reason.KNOWN)


def test_few_samples_and_what_is_not_gravity_tell_nothing():
    assert told(gravity(30), 0.0, count=9) == (UNKNOWN, Reason.TOO_FEW)
    assert told(gravity(30, norm=1.4), 0.0) == (UNKNOWN, Reason.NOT_GRAVITY)
    assert told(gravity(30, norm=1.2), 0.0) == (LYING, Reason.KNOWN)


@given(
    drawn=st.lists(st.tuples(st.builds(gravity, angles, angles), vedbas), min_size=1, max_size=8), order=st.randoms()
)
def test_each_stretch_is_told_by_itself_in_any_order(drawn, order):
    shuffled = list(range(len(drawn)))
    order.shuffle(shuffled)
    straight = classify(stretches(*drawn), ANCHOR)
    mixed = classify(stretches(*(drawn[index] for index in shuffled)), ANCHOR)

    assert np.array_equal(straight.posture[shuffled], mixed.posture)
    assert np.array_equal(straight.reason[shuffled], mixed.reason)
    assert np.all((straight.posture == UNKNOWN) == (straight.reason != Reason.KNOWN))


@given(seed=st.integers(0, 20), axes=st.permutations(["fwd", "up", "right"]), signs=st.tuples(*[st.booleans()] * 3))
def test_a_device_that_names_its_axes_otherwise_is_told_the_same(seed, axes, signs):
    rng = np.random.default_rng(seed)
    standing = rng.normal(gravity(rng.uniform(-60, 40), rng.uniform(-70, 70)), rng.choice([0.01, 0.03, 0.1]), (300, 3))
    names = tuple(("-" if sign else "") + axis for axis, sign in zip(axes, signs, strict=True))
    columns = [standing[:, ["fwd", "up", "right"].index(axis)] for axis in axes]
    device = np.stack([-column if sign else column for column, sign in zip(columns, signs, strict=True)], axis=1)
    times = range(T0, T0 + 30_000, 100)
    plain = classify(features_of(times, standing), ANCHOR)
    turned = classify(mapped(features_of(times, device), names), ANCHOR)

    assert np.array_equal(plain.posture, turned.posture)
