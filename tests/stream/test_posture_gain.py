"""Gain and offset are found again from what was still, or refused with the reason."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.posture.gain import Gain, corrected, gain_of
from stream.posture.refused import Refused
from stream.posture.summary import Motion

factors = st.tuples(*[st.sampled_from([0.93, 0.98, 1.0, 1.05])] * 3)
offsets = st.tuples(*[st.sampled_from([-0.05, 0.0, 0.03])] * 3)


def still(directions, gain=(1, 1, 1), offset=(0, 0, 0)):
    """Summaries of a device that measures so wrongly that `gain * measured + offset` is right."""
    measured = (directions - np.array(offset)) / np.array(gain)
    return [Motion(n, 0, 1, 0, 0.0, 0.0, 0.0, 1, *map(float, row), 0.01, 0.02) for n, row in enumerate(measured)]


def sphere(count, seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    directions = rng.normal(0, 1, (count, 3))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True) + rng.normal(0, noise, (count, 3))


@settings(max_examples=20)
@given(gain=factors, offset=offsets, order=st.randoms())
def test_gain_and_offset_are_found_again_in_any_order(gain, offset, order):
    motions = still(sphere(200, noise=0.001), gain, offset)
    shuffled = [*motions, motions[0]]
    order.shuffle(shuffled)
    found = gain_of(shuffled)

    assert isinstance(found, Gain)
    assert np.allclose(found.gain, gain, atol=0.003)
    assert np.allclose(found.offset, offset, atol=0.002)
    assert found.error_g < 0.002
    assert found == gain_of(motions)


def test_a_collar_that_keeps_its_seat_shows_too_few_directions():
    directions = sphere(500)
    upright = directions[directions[:, 1] > 0.2]

    refused = gain_of(still(upright))
    assert isinstance(refused, Refused)
    assert refused.code == "few_directions"


def test_few_still_messages_and_a_broken_sensor_are_refused():
    assert gain_of(still(sphere(49))).code == "few_still"
    assert gain_of([]).code == "few_still"
    assert gain_of(still(sphere(200, noise=0.2))).code == "no_fit"


@given(gain=factors, offset=offsets)
def test_a_calibration_without_gain_leaves_samples_alone(gain, offset):
    xyz = sphere(5)

    assert corrected(xyz, {}) is xyz
    assert np.allclose(corrected(xyz, {"gain": gain, "offset": offset}), xyz * np.array(gain) + np.array(offset))
