"""How long a fit takes is said before it begins."""

import time
from datetime import timedelta

import pytest

from forecast.model.cost import expected_seconds
from forecast.model.predicting import predict
from forecast.specification import Specification


@pytest.mark.parametrize(
    "specification",
    [
        pytest.param(Specification(order=(1, 1, 1), seasonal_order=(0, 1, 1, 24), harmonics=0), id="seasonal"),
        pytest.param(Specification(harmonics=2), id="harmonic"),
    ],
)
def test_what_is_told_is_right_within_a_power_of_ten(series, specification):
    """Coarse on purpose: how many steps a search takes is luck, and the machine may be busy with something else."""
    history = series(1, days=5, strength=0.3, gaps=0.01)
    predict(history.last(timedelta(days=4)), specification)  # imports are not part of a fit

    told = expected_seconds(history, specification)

    started = time.perf_counter()
    predict(history, specification)
    took = time.perf_counter() - started
    assert took / 12 < told < 12 * took + 0.5


def test_a_history_that_is_refused_takes_no_time(series):
    history = series(1, days=1, strength=0.3).until(30)

    assert expected_seconds(history, Specification(order=(1, 1, 1), seasonal_order=(1, 1, 1, 96))) < 1
