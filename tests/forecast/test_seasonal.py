"""Any SARIMAX, against plain statsmodels on small cases."""

import re
import warnings
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from statsmodels.tsa.statespace.sarimax import SARIMAX

from forecast.model.predicting import outlook_of, predict
from forecast.model.seasonal import filled, sarima_outlook, seasonal_outlook
from forecast.specification import Specification

ORDERS = [
    pytest.param((1, 1, 1), (1, 1, 1, 4), id="airline_and_more"),
    pytest.param((2, 0, 1), (0, 0, 0, 0), id="arma"),
    pytest.param((1, 0, 0), (0, 1, 1, 4), id="seasonal_difference"),
    pytest.param((0, 1, 1), (0, 0, 0, 0), id="exponential_smoothing"),
    pytest.param((1, 2, 1), (0, 0, 0, 0), id="two_differences"),
    pytest.param((0, 1, 0), (0, 0, 0, 0), id="random_walk"),
    pytest.param((1, 0, 1), (1, 0, 0, 12), id="seasonal_without_difference"),
    pytest.param((0, 1, 1), (0, 1, 1, 12), id="airline"),
    pytest.param((0, 1, 0), (0, 1, 0, 4), id="differences_alone"),
]
GAPS = {
    "whole": [],
    "gaps": [50, 51, 52, 53, 80, 157, 158],
    "at_the_beginning": [0, 1, 2, 4, 9],
    "longer_than_the_season_and_at_the_end": [*range(70, 95), *range(140, 160)],
}


def _is_that_of_statsmodels(found, values, order, seasonal_order):
    """In levels, from exactly nothing known; the scale over the observations that do not tell of an unknown state."""
    model = SARIMAX(values, order=order, seasonal_order=seasonal_order, trend="n", use_exact_diffuse=True)
    one = [found.parameters.get(name) if name != "sigma2" else 1.0 for name in model.param_names]
    filtered = model.filter(one, cov_type="none")
    errors, spread = filtered.forecasts_error[0], filtered.filter_results.forecasts_error_cov[0, 0]
    unknown = filtered.filter_results.forecasts_error_diffuse_cov
    counted = np.isfinite(errors) & np.isfinite(values) & (True if unknown is None else unknown[0, 0] < 1e-9)
    scale = np.mean(errors[counted] ** 2 / spread[counted])
    ahead = filtered.get_forecast(len(found.mean))
    np.testing.assert_allclose(found.mean, ahead.predicted_mean, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.sigma, ahead.se_mean * np.sqrt(scale), rtol=1e-4)
    assert found.parameters["sigma2"] == pytest.approx(scale, rel=1e-4)


def _walk(gaps: list[int]) -> np.ndarray:
    rng = np.random.default_rng(0)
    values = np.cumsum(lfilter([1, 0.3], [1, -0.5], rng.normal(size=160))) * 0.1 + np.tile(rng.normal(size=4), 40)
    values[gaps] = np.nan
    return values


@pytest.mark.parametrize("gaps", GAPS)
@pytest.mark.parametrize(("order", "seasonal_order"), ORDERS)
def test_scale_mean_and_variance_are_those_of_the_undifferenced_model(order, seasonal_order, gaps):
    """At the same parameters: the full state space of statsmodels, in levels, gaps as gaps."""
    values = _walk(GAPS[gaps])

    found = sarima_outlook(values, Specification(order=order, seasonal_order=seasonal_order), 20)

    _is_that_of_statsmodels(found, values, order, seasonal_order)


@pytest.mark.parametrize(("order", "seasonal_order"), ORDERS)
def test_without_gaps_the_parameters_maximise_the_plain_likelihood(order, seasonal_order):
    """No worse than the search of plain statsmodels on the differenced series, without Chandrasekhar."""
    values = _walk([])
    plain = SARIMAX(values, order=order, seasonal_order=seasonal_order, trend="n", simple_differencing=True)

    found = sarima_outlook(values, Specification(order=order, seasonal_order=seasonal_order), 20)

    here = plain.loglike([found.parameters[name] for name in plain.param_names])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the plain search tells of its starting values
        best = plain.fit(disp=0, maxiter=200, cov_type="none").llf
    assert here > best - 0.05


