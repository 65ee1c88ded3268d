"""What comes again every day and no harmonic draws: held to leaving each day out, one after another."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecast.inputs import History
from forecast.kernel.predicting import predict_all
from forecast.model.habits import fit_habits, slots_of
from forecast.model.predicting import predict
from forecast.regressors.design import Site, design_of
from forecast.specification import Specification

HOURLY = Specification(harmonics=2, step=timedelta(hours=1), history=timedelta(days=10))
SPRING = datetime(2026, 3, 25, tzinfo=UTC)  # the clocks of Paris are changed on the 29th


def design(days, zone="UTC", start=SPRING, horizon=0):
    return design_of(History(start, HOURLY.step, np.zeros(days * 24)), HOURLY, horizon=horizon, site=Site(zone))


def left_out(days):
    """The best weight by brute force, and what is left of the root mean square under it, of shape `(days, slots)`."""
    pairs = []
    for day in range(len(days)):
        others = np.delete(days, day, axis=0)
        for slot, value in enumerate(days[day]):
            column = others[:, slot][np.isfinite(others[:, slot])]
            if np.isfinite(value):
                pairs.append((value, column.mean() if len(column) else 0.0))
    values, foretold = np.array(pairs).T
    weights = np.linspace(0, 1, 10_001)
    errors = ((values - weights[:, None] * foretold) ** 2).mean(axis=1)
    return weights[errors.argmin()], np.sqrt(errors.min() / (values**2).mean())


@pytest.mark.parametrize("habit", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
def test_weight_and_what_is_left_are_those_of_days_left_out(habit, gaps):
    rng = np.random.default_rng(5)
    days = rng.normal(size=(6, 24)) + habit * rng.normal(size=24)
    days[rng.random(days.shape) < gaps] = np.nan

    found = fit_habits(days.reshape(1, -1), design(6), HOURLY)

    weight, share = left_out(days)
    means = np.array([day[np.isfinite(day)].mean() if np.isfinite(day).any() else 0.0 for day in days.T])
    assert found.profile[0] == pytest.approx(weight * means, abs=1e-3)
    assert found.left_over[0] == pytest.approx(share, abs=1e-6)


def test_without_a_habit_nothing_or_next_to_nothing_is_added():
    noise = np.random.default_rng(6).normal(size=(200, 10 * 24))

    found = fit_habits(noise, design(10), HOURLY)

    assert np.sqrt((found.profile**2).mean()) < 0.1
    assert (found.profile[:, 0] == 0).mean() > 0.3


def test_slots_follow_the_wall_clock_over_a_change_of_it():
    slots = slots_of(design(6, "Europe/Paris"), HOURLY)

    zone_hours = [(1 + hour) % 24 if hour < 4 * 24 + 1 else (2 + hour) % 24 for hour in range(6 * 24)]
    assert slots.tolist() == zone_hours


def test_a_habit_that_no_harmonic_draws_is_foretold_and_one_by_one_as_in_a_batch():
    rng = np.random.default_rng(7)
    hour = np.arange(10 * 24) % 24
    values = 0.4 + 0.4 * (hour == 7) - 0.3 * (hour == 8) + rng.normal(0, 0.05, len(hour))
    history = History(datetime(2026, 5, 1, tzinfo=UTC), HOURLY.step, values)

    alone = predict(history, HOURLY, horizon=24)
    (batched,) = predict_all([history], HOURLY, horizon=24)

    assert alone.mean[7] > 0.7
    assert alone.mean[8] < 0.2
    assert batched.mean == pytest.approx(alone.mean, abs=1e-3)


def test_without_harmonics_of_the_day_there_are_no_habits():
    weekly = Specification(harmonics=0, step=timedelta(hours=1))

    found = fit_habits(np.ones((2, 48)), np.empty((48, 0)), weekly)

    assert not found.profile.any()
    assert found.left_over.tolist() == [1.0, 1.0]
