"""One series, one origin, one forecast."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter
from statsmodels.tsa.statespace.sarimax import SARIMAX

from forecast.inputs import History
from forecast.kernel.predicting import predict_all
from forecast.model import arma
from forecast.model.arma import FitError
from forecast.model.bands import Calibration
from forecast.model.baselines import baselines_of
from forecast.model.predicting import Forecast, predict, within_bounds
from forecast.model.rhythm import fit_rhythm
from forecast.regressors.design import RegressorError, Site, design_of
from forecast.specification import Specification, SpecificationError

WEEK = Specification(history=timedelta(days=7))
UNBOUNDED = replace(WEEK, bounds=None)
ARRAYS = ("mean", "sigma", "lower80", "upper80", "lower95", "upper95")


def _of(values: object) -> History:
    return History(datetime(2026, 5, 1, tzinfo=UTC), timedelta(minutes=15), np.asarray(values, dtype=float))


def _same(one: Forecast, other: Forecast) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in ARRAYS)


def _nested(forecast: Forecast) -> bool:
    lines = [forecast.lower95, forecast.lower80, forecast.mean, forecast.upper80, forecast.upper95]
    return all((low <= high).all() for low, high in pairwise(lines))


def _issuable(forecast: Forecast) -> bool:
    within = (forecast.lower95 >= 0).all() and (forecast.upper95 <= 1).all()
    return _nested(forecast) and bool(within and (forecast.sigma >= 0.01).all())


@pytest.mark.parametrize("gaps", [0.0, 0.3])
@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_a_forecast_is_nested_within_its_bounds_and_as_long_as_asked(series, strength, gaps):
    history = series(3, days=8, strength=strength, gaps=gaps)

    for horizon in (1, 192):
        forecast = predict(history, WEEK, horizon=horizon)

        assert (forecast.model, forecast.reason) == ("harmonic_sarimax", "")
        assert {getattr(forecast, name).shape for name in ARRAYS} == {(horizon,)}
        assert _issuable(forecast)
        assert forecast.origin == history.start + timedelta(days=8)


def test_two_stages_equal_statsmodels_on_the_same_residuals(series):
    """Plain SARIMAX with its scale as a parameter, at our estimates, foretells the same; its search finds no better."""
    history = series(4, days=7, strength=0.3, gaps=0.05)
    specification = replace(WEEK, bounds=None)
    design = design_of(history, specification, horizon=192, site=Site())
    rhythm = fit_rhythm(history.values, design[:-192], 96)
    plain = SARIMAX(history.values - rhythm.at(design[:-192]), order=(2, 0, 1), trend="n")

    forecast = predict(history, specification)

    parameters = [forecast.parameters[name] for name in plain.param_names]
    ahead = plain.filter(parameters, cov_type="none").get_forecast(192)
    wider = max(1.0, rhythm.left_out_rmse / rhythm.fitted_rmse)
    np.testing.assert_allclose(forecast.mean, rhythm.at(design[-192:]) + ahead.predicted_mean, atol=1e-9)
    np.testing.assert_allclose(forecast.sigma, ahead.se_mean * wider, rtol=1e-7)
    assert plain.loglike(parameters) > plain.fit(disp=0, maxiter=200, cov_type="none").llf - 0.05


@pytest.mark.parametrize(
    ("values", "model", "reason"),
    [
        pytest.param([np.nan] * 960, "none", "no value is known", id="all_missing"),
        pytest.param([], "none", "no value is known", id="empty"),
        pytest.param([np.inf, -np.inf] * 480, "none", "no value is known", id="nothing_finite"),
        pytest.param([0.25] * 960, "constant_mean", "all values are equal", id="constant"),
        pytest.param([0.0, np.nan] * 480, "constant_mean", "all values are equal", id="constant_with_gaps"),
        pytest.param([0.2, 0.8] * 20, "constant_mean", "0 days are at least half known", id="hours_only"),
        pytest.param([0.2, 0.8] * 96, "mean_profile_14d", "2 days are at least half known", id="two_days"),
        pytest.param(
            ([np.nan] * 90 + [0.3, 0.7] * 3) * 7,
            "constant_mean",
            "0 days are at least half known",
            id="days_of_an_hour",
        ),
        pytest.param([0.1, 0.9] * 5 + [np.nan] * 600, "constant_mean", "0 days", id="known_long_ago_only"),
    ],
)
@pytest.mark.parametrize("bounds", [(0.0, 1.0), None], ids=["bounded", "unbounded"])
@pytest.mark.parametrize("batched", [False, True], ids=["reference", "kernel"])
def test_what_cannot_carry_a_model_falls_back_by_name(values, model, reason, bounds, batched):
    """The same from the reference and from the kernel; without bounds widths follow the values, never nothing."""
    specification = replace(WEEK, bounds=bounds)

    forecast = predict_all([_of(values)], specification)[0] if batched else predict(_of(values), specification)

    assert forecast.model == model
    assert reason in forecast.reason
    if model == "none":
        assert all(np.isnan(getattr(forecast, name)).all() for name in ARRAYS)
    elif bounds:
        assert _issuable(forecast)
    else:
        assert _nested(forecast)
        assert (forecast.sigma > 0).all()
        assert (forecast.lower95 < forecast.upper95).all()


def test_a_few_values_are_as_wide_as_ignorance():
    """Ten equal hours are no reason to be sure of the next two days."""
    few, many = predict(_of([0.5] * 40), WEEK), predict(_of([0.5] * 672), WEEK)

    np.testing.assert_allclose(few.sigma, 1 / np.sqrt(12))
    np.testing.assert_allclose(many.sigma, 0.01)


def test_a_profile_is_the_mean_of_its_days_and_as_wide_as_they_differ():
    """Two days, 0.2 and 0.4 at every slot but one: mean 0.3, variance 0.02 between days, and half for the mean."""
    days = np.repeat([0.2, 0.4], 96)
    days[0] = 0.4

    forecast = predict(_of(days), WEEK)

    assert forecast.model == "mean_profile_14d"
    np.testing.assert_allclose(forecast.mean[[0, 1, 96, 191]], [0.4, 0.3, 0.4, 0.3])
    np.testing.assert_allclose(forecast.sigma, np.sqrt(0.02 * 95 / 96 * 1.5))


def test_an_outlier_is_worth_no_more_than_the_bound(series):
    values = series(5, days=7, strength=0.3).values.copy()
    values[300] = 25.0
    clipped = values.copy()
    clipped[300] = 1.0

    assert _same(predict(_of(values), WEEK), predict(_of(clipped), WEEK))


@given(
    outlier=st.sampled_from([30.0, 1e3, 1e9, -1e6]),
    shift=st.sampled_from([0.0, -50.0, 4000.0]),
    size=st.sampled_from([1.0, 0.01, 250.0]),
)
def test_without_bounds_an_outlier_is_worth_three_ranges(outlier, shift, size):
    """Whatever the unit: as far beyond the middle 90 % as thrice their range, and no other value moves."""
    plain = np.random.default_rng(1).normal(size=(2, 672))
    plain[0, 5] = np.nan
    wild = plain.copy()
    wild[1, 300] = outlier
    low, high = np.quantile(wild[1], [0.05, 0.95])
    expected = high + 3 * (high - low) if outlier > 0 else low - 3 * (high - low)

    found = within_bounds(shift + size * wild, UNBOUNDED)

    np.testing.assert_allclose(found[1, 300], shift + size * expected, rtol=1e-9)
    found[1, 300] = (shift + size * plain)[1, 300]
    np.testing.assert_array_equal(found, shift + size * plain)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([], id="empty"),
        pytest.param([np.nan] * 40, id="all_missing"),
        pytest.param([7.0] * 40, id="constant"),
        pytest.param([0.0] * 39 + [8.0], id="a_rare_event_among_equal_values"),
        pytest.param([1.0] * 36 + [90.0] * 4, id="a_level_that_lasts"),
    ],
)
def test_without_bounds_what_is_no_outlier_stays(values):
    np.testing.assert_array_equal(within_bounds(np.array(values, dtype=float), UNBOUNDED), values)


def test_without_bounds_one_wrong_reading_does_not_widen_the_bands_beyond_use(series):
    """A reading a thousand times too large: the widths stay within a third."""
    values = series(5, days=7, strength=0.3).values.copy()
    calm = predict(_of(values), UNBOUNDED)
    values[300] = 500.0

    found = predict(_of(values), UNBOUNDED)

    assert found.model == "harmonic_sarimax"
    assert (found.sigma < 1.34 * calm.sigma.max()).all()
    assert np.abs(found.mean - calm.mean).max() < 0.1


def test_the_least_width_without_bounds_is_a_hundredth_of_the_range():
    """A rhythm without errors between 100 and 300; the fit leaves nothing over."""
    hours = np.arange(672) % 96 / 96
    forecast = predict(_of(200 + 100 * np.sin(2 * np.pi * hours)), replace(UNBOUNDED, order=(1, 0, 0)))

    assert forecast.sigma.min() == pytest.approx(2.0)
    np.testing.assert_allclose(forecast.upper95 - forecast.mean, 1.959964 * forecast.sigma)


def test_bands_are_clipped_last_and_only_to_bounds(series):
    """Scaled first, clipped after; without bounds the same bands go on past 0 and 1."""
    history = series(6, days=7, strength=0.5)
    wide = Calibration((9.0,) * 4, (9.0,) * 4)

    clipped, free = (predict(history, one, calibration=wide) for one in (WEEK, replace(WEEK, bounds=None)))

    assert (free.lower95 < 0).any()
    assert (free.upper95 > 1).any()
    for name in ("mean", "lower80", "upper80", "lower95", "upper95"):
        np.testing.assert_array_equal(getattr(clipped, name), np.clip(getattr(free, name), 0, 1))


@pytest.mark.parametrize("weekly_harmonics", [0, 1])
@pytest.mark.parametrize("known", [9, 10])
def test_a_week_s_rhythm_needs_a_week_and_a_half(series, known, weekly_harmonics):
    values = series(3, days=21, strength=0.3).values.copy()
    values[: (21 - known) * 96] = np.nan
    specification = Specification(weekly_harmonics=weekly_harmonics)

    alone, together = predict(_of(values), specification), predict_all([_of(values)], specification)[0]

    assert (alone.model, alone.reason) == (together.model, together.reason)
    if weekly_harmonics and known < 10:
        assert alone.model == "mean_profile_14d"
        assert alone.reason == "9 days are at least half known, regressors included; harmonics of the week need 10"
    else:
        assert (alone.model, alone.reason) == ("harmonic_sarimax", "")


@pytest.mark.parametrize("minutes", [30, 60])
def test_a_week_is_learnt_at_any_step_by_reference_and_kernel_alike(minutes):
    """A group that rests on two days of seven: with the week's harmonics the error falls to less than half."""
    step, day = timedelta(minutes=minutes), 1440 // minutes
    slots = np.arange(33 * day)
    noise = lfilter([1], [1, -0.5], np.random.default_rng(3).normal(0, 0.02, len(slots)))
    values = 0.5 + 0.2 * np.sin(2 * np.pi * slots / day) - 0.3 * (slots // day % 7 >= 5) + noise
    history = History(datetime(2026, 5, 1, tzinfo=UTC), step, values[: 28 * day])
    daily = Specification(order=(1, 0, 0), harmonics=2, history=timedelta(days=28), step=step)
    weekly = replace(daily, weekly_harmonics=6)

    plain, found = (predict(history, one, horizon=5 * day) for one in (daily, weekly))
    batched = predict_all([history], weekly, horizon=5 * day)[0]

    errors = [np.sqrt(np.mean((one.mean - values[28 * day :]) ** 2)) for one in (plain, found)]
    assert errors[1] < 0.5 * errors[0]
    assert found.model == batched.model == "harmonic_sarimax"
    # the batched search ends a tenth of a log-likelihood below the maximum: half a standard error of the coefficient
    np.testing.assert_allclose(batched.mean, found.mean, atol=5e-3)


def test_a_value_that_is_not_finite_is_a_gap(series):
    values = series(5, days=7, strength=0.3).values.copy()
    values[[100, 200]] = np.nan
    wild = values.copy()
    wild[[100, 200]] = [np.inf, -np.inf]

    assert _same(predict(_of(values), WEEK), predict(_of(wild), WEEK))


@pytest.mark.parametrize(
    "fault",
    [np.linalg.LinAlgError("singular"), FitError("the likelihood's maximum was not found")],
    ids=["algebra", "search"],
)
def test_a_fit_that_fails_falls_back_and_says_why(series, monkeypatch, fault):
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("statsmodels.tsa.statespace.sarimax.SARIMAX.fit", fail)

    forecast = predict(series(5, days=7, strength=0.3), WEEK)

    assert forecast.model == "mean_profile_14d"
    assert str(fault) in forecast.reason
    assert _issuable(forecast)


def test_a_search_that_does_not_converge_is_a_fault(series, monkeypatch):
    monkeypatch.setattr(arma, "_MOST_ITERATIONS", 1)

    forecast = predict(series(5, days=7, strength=0.3), WEEK)

    assert (forecast.model, forecast.reason) == (
        "mean_profile_14d",
        "the likelihood's maximum was not found in 1 iterations",
    )


def test_only_the_asked_for_history_is_looked_at(series):
    """What lies before it, be it nonsense, changes neither the forecast nor the fingerprint of its inputs."""
    history = series(6, days=10, strength=0.3)
    nonsense = np.concatenate((np.random.default_rng(1).random(3 * 96), history.values[3 * 96 :]))
    columns = {"x": np.concatenate((np.full(3 * 96, np.nan), np.linspace(0, 1, 9 * 96)))}
    specification = replace(WEEK, regressors=("x",))

    one, other = (predict(_of(values), specification, columns=columns) for values in (history.values, nonsense))

    assert _same(one, other)
    assert one.inputs == other.inputs


def test_the_fingerprint_tells_inputs_apart(series):
    history = series(6, days=7, strength=0.3)
    changed = history.values.copy()
    changed[-1] += 1e-12
    later = History(history.start + timedelta(days=1), history.step, history.values)
    every = [
        predict(history, WEEK),
        predict(_of(changed), WEEK),
        predict(later, WEEK),
        predict(history, replace(WEEK, order=(1, 0, 0))),
        predict(history, WEEK, site=Site("Europe/Paris")),
    ]

    assert len({forecast.inputs for forecast in every}) == len(every)


def test_calibration_scales_the_bands_and_nothing_else(series):
    history = series(6, days=7, strength=0.1)
    specification = replace(WEEK, bounds=None)

    plain = predict(history, specification)
    wide = predict(history, specification, calibration=Calibration((2.0,) * 4, (3.0,) * 4))

    np.testing.assert_array_equal(plain.mean, wide.mean)
    np.testing.assert_allclose(wide.upper80 - wide.mean, 2 * (plain.upper80 - plain.mean))
    np.testing.assert_allclose(wide.mean - wide.lower95, 3 * (plain.mean - plain.lower95))


def test_a_strong_rhythm_beats_the_seasonal_naive_by_far(series):
    squares = {"model": 0.0, "seasonal_naive": 0.0}
    for seed in range(6):
        whole = series(seed, days=11, strength=0.4)
        past, truth = whole.until(9 * 96), whole.values[9 * 96 :]
        squares["model"] += np.sum((predict(past, WEEK).mean - truth) ** 2)
        squares["seasonal_naive"] += np.sum((baselines_of(past.values, 96, 192)["seasonal_naive"] - truth) ** 2)

    assert squares["model"] < 0.7 * squares["seasonal_naive"]


def test_a_past_gap_in_a_regressor_is_a_gap_in_the_fit(series):
    history = series(6, days=7, strength=0.3)
    column = np.sin(np.arange(len(history) + 192))
    column[50:60] = np.nan
    specification = replace(WEEK, regressors=("x",))

    assert predict(history, specification, columns={"x": column}).model == "harmonic_sarimax"
    column[: len(history)] = np.nan
    lost = predict(history, specification, columns={"x": column})
    assert (lost.model, lost.reason[:6]) == ("mean_profile_14d", "0 days")


def test_a_seasonal_model_is_honoured(series):
    specification = Specification((1, 0, 0), (0, 1, 1, 4), harmonics=0, history=timedelta(days=4))

    forecast = predict(series(7, days=4, strength=0.2, gaps=0.02), specification)

    assert forecast.model == "seasonal_sarimax"
    assert set(forecast.parameters) == {"ar.L1", "ma.S.L4", "sigma2"}
    assert _issuable(forecast)


def test_a_step_or_regressor_that_does_not_fit_is_refused(series):
    history = series(7, days=4, strength=0.2)

    with pytest.raises(SpecificationError, match="steps of 0:15:00, the model of 1:00:00"):
        predict(history, replace(WEEK, step=timedelta(hours=1)))
    with pytest.raises(RegressorError):
        predict(history, replace(WEEK, regressors=("unheard_of",)))


_REPEAT = """
import json, sys
from datetime import UTC, datetime, timedelta
import numpy as np
from forecast.inputs import History
from forecast.model.predicting import predict
from forecast.specification import Specification
values = np.array(json.loads(sys.stdin.read()))
forecast = predict(History(datetime(2026, 5, 1, tzinfo=UTC), timedelta(minutes=15), values), Specification())
print(forecast.model, forecast.inputs, forecast.mean.tobytes().hex(), forecast.sigma.tobytes().hex())
"""


def test_the_same_inputs_give_the_same_bits_with_any_number_of_threads(series):
    """Here with as many as there are, in a process of another hash seed with one more than that."""
    history = series(8, days=21, strength=0.2, gaps=0.02)
    here = predict(_of(history.values), Specification())
    more = str(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)) + 1)

    printed = subprocess.run(
        [sys.executable, "-c", _REPEAT],
        input=json.dumps(history.values.tolist()),
        env=os.environ | {"OPENBLAS_NUM_THREADS": more, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert here.model == "harmonic_sarimax"
    assert printed.split() == [here.model, here.inputs, here.mean.tobytes().hex(), here.sigma.tobytes().hex()]


def test_importing_the_package_loads_neither_statsmodels_nor_pandas():
    rooms = "forecast.choosing.backtest, forecast.model.predicting"
    code = f"import sys, {rooms}; print(sorted({{'statsmodels', 'pandas'}} & {{*sys.modules}}))"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"
