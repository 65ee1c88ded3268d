"""The batched recursion is the Kalman filter that statsmodels runs."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.statespace.sarimax import SARIMAX

from forecast.kernel.recursion import Arma, ahead, run, stationary
from forecast.kernel.region import coefficients, place_near

MODELS = {
    "short": (0.5, 0.2, 0.3),
    "cyclic": (1.2, -0.8, -0.5),
    "near_a_random_walk": (1.9, -0.9005, -0.95),
    "white": (0.0, 0.0, 0.0),
    "first_order": (0.9, 0.0, 0.0),
}


def _gapped(seed: int, n: int = 300) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.1, n).cumsum() * 0.1
    values[rng.random(n) < 0.1] = np.nan
    values[100:140] = np.nan
    return values


@pytest.mark.parametrize("model", [pytest.param(model, id=name) for name, model in MODELS.items()])
@pytest.mark.parametrize("start", [0, 3])
def test_likelihood_and_forecast_are_those_of_statsmodels(model, start):
    values = _gapped(1)
    values[:start] = np.nan
    arma = Arma(*(np.array([part]) for part in model))
    reference = SARIMAX(values, order=(2, 0, 1), concentrate_scale=True)
    reference.ssm.tolerance = 0  # it would else stop updating variances a little early
    filtered = reference.filter(model, cov_type="none")
    foretold = filtered.get_forecast(192)

    passed = run(arma, stationary(arma), values[:, None])
    mean, variance = ahead(arma, passed.state, 192)

    known = np.isfinite(values).sum()
    scale = (passed.innovations**2 / passed.variances).sum() / known
    likelihood = -0.5 * (known * (np.log(2 * np.pi * scale) + 1) + np.log(passed.variances).sum())
    assert scale == pytest.approx(filtered.scale, rel=1e-9)
    assert likelihood == pytest.approx(filtered.llf, abs=1e-7)
    np.testing.assert_allclose(mean[:, 0], foretold.predicted_mean, atol=1e-10)
    np.testing.assert_allclose(variance[:, 0] * scale, foretold.var_pred_mean, rtol=1e-7)


values_or_gaps = st.lists(st.sampled_from([0.0, 0.1, -0.1, float("nan")]), min_size=1, max_size=12)


@given(values_or_gaps, st.lists(st.integers(0, 12), max_size=3), st.sampled_from(sorted(MODELS)))
def test_cutting_a_series_into_pieces_changes_no_bit(values, cuts, name):
    arma = Arma(*(np.array([part]) for part in MODELS[name]))
    rows = np.array(values)[:, None]

    state = stationary(arma)
    for start, end in pairwise([0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]):
        state = run(arma, state, rows[start:end]).state

    assert [part.tobytes() for part in state] == [part.tobytes() for part in run(arma, stationary(arma), rows).state]


@settings(max_examples=50)
@given(st.lists(values_or_gaps.map(lambda row: (row * 12)[:12]), min_size=2, max_size=5), st.randoms())
def test_neighbours_in_the_batch_change_no_bit(rows, random):
    models = [random.choice(list(MODELS.values())) for _ in rows]
    values, together = np.array(rows).T.copy(), Arma(*np.array(models).T.copy())

    passed = run(together, stationary(together), values)

    for place, model in enumerate(models):
        alone = Arma(*(np.array([part]) for part in model))
        single = run(alone, stationary(alone), values[:, [place]])
        assert [part[0] for part in single.state] == [part[place] for part in passed.state]
        np.testing.assert_array_equal(single.innovations[:, 0], passed.innovations[:, place])


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3))
def test_every_place_is_a_stationary_and_invertible_model(place):
    ar1, ar2, ma1 = (part[0] for part in coefficients(np.array(place)[:, None]))

    assert np.abs(np.roots([1, -ar1, -ar2])).max(initial=0.0) < 1 + 1e-9
    assert abs(ma1) < 1


def test_a_guess_within_the_region_is_its_own_place():
    guess = Arma(np.array([1.2]), np.array([-0.8]), np.array([0.4]))

    np.testing.assert_allclose(coefficients(place_near(guess)), guess, rtol=1e-12)
