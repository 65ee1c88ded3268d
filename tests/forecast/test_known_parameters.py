"""A forecast from parameters that an earlier one estimated."""

import pytest

from forecast.model import arma
from forecast.model.predicting import predict
from forecast.specification import Specification

SPECIFICATIONS = [
    pytest.param(Specification(), id="harmonic"),
    pytest.param(Specification(order=(1, 0, 1), seasonal_order=(1, 1, 0, 8), harmonics=0), id="seasonal"),
]


@pytest.mark.parametrize("specification", SPECIFICATIONS)
def test_parameters_that_are_known_give_the_forecast_that_estimated_them_without_a_search(
    series, monkeypatch, specification
):
    history = series(3, days=6, strength=0.3, gaps=0.02)
    first = predict(history, specification)
    monkeypatch.setattr(arma, "estimate", None)

    again = predict(history, specification, known=first.parameters)

    assert again.parameters == first.parameters
    assert (again.mean == first.mean).all()
    assert (again.upper95 == first.upper95).all()
