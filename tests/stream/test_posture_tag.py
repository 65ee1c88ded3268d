"""A leg tag's own histogram: upside down or not, and its threshold, only where it is clearly another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.posture.refused import Refused
from stream.posture.tag import Threshold, flipped, threshold_of


def tag(lying_g, standing_g, sd=0.06, counts=(600, 600), seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(lying_g, sd, counts[0]), rng.normal(standing_g, sd, counts[1])])


@given(up=st.lists(st.sampled_from([-1.0, -0.6, -0.5, 0.0, 0.5, 0.6, 1.0]), max_size=6))
def test_a_tag_is_upside_down_when_more_points_down_beyond_half_a_g(up):
    values = np.repeat(np.array(up), 400)
    beyond = [one for one in up if abs(one) > 0.5]
    found = flipped(values)

    if not beyond:
        assert isinstance(found, Refused)
    else:
        assert found == (sum(one > 0.5 for one in beyond) < sum(one < -0.5 for one in beyond))
        assert flipped(-values) == (sum(one < -0.5 for one in beyond) < sum(one > 0.5 for one in beyond))


@settings(max_examples=30)
@given(modes=st.sampled_from([(0.45, 0.95), (0.0, 0.55)]), seed=st.integers(0, 20))
def test_a_threshold_is_learned_between_the_modes_where_half_a_g_cuts_one_of_them(modes, seed):
    up = tag(*modes, seed=seed)
    found = threshold_of(up)

    assert isinstance(found, Threshold)
    assert modes[0] + 0.1 < found.threshold_g < modes[1] - 0.1
    assert found.moved >= 0.01
    mixed = threshold_of(np.random.default_rng(seed).permutation(up))
    assert np.allclose(mixed, found)


@pytest.mark.parametrize(
    ("up", "code"),
    [
        pytest.param(tag(0.0, 1.0, counts=(100, 100)), "few_values", id="half an hour"),
        pytest.param(tag(0.0, 1.0), "no_better", id="as usual"),
        pytest.param(tag(0.0, 1.0, counts=(10, 1000)), "one_mode", id="never lay"),
        pytest.param(np.random.default_rng(0).uniform(0, 1, 2000), "unclear_modes", id="no valley"),
        pytest.param(tag(-0.9, 0.0), "odd_threshold", id="upside down"),
    ],
)
def test_half_a_g_stays_where_the_histogram_does_not_clearly_say_better(up, code):
    assert threshold_of(up).code == code
