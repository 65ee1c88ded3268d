"""The four baselines, by hand and against a loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.model.baselines import BASELINES, baselines_of, combination

nan = np.nan


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        pytest.param("persistence", [1, 2, 3, nan], [3, 3, 3, 3, 3], id="persistence_skips_a_gap"),
        pytest.param("mean", [1, 2, nan, 6], [3, 3, 3, 3, 3], id="mean_of_what_is_known"),
        pytest.param("seasonal_naive", [1, 2, 3, 4, 5, nan], [4, 5, 3, 4, 5], id="naive_takes_the_last_known_day"),
        pytest.param("seasonal_naive", [5, 7], [6, 5, 7, 6, 5], id="naive_without_a_slot_takes_the_mean"),
        pytest.param("mean_14d", [1, 2, 3, 3, nan, 5], [2, 2, 4, 2, 2], id="profile"),
        pytest.param("mean_14d", [100, 0, 0, *[1, 2, 3] * 14], [1, 2, 3, 1, 2], id="profile_forgets_after_14_days"),
    ],
)
def test_by_hand(name, values, expected):
    """Days of three slots, five steps ahead."""
    np.testing.assert_allclose(BASELINES[name](np.array(values, dtype=float), 3, 5), expected)


@given(st.lists(st.sampled_from([0.0, 0.25, 1.0, nan]), min_size=0, max_size=60))
def test_every_step_has_a_value_as_soon_as_one_is_known(values):
    found = baselines_of(np.array(values), 3, 7)

    for steps in found.values():
        assert steps.shape == (7,)
        assert np.isfinite(steps).all() == bool(np.isfinite(values).any())


@given(st.lists(st.sampled_from([0.0, 0.25, 1.0, nan]), min_size=1, max_size=60).filter(lambda v: np.isfinite(v).any()))
def test_profile_and_naive_equal_a_loop(values):
    found = baselines_of(np.array(values), 3, 7)
    mean = np.nanmean(values)

    for step in range(7):
        same = values[::-1][2 - step % 3 :: 3]
        fourteen = [v for v in same[:14] if np.isfinite(v)]
        known = [v for v in same if np.isfinite(v)]
        assert found["seasonal_naive"][step] == pytest.approx(known[0] if known else mean)
        assert found["mean_14d"][step] == pytest.approx(np.mean(fourteen) if fourteen else mean)


def test_the_combination_lies_in_the_middle():
    np.testing.assert_array_equal(combination(np.array([0.0, 1.0]), np.array([1.0, nan])), [0.5, nan])
