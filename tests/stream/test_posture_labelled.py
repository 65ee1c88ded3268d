"""Applying a model is plain arithmetic: logistic regression, two states that last, and unknown between two bounds."""

import itertools
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.posture.features import features_of
from stream.posture.labelled import NAMES, classify, design, model_of
from stream.posture.seat import Seat
from stream.posture.smoothing import smoothed
from stream.posture.verdicts import LYING, STANDING, UNKNOWN, Reason

T0 = 1_710_000_000_000
probabilities = st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.6, 0.9, 1.0])
stays = st.tuples(*[st.sampled_from([0.5, 0.8, 0.99])] * 2)
BY_PITCH = {
    "features": ["pitch"],
    "mean": [0.0],
    "scale": [1.0],
    "coefficients": [90.0],
    "intercept": 0.0,
    "stay": [0.5, 0.5],
    "bounds": [0.3, 0.7],
}
PARAMETERS = {"anchor": [0.0, 1.0, 0.0], "model": BY_PITCH}


def by_enumeration(standing, stay):
    """Add up the probability of every sequence of states."""
    told = [min(max(one, 1e-6), 1 - 1e-6) for one in standing]
    moves = {(0, 0): stay[0], (0, 1): 1 - stay[0], (1, 1): stay[1], (1, 0): 1 - stay[1]}
    total, upright = 0.0, [0.0] * len(told)
    for states in itertools.product((0, 1), repeat=len(told)):
        chance = math.prod(moves[pair] for pair in itertools.pairwise(states))
        chance *= math.prod(one if state else 1 - one for one, state in zip(told, states, strict=True))
        total += chance
        upright = [so_far + chance * state for so_far, state in zip(upright, states, strict=True)]
    return [one / total for one in upright]


@given(standing=st.lists(probabilities, min_size=1, max_size=7), stay=stays)
def test_smoothing_weighs_every_sequence_of_states(standing, stay):
    assert np.allclose(smoothed(standing, stay), by_enumeration(standing, stay))


def neck(pitch, roll=0.0, count=100, shake=0.0):
    """Ten seconds of a neck at an angle in degrees."""
    up, around = math.radians(pitch), math.radians(roll)
    gravity = [math.sin(up), math.cos(up) * math.cos(around), math.cos(up) * math.sin(around)]
    sign = (-1.0) ** np.arange(count)
    return np.array(gravity) + shake * sign[:, None] * np.array([1.0, 0.0, 0.0])


def told(*stretches, parameters=PARAMETERS):
    xyz = np.concatenate(stretches)
    return classify(features_of(range(T0, T0 + 100 * len(xyz), 100), xyz), parameters)


@given(pitch=st.sampled_from([-30.0, -0.9, -0.8, 0.0, 0.8, 0.9, 30.0]))
def test_between_the_bounds_nothing_is_told(pitch):
    chance = 1 / (1 + math.exp(-pitch))
    verdicts = told(neck(pitch))

    expected = STANDING if chance >= 0.7 else LYING if chance <= 0.3 else UNKNOWN
    assert verdicts.posture.tolist() == [expected]
    assert verdicts.reason.tolist() == [Reason.BETWEEN if expected == UNKNOWN else Reason.KNOWN]


def test_neighbours_in_a_message_speak_for_a_stretch_that_says_nothing():
    lasting = {**PARAMETERS, "model": {**BY_PITCH, "stay": [0.95, 0.95]}}

    assert told(neck(3), neck(0), neck(3), parameters=lasting).posture.tolist() == [STANDING] * 3
    assert told(neck(0), parameters=lasting).posture.tolist() == [UNKNOWN]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        pytest.param({"model": BY_PITCH}, Reason.NO_ANCHOR, id="no anchor"),
        pytest.param({**PARAMETERS, "turned": True}, Reason.TURNED, id="turned"),
    ],
)
def test_a_model_without_a_seat_tells_movement_only(parameters, reason):
    assert told(neck(-30), parameters=parameters).reason.tolist() == [reason]
    assert told(neck(-30, shake=0.3), parameters=parameters).posture.tolist() == [STANDING]


def test_what_rolled_away_is_unknown_whatever_the_model_says():
    assert told(neck(30, roll=90)).reason.tolist() == [Reason.ROLLED_AWAY]
    assert told(neck(30, roll=90, shake=0.3)).posture.tolist() == [STANDING]
    assert told(1.5 * neck(30)).reason.tolist() == [Reason.NOT_GRAVITY]


@given(order=st.permutations(range(4)))
def test_messages_are_told_each_by_itself(order):
    kinds = [neck(30), neck(-30), neck(0.5), neck(0)]
    lasting = {**PARAMETERS, "model": {**BY_PITCH, "stay": [0.95, 0.95]}}
    xyz = np.concatenate([kinds[index] for index in order])
    together = classify(features_of(range(T0, T0 + 40_000, 100), xyz, [0, 100, 200, 300]), lasting)

    assert together.posture.tolist() == [int(told(kinds[index], parameters=lasting).posture[0]) for index in order]


def test_a_model_survives_being_kept_as_json_and_weighs_what_it_names():
    kept = json.loads(json.dumps(PARAMETERS))
    features = features_of(range(T0, T0 + 10_000, 100), neck(20, shake=0.05))

    assert model_of(kept).features == ("pitch",)
    assert design(features, Seat((0.0, 1.0, 0.0), 0.0)).shape == (1, len(NAMES))
    assert classify(features, kept).posture.tolist() == [STANDING]
    assert model_of({}) is None


def test_applying_a_model_needs_no_library_that_fits_models():
    code = "import sys, stream.posture.labelled, stream.contribution; print('sklearn' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
