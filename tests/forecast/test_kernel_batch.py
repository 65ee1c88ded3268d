"""Many series at once: each as the reference forecasts it alone, and the same bits in any company."""

import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from statsmodels.tsa.statespace.sarimax import SARIMAX

from forecast.inputs import History
from forecast.kernel.batch import Batch, fit_and_forecast, is_batched
from forecast.kernel.predicting import predict_all
from forecast.kernel.rhythms import fit_rhythms, rhythms_at
from forecast.kernel.states import States
from forecast.model.arma import estimate
from forecast.model.bands import Calibration
from forecast.model.predicting import Forecast, predict
from forecast.model.rhythm import fit_rhythm
from forecast.regressors.design import Site, design_of
from forecast.specification import Specification, SpecificationError

START = datetime(2026, 3, 20, tzinfo=UTC)  # a DST change and the equinox within
QUARTER = timedelta(minutes=15)
WEEK = Specification(history=timedelta(days=7), regressors=("solar_elevation",))
SITE = Site("Europe/Paris", 46.6, 0.3)
EDGES = ("mean", "lower80", "upper80", "lower95", "upper95")


def _pen(seed: int, days: int = 7, gaps: float = 0.02) -> np.ndarray:
    """Share of a group's animals that stand: two bumps a day, a wandering mood, a finite number of animals, gaps."""
    rng = np.random.default_rng(seed)
    hour = np.arange(days * 96) % 96 / 4
    bumps = np.exp(-0.5 * ((hour - 7) / 1.5) ** 2) + np.exp(-0.5 * ((hour - 17) / 2) ** 2)
    mood = lfilter([1], [1, -rng.uniform(0.6, 0.95)], rng.normal(0, 0.2, len(hour)))
    animals = rng.integers(5, 40)
    values = rng.binomial(animals, 1 / (1 + np.exp(0.3 - rng.uniform(0, 2) * bumps - mood))) / animals
    values[rng.random(len(values)) < gaps] = np.nan
    if seed % 3 == 0:
        values[200:280] = np.nan
    return values


def _histories(rows) -> list[History]:
    return [History(START, QUARTER, row) for row in rows]


def _design(count: int, specification: Specification = WEEK, horizon: int = 192) -> np.ndarray:
    return design_of(_histories([np.zeros(count)])[0], specification, horizon=horizon, site=SITE)


def _bits(forecast: Forecast) -> tuple:
    arrays = (getattr(forecast, name).tobytes() for name in (*EDGES, "sigma"))
    return (forecast.model, forecast.reason, forecast.inputs, repr(forecast.parameters), *arrays)


def test_forecasts_are_those_of_the_reference_within_tolerance():
    """Both maximise one likelihood, each by its own search: what is left is where each of them stops."""
    rows = [_pen(seed, gaps=(0.0, 0.02, 0.3)[seed % 3]) for seed in range(15)]

    mean, edge = [], []
    for row, found in zip(rows, predict_all(_histories(rows), WEEK, site=SITE), strict=True):
        expected = predict(History(START, QUARTER, row), WEEK, site=SITE)
        assert (found.model, found.inputs) == (expected.model, expected.inputs)
        assert found.parameters["penalty"] == expected.parameters["penalty"]
        assert found.parameters.keys() == expected.parameters.keys()
        differences = [np.abs(getattr(found, name) - getattr(expected, name)).max() for name in EDGES]
        mean.append(differences[0])
        edge.append(max(differences[1:]))

    assert np.median(mean) < 5e-4
    assert np.median(edge) < 2e-3
    assert max(*mean, *edge) < 0.02


def test_the_likelihood_is_no_worse_than_the_reference_finds_it():
    rows = [_pen(seed) for seed in range(8)]

    for row, found in zip(rows, predict_all(_histories(rows), WEEK, site=SITE), strict=True):
        rhythm = fit_rhythm(row, _design(len(row))[:-192], 96)
        model = SARIMAX(row - rhythm.at(_design(len(row))[:-192]), order=(2, 0, 1), concentrate_scale=True)
        parameters = [found.parameters[name] for name in model.param_names]
        assert model.loglike(parameters) > model.loglike(estimate(model)) - 0.3


