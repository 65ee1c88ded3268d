"""Sums that merge, figures by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.model.bands import AS_FITTED, bands_of
from forecast.model.predicting import Forecast
from forecast.rolling.scoring import ErrorSums, merged, score, sums_of

nan = np.nan
values = st.sampled_from([0.0, 0.25, 0.5, 1.0, nan])


def _forecast(mean: np.ndarray) -> Forecast:
    sigma = np.full(len(mean), 0.1)
    return Forecast(
        origin=datetime(2026, 5, 1, tzinfo=UTC),
        step=timedelta(minutes=15),
        model="constant_mean",
        reason="",
        sigma=sigma,
        parameters={},
        inputs="",
        **bands_of(mean, sigma, AS_FITTED, (0.0, 1.0))._asdict(),
    )


@pytest.mark.parametrize(
    ("mean", "truth", "rmse", "mae", "bias"),
    [
        pytest.param([1, 1], [0, 1], np.sqrt(0.5), 0.5, 0.5, id="one_miss_of_two"),
        pytest.param([0.5, 0.5], [0, 1], 0.5, 0.5, 0.0, id="errors_that_cancel"),
        pytest.param([0.3, 9], [0.7, nan], 0.4, 0.4, -0.4, id="no_truth_no_target"),
        pytest.param([nan, 0.5], [1, 0.5], 0, 0, 0, id="no_forecast_no_target"),
        pytest.param([0.5], [nan], nan, nan, nan, id="nothing_to_score"),
    ],
)
def test_figures_by_hand(mean, truth, rmse, mae, bias):
    sums = sums_of(np.array(mean, dtype=float), np.array(truth, dtype=float))

    np.testing.assert_allclose([sums.rmse, sums.mae, sums.bias], [rmse, mae, bias])
    assert np.isnan(sums.coverage80)


def test_coverage_counts_edges_and_skips_gaps():
    truth = np.array([0.0, 0.5, 1.0, nan])
    low, high = np.array([0.0, 0.6, 0.9, 0.0]), np.array([0.1, 0.7, 1.0, 1.0])

    sums = sums_of(np.full(4, 0.5), truth, low, high, low * 0, high * 0 + 1)

    assert (sums.covered80, sums.covered95, sums.banded) == (2, 3, 3)


@given(st.lists(st.tuples(values, values), max_size=12), st.integers(0, 12))
def test_parts_sum_to_the_whole(pairs, cut):
    mean, truth = np.array(pairs, dtype=float).reshape(-1, 2).T
    edges = (mean - 0.1, mean + 0.1, mean - 0.3, mean + 0.3)
    parts = [
        sums_of(mean[part], truth[part], *(edge[part] for edge in edges)) for part in (slice(cut), slice(cut, None))
    ]
    whole, added = sums_of(mean, truth, *edges), parts[0] + parts[1]

    assert (added.count, added.banded, added.covered80, added.covered95) == (
        whole.count,
        whole.banded,
        whole.covered80,
        whole.covered95,
    )
    assert [added.squared, added.absolute, added.signed] == pytest.approx([whole.squared, whole.absolute, whole.signed])


@given(st.integers(0, 192))
def test_each_target_falls_into_one_band(known):
    forecast = _forecast(np.full(192, 0.5))

    scores = score(forecast, {"mean": np.full(192, 0.4)}, np.full(known, 0.5))

    expected = {
        band: max(0, min(known, last) - first + 1)
        for band, first, last in [("1-4", 1, 4), ("5-24", 5, 24), ("25-96", 25, 96), ("97-192", 97, 192)]
    }
    assert {band: sums.count for (model, band), sums in scores.items() if model == "model"} == expected
    assert {band: sums.banded for (model, band), sums in scores.items() if model == "mean"} == dict.fromkeys(
        expected, 0
    )


def test_scores_merge_key_by_key():
    one, other = ErrorSums(1, 1.0), ErrorSums(2, 3.0)

    assert merged({("a", "1-4"): one}, {("a", "1-4"): other, ("b", "1-4"): one}) == {
        ("a", "1-4"): ErrorSums(3, 4.0),
        ("b", "1-4"): one,
    }
