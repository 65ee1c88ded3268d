"""What the walking of the last days changes: nothing without need, the present ten minutes ahead, the past whole."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.motion import Motion
from storage.evidence.registry import SINCE_EVER, Calibration
from stream.calibrating.seating import DAY_MS, EFFECT_MS, change_of, forgotten, gain_change_of
from stream.calibrating.tags import Levels, change_of_tag

NOW = 1_710_000_000_000
MINUTE = 60_000
AXES = ("fwd", "up", "right")


def direction(pitch, roll=0.0):
    up, around = math.radians(pitch), math.radians(roll)
    return math.sin(up), math.cos(up) * math.cos(around), math.cos(up) * math.sin(around)


def walk(ago_min, pitch, roll=0.0):
    return Motion(NOW - ago_min * MINUTE, 0, 2, 2, *direction(pitch, roll), 0, 0.0, 0.0, 0.0, 0.3, 0.5)


def walking(minutes, pitch, roll=0.0):
    return [walk(minute, pitch, roll) for minute in minutes]


def made(effective_from=SINCE_EVER, mount="collar", **parameters):
    return Calibration(effective_from, mount, AXES, 1, parameters)


ANCHORED = made(anchor=list(direction(0)), spread_deg=4.0)


@pytest.mark.parametrize(
    ("calibrations", "motions"),
    [
        ([], walking(range(60), 0)),
        ([made(mount="leg")], walking(range(60), 0)),
        ([made()], []),
        ([made()], walking(range(4), 0)),
        ([made(NOW + 1)], walking(range(60), 0)),
        ([ANCHORED], walking(range(60), 1)),
        ([made(NOW - EFFECT_MS, anchor=list(direction(0)))], walking(range(60), 10)),
        ([ANCHORED, made(NOW + 1, anchor=list(direction(0)))], walking(range(60), 10)),
        ([made(turned=True)], walking(range(4), 0)),
    ],
)
def test_nothing_changes_without_need_or_evidence(calibrations, motions):
    assert change_of(calibrations, motions, NOW) is None


def test_a_drift_is_followed_ten_minutes_ahead_and_only_then():
    change = change_of([ANCHORED], walking(range(60), 8), NOW)

    assert change.history == ()
    assert change.live.effective_from == NOW + EFFECT_MS
    assert np.allclose(change.live.parameters["anchor"], direction(8))
    assert change_of([ANCHORED, change.live], walking(range(60), 8), NOW + EFFECT_MS) is None


def test_all_else_that_calibrations_say_stays_through_a_turn():
    model = {"intercept": 1}
    later = made(NOW - 200 * MINUTE, anchor=list(direction(0)), spread_deg=4.0, model=model)
    coming = later._replace(effective_from=NOW + MINUTE, hold_s=2)
    motions = walking(range(100, 300), 0) + walking(range(60), 0, 90)
    change = change_of([ANCHORED, later, coming], motions, NOW)

    found = [(one.effective_from, one.hold_s, "model" in one.parameters) for one in change.history]
    assert found == [
        (SINCE_EVER, 1, False),
        (later.effective_from, 1, True),
        (NOW - 100 * MINUTE + 1, 1, True),
        (NOW - 59 * MINUTE, 1, True),
        (NOW + MINUTE, 2, True),
    ]
    assert [one.parameters.get("turned", False) for one in change.history] == [False, False, True, False, False]
    assert np.allclose(change.history[-1].parameters["anchor"], direction(0, 90))
    assert (change.since, change.live.parameters["turned"]) == (NOW - 100 * MINUTE + 1, True)


@given(order=st.randoms(), again=st.lists(st.integers(0, 79), max_size=5))
def test_order_and_repetition_of_what_moved_change_nothing(order, again):
    motions = walking(range(60, 100), 0) + walking(range(40), 5, 90)
    shuffled = [*motions, *(motions[index] for index in again)]
    order.shuffle(shuffled)

    assert change_of([made()], shuffled, NOW) == change_of([made()], motions, NOW)


def test_what_was_learned_can_be_forgotten():
    gain = {"gain": [1, 1, 1], "offset": [0, 0, 0]}
    calibrations = [made(**gain), made(5, turned=True, **gain), made(6, anchor=[0, 1, 0], spread_deg=1.0, **gain)]

    assert forgotten(calibrations) == (made(**gain),)


def test_gain_and_offset_come_with_the_anchor_that_goes_with_them():
    rng = np.random.default_rng(1)
    gravity = rng.normal(size=(80, 3))
    measured = (gravity / np.linalg.norm(gravity, axis=1, keepdims=True) - [0.05, 0, 0]) / [1.05, 1, 1]
    still = [
        Motion(NOW - place * MINUTE, 0, 2, 0, 0.0, 0.0, 0.0, 2, *row, 0.01, 0.01)
        for place, row in enumerate(measured.tolist())
    ]
    change = gain_change_of([ANCHORED], still, walking(range(60), 0), NOW)

    assert np.allclose(change.live.parameters["gain"], [1.05, 1, 1], atol=0.005)
    assert np.allclose(change.live.parameters["offset"], [0.05, 0, 0], atol=0.005)
    assert change.live.effective_from == NOW + EFFECT_MS
    assert np.allclose(change.live.parameters["anchor"], direction(math.degrees(math.asin(0.05))), atol=0.01)
    assert gain_change_of([change.live], still, walking(range(60), 0), NOW + 2 * DAY_MS) is None
    assert gain_change_of([ANCHORED], still, [], NOW) is None


def levels(*parts):
    up_g = np.concatenate([np.full(count, value) for count, value in parts])
    return Levels(NOW - DAY_MS + 10_000 * np.arange(len(up_g)), up_g)


TAG = made(mount="leg")


@pytest.mark.parametrize(
    "found",
    [levels((600, 0.9), (600, 0.1)), levels((100, -0.9)), levels((500, 0.9), (300, -0.9)), levels((600, 0.1))],
)
def test_a_tag_that_sits_well_or_has_not_told_enough_stays(found):
    assert change_of_tag([TAG], found, NOW) is None


def test_a_threshold_of_its_own_is_used_ten_minutes_later():
    rng = np.random.default_rng(1)
    found = levels((1, 0.0))._replace(
        at=NOW - DAY_MS + 10_000 * np.arange(1200),
        up_g=np.concatenate([rng.normal(0.5, 0.04, 600), rng.normal(0.98, 0.04, 600)]),
    )
    change = change_of_tag([TAG], found, NOW)

    assert 0.6 < change.live.parameters["threshold_g"] < 0.85
    assert change.live.effective_from == NOW + EFFECT_MS
    assert change_of_tag([TAG, change.live], found, NOW + EFFECT_MS) is None
