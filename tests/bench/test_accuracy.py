"""The bench of accuracy: its sums are those of the back-test, and it says what it rests on."""

import csv
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bench.accuracy import MODELS, run, squares_of, told
from bench.accuracy_series import of_file
from forecast.choosing.backtest import backtest


@pytest.fixture
def ratios(tmp_path):
    path = tmp_path / "ratios.csv"
    rng = np.random.default_rng(1)
    start = datetime(2026, 5, 1, tzinfo=UTC)
    values = np.clip(0.5 + 0.3 * np.sin(np.arange(12 * 24) * np.pi / 12) + rng.normal(0, 0.1, 12 * 24), 0, 1)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = ((start + hour * timedelta(hours=1), value) for hour, value in enumerate(values))
        csv.writer(file).writerows(
            [("date", "ratio_debout"), *((at.isoformat(), f"{value:.4f}") for at, value in rows)]
        )
    return path


def test_errors_and_coverage_are_those_of_the_back_test(ratios):
    batch = of_file(ratios, "UTC")
    found = squares_of(batch)
    report = backtest(batch.histories[0], batch.specification, site=batch.site)

    for name in set(MODELS) - {"combination"}:
        sums = report.sums(name, "5-24")
        assert np.sqrt(np.nanmean(found[name][..., 4:24])) == pytest.approx(sums.rmse, rel=2e-3)
        assert np.isfinite(found[name][..., 4:24]).sum() == sums.count
    assert np.nanmean(found["80"][..., 4:24]) == pytest.approx(report.sums("model", "5-24").coverage80, abs=0.02)


def test_the_report_says_what_it_rests_on(ratios):
    found = run(herds=0, seed=1, recordings=None, files=[ratios], zone="UTC")
    (table,) = found["tables"]

    assert table["name"] == "ratios.csv"
    assert table["series"] == 1
    assert table["targets"] > 0
    assert [band["band"] for band in table["bands"]] == ["1-4", "5-24", "25-96", "97-192", "all"]
    assert "ratios.csv" in told(found)
    assert str(table["targets"]) in told(found)
