"""Any SARIMAX, against plain statsmodels on small cases."""

import warnings
from datetime import timedelta

import numpy as np
import pytest
from scipy.signal import lfilter
from statsmodels.tsa.statespace.sarimax import SARIMAX

from forecast.model import predict
from forecast.seasonal import filled, sarima_outlook, seasonal_outlook
from forecast.specification import Specification

ORDERS = [
    pytest.param((1, 1, 1), (1, 1, 1, 4), id="airline_and_more"),
    pytest.param((2, 0, 1), (0, 0, 0, 0), id="arma"),
    pytest.param((1, 0, 0), (0, 1, 1, 4), id="seasonal_difference"),
    pytest.param((0, 1, 1), (0, 0, 0, 0), id="exponential_smoothing"),
    pytest.param((1, 2, 1), (0, 0, 0, 0), id="two_differences"),
    pytest.param((0, 1, 0), (0, 0, 0, 0), id="random_walk"),
    pytest.param((1, 0, 1), (1, 0, 0, 12), id="seasonal_without_difference"),
]
GAPS = {"whole": [], "gaps": [50, 51, 52, 53, 80, 157, 158]}


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

    model = SARIMAX(values, order=order, seasonal_order=seasonal_order, trend="n", concentrate_scale=True)
    expected = model.filter([found.parameters[name] for name in model.param_names], cov_type="none")
    ahead = expected.get_forecast(20)
    np.testing.assert_allclose(found.mean, ahead.predicted_mean, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found.sigma, ahead.se_mean, rtol=1e-6)
    assert found.parameters["sigma2"] == pytest.approx(expected.scale, rel=1e-6)


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
