"""Regressors stay only where the rolling error speaks for them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.signal import lfilter

from forecast.choosing.comparing import ALL, hold_out, known_ahead, side_by_side
from forecast.choosing.selection import ENTER, STAY, select, selection_origins
from forecast.inputs import History
from forecast.regressors.design import RegressorError
from forecast.specification import Specification

START, QUARTER = datetime(2026, 5, 1, tzinfo=UTC), timedelta(minutes=15)
DAYS = 20
PLAIN = Specification(order=(1, 0, 0), harmonics=1, history=timedelta(days=4))
ORIGINS = range(5 * 96, DAYS * 96 - 48, 131)


def _slow(rng, amount=1.0):
    """A column that wanders within about two days."""
    wave = lfilter([1], [1, -0.98], rng.normal(size=DAYS * 96 + 500))[500:]
    return amount * wave / wave.std()


def _herd(seed, *causes):
    """Two groups driven by the same causes, each with a mood of its own."""
    rng = np.random.default_rng(seed)
    moods = [lfilter([1], [1, -0.8], rng.normal(0, 0.05, DAYS * 96)) for _ in range(2)]
    return [History(START, QUARTER, np.clip(0.5 + sum(causes) + mood, 0, 1)) for mood in moods]


def test_a_cause_is_kept_and_taken_in_and_chance_is_dropped_and_left_outside():
    rng = np.random.default_rng(4)
    columns = {name: _slow(rng) for name in ("cause", "chance", "other_cause", "other_chance")}
    herd = _herd(4, 0.1 * columns["cause"], 0.1 * columns["other_cause"])
    begun_with = replace(PLAIN, regressors=("chance", "cause"))
    found = select(
        herd, begun_with, ("other_chance", "cause", "other_cause"), columns_at=known_ahead(columns), origins=ORIGINS
    )
    said = {one.regressor: one for one in found.tried}

    assert found.kept == ("cause", "other_cause")
    assert [one.regressor for one in found.tried if one.kept] == ["cause", "other_cause"]
    assert said.keys() == columns.keys()
    assert said["cause"].rmse_with < said["cause"].rmse_without
    assert said["cause"].p <= said["cause"].bar == STAY < said["chance"].p
    assert said["other_cause"].p <= ENTER / 2 == said["other_cause"].bar < said["other_chance"].p
    assert json.loads(json.dumps(found.to_json()))["kept"] == ["cause", "other_cause"]
    between = found.comparison
    assert between.specifications == (begun_with, found.specification)
    assert between.accuracy[1][ALL].rmse < between.accuracy[0][ALL].rmse
    assert (between.first_origin, between.last_origin) == tuple(START + ORIGINS[place] * QUARTER for place in (0, -1))


def test_random_regressors_are_dropped_most_of_the_time():
    """Of fifty series each with one alone: as many stay as chance allows, up to three standard errors."""
    columns = {"chance": _slow(np.random.default_rng(7))}
    fifty = [history for seed in range(25) for history in _herd(seed)]
    without = Specification(order=(1, 0, 0), harmonics=1, history=timedelta(days=3))
    held = [
        hold_out(fifty, one, columns_at=known_ahead(columns), origins=range(4 * 96, 19 * 96, 101), horizon=96)
        for one in (without, replace(without, regressors=("chance",)))
    ]
    p = np.array([side_by_side(fifty[0], held, [place]).against_first[0][ALL].p for place in range(50)])

    for bar in (STAY, ENTER):
        assert (p <= bar).mean() <= bar + 3 * np.sqrt(bar * (1 - bar) / 50)


def test_what_cannot_be_judged_stays_as_it_was():
    columns = {"column": np.arange(DAYS * 96.0), "more": np.ones(DAYS * 96)}
    begun_with = Specification(history=timedelta(days=3), regressors=("column",))
    found = select(_herd(1), begun_with, ("more",), columns_at=known_ahead(columns), origins=ORIGINS[:1])

    assert found.kept == ("column",)
    assert all(one.p == 1.0 for one in found.tried)


def test_a_column_that_never_changes_is_not_kept_for_its_rounding():
    found = select(
        _herd(1),
        replace(PLAIN, regressors=("same",)),
        (),
        columns_at=known_ahead({"same": np.full(DAYS * 96, 50.0)}),
        origins=ORIGINS,
    )

    assert (found.kept, found.tried[0].p) == ((), 1.0)


def test_a_candidate_that_is_not_there_is_an_error_that_names_it():
    with pytest.raises(RegressorError, match="'missing'"):
        select(_herd(1), PLAIN, ("missing",), origins=ORIGINS[:2])


def test_origins_are_of_four_weeks_or_half_a_short_series_and_come_by_all_hours():
    long, short = selection_origins(60 * 96, 96), selection_origins(20 * 96, 96)

    assert (long[0], short[0]) == (32 * 96, 10 * 96)
    assert {origin % 96 // 16 for origin in long} == set(range(6))