@pytest.mark.parametrize(("season", "step"), [(96, 15), (48, 30)])
def test_a_day_s_season_with_both_differences_and_gaps_is_that_of_the_undifferenced_model(season, step):
    """(0,1,1)(0,1,1,s) on four days with a night missing, across which the differences are gaps twice."""
    rng = np.random.default_rng(7)
    steps = np.arange(4 * season)
    values = 0.5 + 0.2 * np.sin(2 * np.pi * steps / season) + lfilter([1], [1, -0.9], rng.normal(0, 0.03, len(steps)))
    values[season + 5 : season + season // 3] = np.nan
    values[[3, 2 * season + 7, -1]] = np.nan
    specification = Specification(
        order=(0, 1, 1), seasonal_order=(0, 1, 1, season), step=timedelta(minutes=step), history=timedelta(days=4)
    )

    found = sarima_outlook(values, specification, 192)

    _is_that_of_statsmodels(found, values, (0, 1, 1), (0, 1, 1, season))


@given(
    order=st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)),
    seasonal_order=st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1), st.just(4)),
    count=st.integers(8, 80),
    gaps=st.sets(st.integers(0, 79), max_size=30),
)
@settings(max_examples=25)
def test_any_orders_on_any_history_are_fitted_or_refused_with_a_reason(order, seasonal_order, count, gaps):
    """A day of two steps keeps the history above the least days; what cannot be estimated falls back and says why."""
    rng = np.random.default_rng(count)
    values = np.tile([0.2, 0.4, 0.6, 0.3], 20)[:count] + rng.normal(0, 0.1, count)
    values[[gap for gap in gaps if gap < count]] = np.nan
    specification = Specification(order, seasonal_order, harmonics=0, step=timedelta(hours=12))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, reason, found = outlook_of(values, np.empty((count + 8, 0)), specification)

    assert (model == "seasonal_sarimax") == (reason == "")
    assert np.isfinite(found.mean).all() == (model != "none")


@pytest.mark.parametrize(
    ("order", "seasonal_order", "days", "told"),
    [
        pytest.param(
            (1, 0, 1), (0, 1, 1, 672), 4, "384 steps are too few for these orders, which look at 2016", id="week"
        ),
        pytest.param(
            (1, 1, 1), (1, 1, 1, 192), 5, "480 steps are too few for these orders, which look at 576", id="two"
        ),
        pytest.param((40, 0, 0), (0, 1, 0, 96), 5, "of the differences 384 are known, too few .* need 410", id="long"),
    ],
)
def test_what_a_history_is_too_short_for_is_said_in_figures(series, order, seasonal_order, days, told):
    specification = Specification(order, seasonal_order, harmonics=0, history=timedelta(days=days))

    forecast = predict(series(2, days=days, strength=0.3), specification)

    assert forecast.model == "mean_profile_14d"
    assert re.match(told, forecast.reason)


def test_a_season_of_a_day_is_forecast_across_the_day(series):
    """(1,0,0)(0,1,1,96) on four days: the bumps come at their hours, the harmonics do not get in the way."""
    history = series(2, days=5, strength=0.4)
    specification = Specification(order=(1, 0, 0), seasonal_order=(0, 1, 1, 96), harmonics=0, history=timedelta(days=5))

    found = seasonal_outlook(history.values, np.empty((5 * 96 + 192, 0)), specification)

    hours = found.mean[96:].reshape(24, 4).mean(axis=1)
    assert hours[7] > hours[2] + 0.2
    assert hours[17] > hours[12] + 0.15
    assert found.sigma[0] < found.sigma[95] < 0.2


@pytest.mark.parametrize("harmonics", [0, 2])
def test_a_season_without_differences_stands_beside_the_rhythm(series, harmonics):
    """(1,0,0)(1,0,0,4) through `predict`: the columns of the horizon are looked up, not fitted to."""
    history = series(2, days=5, strength=0.4)
    specification = Specification(
        order=(1, 0, 0), seasonal_order=(1, 0, 0, 4), harmonics=harmonics, history=timedelta(days=5)
    )

    found = predict(history, specification)

    assert (found.model, found.reason) == ("seasonal_sarimax", "")
    assert np.isfinite(found.mean).all()


def test_columns_that_differencing_annuls_are_left_out_and_others_are_found():
    """A daily harmonic differenced by its own period is nothing; a ramp of known slope is found."""
    rng = np.random.default_rng(4)
    steps = np.arange(172)
    cycle, ramp = np.sin(2 * np.pi * steps / 4 + 1), np.where(steps > 60, (steps - 60.0) ** 2 / 100, 0.0)
    values = np.cumsum(rng.normal(size=160)) * 0.05 + np.tile([0.0, 1.0, 2.0, 1.0], 40) + 3 * ramp[:160]
    specification = Specification(order=(0, 1, 0), seasonal_order=(0, 1, 1, 4))

    found = seasonal_outlook(values, np.column_stack((cycle, ramp)), specification)

    alone = seasonal_outlook(values, ramp[:, None], specification)
    np.testing.assert_allclose(found.mean, alone.mean, rtol=1e-9)
    trend = found.mean[11] - found.mean[3]
    assert trend == pytest.approx(3 * (ramp[171] - ramp[163]), rel=0.1)


@pytest.mark.parametrize(
    ("values", "season", "expected"),
    [
        pytest.param([1, 2, np.nan, 4], 0, [1, 2, 3, 4], id="straight_line"),
        pytest.param([np.nan, 2, 3, np.nan], 0, [2, 2, 3, 3], id="ends_are_held"),
        pytest.param([1, 5, np.nan, 7, 3, 9], 2, [1, 5, 2, 7, 3, 9], id="same_phase"),
        pytest.param([1, np.nan, 3, np.nan], 2, [1, 2, 3, 3], id="phase_never_known"),
    ],
)
def test_gaps_are_filled_for_the_search(values, season, expected):
    np.testing.assert_allclose(filled(np.array(values, dtype=float), season), expected)