@pytest.mark.parametrize("days", [7, 5.3])
def test_rhythms_are_those_of_the_reference(days):
    count = int(days * 96)
    rows = np.array([_pen(seed)[:count] for seed in range(12)])
    design = np.column_stack((_design(count, horizon=96), np.full(count + 96, 3.0)))
    design[50:70, 3] = np.nan

    rhythms = fit_rhythms(rows, design[:count], 96)
    means = rhythms_at(rhythms.intercept, rhythms.coefficients, design, 96)

    for place, row in enumerate(rows):
        expected = fit_rhythm(row, design[:count], 96)
        assert rhythms.penalty[place] == expected.penalty
        assert rhythms.coefficients[place, -1] == 0.0
        np.testing.assert_allclose(means[place], expected.at(design), atol=1e-12)
        np.testing.assert_allclose(rhythms.left_out_rmse[place], expected.left_out_rmse, rtol=1e-10)
        np.testing.assert_allclose(rhythms.fitted_rmse[place], expected.fitted_rmse, rtol=1e-10)


def test_without_columns_the_rhythm_is_the_mean():
    rows = np.array([_pen(seed) for seed in range(3)])

    rhythms = fit_rhythms(rows, np.empty((rows.shape[1], 0)), 96)

    np.testing.assert_allclose(rhythms.intercept, np.nanmean(rows, axis=1), atol=1e-12)
    assert rhythms.coefficients.shape == (3, 0)


_ROWS = [*(_pen(seed, days=5) for seed in range(10)), np.full(480, 0.5), np.full(480, np.nan), _pen(1, days=5)]
_SHORT = replace(WEEK, history=timedelta(days=5))


@cache
def _alone(place: int) -> tuple:
    return _bits(*predict_all(_histories([_ROWS[place]]), _SHORT, site=SITE))


@settings(max_examples=8)
@given(st.lists(st.integers(0, len(_ROWS) - 1), min_size=1, max_size=14))
def test_a_series_has_the_same_bits_alone_among_others_and_in_any_order(places):
    together = predict_all(_histories([_ROWS[place] for place in places]), _SHORT, site=SITE)

    assert [_bits(found) for found in together] == [_alone(place) for place in places]


def test_more_series_than_a_chunk_have_the_same_bits(monkeypatch):
    whole = predict_all(_histories(_ROWS), _SHORT, site=SITE)
    monkeypatch.setattr("forecast.kernel.batch.CHUNK", 3)

    assert [*map(_bits, predict_all(_histories(_ROWS), _SHORT, site=SITE))] == [*map(_bits, whole)]


def test_many_chunks_are_each_what_it_is_alone_and_need_the_memory_of_one(monkeypatch):
    """Memory is what the fit needs beyond inputs and results."""
    monkeypatch.setattr("forecast.kernel.batch.CHUNK", 16)
    short = replace(WEEK, history=timedelta(days=3), harmonics=1, regressors=())
    some, design = np.array([_pen(seed, days=3) for seed in range(1, 17)]), _design(288, short, horizon=4)

    one, peak_of_one = _traced(some, design, short)
    many, peak_of_many = _traced(np.tile(some, (10, 1)), design, short)

    np.testing.assert_array_equal(many.bands.mean, np.tile(one.bands.mean, (10, 1)))
    assert peak_of_many < 1.5 * peak_of_one


def _traced(rows: np.ndarray, design: np.ndarray, specification: Specification) -> tuple[Batch, int]:
    tracemalloc.start()
    try:
        batch = fit_and_forecast(rows, design, specification)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return batch, peak - held


@pytest.mark.parametrize("order", [(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 0, 1), (1, 0, 1)], ids=str)
def test_lower_orders_are_those_of_the_reference(order):
    specification = replace(WEEK, order=order)
    rows = [_pen(seed) for seed in (1, 4)]

    for row, found in zip(rows, predict_all(_histories(rows), specification, site=SITE), strict=True):
        expected = predict(History(START, QUARTER, row), specification, site=SITE)
        assert found.parameters.keys() == expected.parameters.keys()
        for name in EDGES:
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=2e-3)


