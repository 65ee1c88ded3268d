"""How long work on models takes is counted before it begins: nothing here depends on how busy the machine is."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.statespace.sarimax import SARIMAX

from forecast.model.cost import (
    LOADING,
    evaluations,
    fit_cost,
    loading_cost,
    pace,
)
from forecast.model.predicting import predict
from forecast.specification import Specification


@pytest.mark.parametrize(
    "specification",
    [
        pytest.param(Specification(order=(1, 1, 1), seasonal_order=(0, 1, 1, 24), harmonics=0), id="seasonal"),
        pytest.param(Specification(harmonics=2), id="harmonic"),
        pytest.param(Specification(order=(1, 0, 0), harmonics=2), id="short"),
    ],
)
def test_a_search_takes_hardly_more_likelihoods_than_are_told(series, monkeypatch, specification):
    asked = []
    likelihood = SARIMAX.loglike
    monkeypatch.setattr(SARIMAX, "loglike", lambda *args, **named: asked.append(1) or likelihood(*args, **named))

    predict(series(1, days=5, strength=0.3, gaps=0.01), specification)

    assert 0 < len(asked) < 2.5 * evaluations(specification)


orders = st.integers(0, 3)
specifications = st.builds(
    lambda p, d, q, sp, sd, sq, s: Specification(order=(p, d, q), seasonal_order=(sp, sd, sq, s), harmonics=0),
    *(orders, st.integers(0, 1), orders, st.integers(1, 2), st.integers(0, 1), st.integers(0, 1)),
    st.sampled_from([6, 24, 96]),
)


@given(specifications, st.integers(1, 5000), st.integers(1, 5000))
def test_more_to_do_is_never_told_to_be_less(specification, steps, more):
    (p, d, q), seasonal = specification.order, specification.seasonal_order
    longer = Specification(order=(p, d, q + 1), seasonal_order=seasonal, harmonics=0)

    assert fit_cost(steps, specification) < fit_cost(steps + more, specification)
    assert fit_cost(steps, specification) < fit_cost(steps, longer)


def test_a_library_costs_something_until_it_is_loaded(monkeypatch):
    monkeypatch.setattr(sys, "modules", {"statsmodels": None})

    assert loading_cost(*LOADING) == LOADING["matplotlib"] + LOADING["mlflow"]


def test_a_queue_for_the_processor_makes_everything_last_longer(monkeypatch):
    monkeypatch.setattr("forecast.model.cost.REFERENCE_S", 1e-9)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr("os.getloadavg", lambda: (1e6, 0.0, 0.0), raising=False)
    queued = pace()
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0), raising=False)

    assert queued > 100 * pace()
