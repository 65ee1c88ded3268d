"""Rolling origins that see their past only."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from forecast.choosing.backtest import backtest, rolling_origins
from forecast.inputs import History
from forecast.model.baselines import baselines_of
from forecast.specification import Specification

QUICK = Specification(order=(1, 0, 0), harmonics=2, history=timedelta(days=4))
MODELS = ("model", "persistence", "mean", "seasonal_naive", "mean_14d")
BANDS = ("1-4", "5-24", "25-96", "97-192")


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param(96 * 60, range(96 * 46, 96 * 60, 37), id="last_14_days"),
        pytest.param(96 * 15, range(96 * 10, 96 * 15, 37), id="last_third"),
        pytest.param(0, range(0), id="nothing"),
    ],
)
def test_origins_lie_37_slots_apart(count, expected):
    assert rolling_origins(count, 96) == expected


def test_the_poisoned_future_changes_nothing(series):
    """Values from four steps after the last origin on are replaced by nonsense: scores of the first four steps stay."""
    history = series(1, days=8, strength=0.3, gaps=0.05)
    origins = [500, 537, 574]
    poisoned = history.values.copy()
    poisoned[578:] = np.where(np.arange(len(poisoned) - 578) % 2, 0.0, np.nan)

    clean, dirty = (
        backtest(History(history.start, history.step, values), QUICK, origins=origins[-1:])
        for values in (history.values, poisoned)
    )

    assert [clean.sums(model, "1-4") for model in MODELS] == [dirty.sums(model, "1-4") for model in MODELS]
    assert clean.sums("model", "1-4").count >= 3
    assert clean.sums("model", "97-192") != dirty.sums("model", "97-192")


def test_the_report_is_the_contract_s_json(series):
    report = backtest(series(2, days=6, strength=0.3), QUICK)

    plain = json.loads(json.dumps(report.to_json(), allow_nan=False))

    assert list(plain) == ["bands", "origins"]
    assert plain["origins"] == report.origins == sum(report.models.values()) == 6
    assert [band["band"] for band in plain["bands"]] == list(BANDS)
    for band in plain["bands"]:
        assert list(band) == ["band", *MODELS, "coverage80", "coverage95"]
        assert all(0 <= band[name] <= 1 for name in (*MODELS, "coverage80", "coverage95"))


def test_what_cannot_be_scored_is_null(series):
    report = backtest(series(2, days=6, strength=0.3), QUICK, origins=[6 * 96 - 2])

    bands = report.to_json()["bands"]

    assert bands[0]["model"] is not None
    assert [band["model"] for band in bands[1:]] == [None] * 3


def test_baseline_errors_equal_a_loop(series):
    history = series(3, days=6, strength=0.3, gaps=0.1)
    origins = [400, 437, 474]

    report = backtest(history, QUICK, origins=origins)

    errors = []
    for origin in origins:
        past = history.values[:origin]
        naive = baselines_of(past, 96, 192)["seasonal_naive"]
        errors += [naive[h] - history.values[origin + h] for h in range(4, 24) if origin + h < len(history)]
    assert report.sums("seasonal_naive", "5-24").rmse == pytest.approx(np.sqrt(np.nanmean(np.square(errors))))


def test_processes_share_the_work_without_changing_it(series):
    history = series(4, days=6, strength=0.3)
    told: list[tuple[int, int]] = []

    alone = backtest(history, QUICK, progress=lambda done, total: told.append((done, total)))
    shared = backtest(history, QUICK, jobs=2)

    assert shared == alone
    assert told == [(done, 6) for done in range(1, 7)]


def test_a_short_series_is_scored_by_its_fallback(series):
    report = backtest(series(5, days=2, strength=0.3), replace(QUICK))

    assert set(report.models) == {"mean_profile_14d"}