def test_what_cannot_carry_a_model_falls_back_as_the_reference_does():
    rows = np.array(
        [
            np.full(960, np.nan),
            np.full(960, 0.25),
            np.tile([0.0, np.nan], 480),
            np.concatenate((np.full(800, np.nan), np.tile([0.2, 0.8], 80))),
            np.tile([np.inf, -np.inf], 480),
            np.concatenate((np.full(672, np.nan), _pen(1, days=3))),
            _pen(1, days=10),
        ]
    )

    for row, found in zip(rows, predict_all(_histories(rows), WEEK, site=SITE), strict=True):
        expected = predict(History(START, QUARTER, row), WEEK, site=SITE)
        assert (found.model, found.reason) == (expected.model, expected.reason)
        if found.model != "harmonic_sarimax":
            assert _bits(found) == _bits(expected)


def test_a_search_that_does_not_settle_is_left_to_the_reference(monkeypatch):
    monkeypatch.setattr("forecast.kernel.search._TOLERABLE", 0.0)

    (found,) = predict_all(_histories([_pen(1)]), WEEK, site=SITE)

    assert _bits(found) == _bits(predict(History(START, QUARTER, _pen(1)), WEEK, site=SITE))


def test_what_has_no_batched_form_is_forecast_one_by_one():
    specification = Specification((1, 0, 0), (0, 1, 1, 4), harmonics=0, history=timedelta(days=4))
    row = _pen(1, days=4)

    (found,) = predict_all(_histories([row]), specification)

    assert not is_batched(specification)
    assert _bits(found) == _bits(predict(History(START, QUARTER, row), specification))
    assert predict_all([], WEEK) == []


def test_only_the_asked_for_history_is_looked_at_and_an_outlier_is_worth_the_bound():
    row = _pen(1, days=9)
    nonsense = row.copy()
    nonsense[: 2 * 96] = 0.5
    nonsense[400] = 25.0
    row[400] = 1.0

    first, second = predict_all(_histories([row, nonsense]), WEEK, site=SITE)

    assert [getattr(first, name).tobytes() for name in EDGES] == [getattr(second, name).tobytes() for name in EDGES]


def test_each_series_has_its_own_calibration():
    rows = np.array([_pen(1), _pen(1)])
    unbounded = replace(WEEK, bounds=None)

    plain, wide = predict_all(
        _histories(rows), unbounded, site=SITE, calibrations=[Calibration(), Calibration((2.0,) * 4, (3.0,) * 4)]
    )

    np.testing.assert_allclose(wide.upper80 - wide.mean, 2 * (plain.upper80 - plain.mean))
    np.testing.assert_allclose(wide.mean - wide.lower95, 3 * (plain.mean - plain.lower95))


def test_series_of_different_grids_are_refused():
    late = History(START + QUARTER, QUARTER, _pen(1))

    with pytest.raises(SpecificationError, match="one start"):
        predict_all([*_histories([_pen(1)]), late], WEEK, site=SITE)
    with pytest.raises(SpecificationError, match="steps of 0:15:00, the model of 1:00:00"):
        predict_all(_histories([_pen(1)]), replace(WEEK, step=timedelta(hours=1)))


_REPEAT = """
import json, sys
from datetime import UTC, datetime, timedelta
import numpy as np
from forecast.inputs import History
from forecast.kernel.predicting import predict_all
from forecast.specification import Specification
rows = np.array(json.loads(sys.stdin.read()), dtype=float)
start = datetime(2026, 3, 20, tzinfo=UTC)
for one in predict_all([History(start, timedelta(minutes=15), row) for row in rows], Specification()):
    print(one.model, one.mean.tobytes().hex(), one.sigma.tobytes().hex())
print(sorted({"statsmodels", "pandas"} & {*sys.modules}))
"""


def test_the_same_inputs_give_the_same_bits_with_any_number_of_threads_and_without_statsmodels():
    rows = json.dumps([_pen(seed, days=21).tolist() for seed in (1, 2)])

    printed = {
        subprocess.run(
            [sys.executable, "-c", _REPEAT],
            input=rows,
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }

    assert len(printed) == 1
    assert next(iter(printed)).startswith("harmonic_sarimax ")
    assert next(iter(printed)).endswith("[]\n")


def test_a_batch_keeps_the_states_of_what_it_fitted():
    rows = np.array([np.full(672, 0.5), _pen(1), _pen(2)])

    batch = fit_and_forecast(rows, _design(672), WEEK)

    assert batch.fitted.tolist() == [1, 2]
    assert isinstance(batch.states, States)
    assert len(batch.states) == 2
