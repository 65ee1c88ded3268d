"""A state goes on without its history, as a filter with fixed parameters would with all of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from statsmodels.tsa.statespace.sarimax import SARIMAX

from forecast.inputs import History
from forecast.kernel.batch import fit_and_forecast
from forecast.kernel.states import StateError, States, expected, update
from forecast.regressors.design import Site, design_of
from forecast.specification import Specification

WEEK = Specification(history=timedelta(days=7))
COUNT, LATER, HORIZON = 7 * 96, 30, 192


@pytest.fixture(scope="module")
def design() -> np.ndarray:
    empty = History(datetime(2026, 5, 1, tzinfo=UTC), timedelta(minutes=15), np.zeros(COUNT))
    return design_of(empty, WEEK, horizon=LATER + HORIZON, site=Site())


@pytest.fixture
def values(series) -> np.ndarray:
    rows = np.array([series(seed, days=8, strength=0.3, gaps=0.1).values[: COUNT + LATER] for seed in range(3)])
    rows[0, COUNT : COUNT + 4] = np.nan
    rows[1, COUNT + LATER - 3 :] = np.nan
    return rows


@pytest.fixture
def states(values, design) -> States:
    return fit_and_forecast(values[:, :COUNT], design[: COUNT + HORIZON], WEEK).states


def _parts(states: States) -> list[bytes]:
    return states.to_bytes(WEEK)


def test_updates_are_a_refit_with_fixed_parameters(states, values, design):
    moved = update(states, values[:, COUNT:], design[COUNT : COUNT + LATER], WEEK)

    mean, sigma = expected(moved, design[COUNT + LATER :], WEEK)

    for place, row in enumerate(values):
        rhythm = states.intercept[place] + design @ states.coefficients[place]
        model = SARIMAX(row - rhythm[: COUNT + LATER], order=(2, 0, 1))
        parameters = [*(part[place] for part in states.arma), states.variance[place]]
        foretold = model.filter(parameters, cov_type="none").get_forecast(HORIZON)
        np.testing.assert_allclose(mean[place], rhythm[COUNT + LATER :] + foretold.predicted_mean, atol=1e-9)
        floored = np.maximum(foretold.se_mean * states.wider[place], states.floor[place])
        np.testing.assert_allclose(sigma[place], floored, rtol=1e-6)


def test_value_by_value_is_all_at_once_bit_for_bit(states, values, design):
    at_once = update(states, values[:, COUNT:], design[COUNT : COUNT + LATER], WEEK)

    one_by_one = states
    for slot in range(COUNT, COUNT + LATER):
        one_by_one = update(one_by_one, values[:, slot : slot + 1], design[slot : slot + 1], WEEK)

    assert _parts(one_by_one) == _parts(at_once)


def test_a_series_is_moved_on_alone_as_among_others(states, values, design):
    together = update(states, values[:, COUNT:], design[COUNT : COUNT + LATER], WEEK)

    for place in range(3):
        alone = update(states.chosen(np.array([place])), values[[place], COUNT:], design[COUNT : COUNT + LATER], WEEK)
        assert _parts(alone) == [_parts(together)[place]]


def test_a_state_without_news_foretells_what_the_batch_did(values, design):
    batch = fit_and_forecast(values[:, :COUNT], design[: COUNT + HORIZON], replace(WEEK, bounds=None))

    mean, sigma = expected(batch.states, design[COUNT : COUNT + HORIZON], WEEK)

    np.testing.assert_array_equal(mean, batch.bands.mean)
    np.testing.assert_array_equal(sigma, batch.sigma)


def test_an_outlier_is_worth_no_more_than_the_bound(states, design):
    wild, clipped = (update(states, np.full((3, 1), value), design[COUNT : COUNT + 1], WEEK) for value in (25.0, 1.0))

    assert _parts(wild) == _parts(clipped)


def test_bytes_are_read_as_they_were_written_and_are_few(states):
    written = states.to_bytes(WEEK)

    assert States.from_bytes(written, WEEK).to_bytes(WEEK) == written
    assert max(map(len, written)) < 700


@pytest.mark.parametrize(
    ("spoiled", "message"),
    [
        pytest.param(lambda one: b"pickle" + one, "no state", id="another_mark"),
        pytest.param(lambda one: one[:3], "no state", id="nothing_much"),
        pytest.param(lambda one: one[:4] + b"\x01" + one[5:], "version 1", id="another_version"),
        pytest.param(lambda one: one[:-8], "cut short", id="cut_short"),
        pytest.param(lambda one: one + b"\0", "too long", id="too_long"),
    ],
)
def test_other_bytes_are_refused(states, spoiled, message):
    with pytest.raises(StateError, match=message):
        States.from_bytes([spoiled(states.to_bytes(WEEK)[0])], WEEK)


def test_a_state_of_another_specification_is_refused(states):
    with pytest.raises(StateError, match="another specification"):
        States.from_bytes(states.to_bytes(WEEK), replace(WEEK, harmonics=5))
