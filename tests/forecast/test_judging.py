"""What came of forecasts, held against a loop over every one of them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from core.timeline import BUCKET
from forecast.model.bands import HORIZON_BANDS
from forecast.rolling.judging import hold_against, sums_of_slot
from storage.forecasting import forecasts, issuing, scores
from storage.forecasting.forecasts import Issued
from storage.forecasting.issuing import Steps
from storage.forecasting.scores import MODELS
from storage.herds import herd
from storage.measurements import series

TARGET = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
ratio = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, np.nan])
rows = st.lists(ratio, min_size=9, max_size=9)
issues = st.lists(
    st.tuples(st.sampled_from([0, 3, 4, 23, 24, 95, 96, 191]), st.booleans(), st.dictionaries(st.integers(1, 3), rows)),
    max_size=6,
    unique_by=lambda issue: issue[:2],
)


def by_hand(truth, issued):
    """Every forecast of every series, one by one."""
    sums = {}
    for age, backtest, values in issued:
        band = next(one.name for one in HORIZON_BANDS if one.first <= age + 1 <= one.last)
        for series_id, row in values.items():
            for model, made in zip(MODELS, (row[0], *row[5:]), strict=True):
                if series_id in truth and np.isfinite(made):
                    sums.setdefault((series_id, band, model, backtest), []).append((made - truth[series_id], row))
    return {
        key: (len(found), sum(e**2 for e, _ in found), sum(abs(e) for e, _ in found), sum(e for e, _ in found))
        for key, found in sums.items()
    }


@given(st.dictionaries(st.integers(1, 3), st.sampled_from([0.0, 0.5, 1.0])), issues)
def test_sums_are_those_of_a_loop_over_all_forecasts(truth, issued):
    foretold = [
        Steps(TARGET - age * BUCKET, backtest, np.array(list(values)), np.array(list(values.values()), np.float32))
        for age, backtest, values in issued
        if values
    ]

    found = {
        (one.series_id, one.band, one.model, one.backtest): (one.n, one.sum_squared, one.sum_absolute, one.sum_error)
        for one in sums_of_slot(TARGET, truth, foretold)
    }
    assert found == by_hand(truth, issued)


@pytest.fixture
def farm(engine):
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn")
        herd.ensure_group(connection, farm_id, "dairy")
        series.ensure_series(connection, farm_id)
    return farm_id


def issued(series_id, at, *, backtest=False, seed=0):
    rng = np.random.default_rng([seed, series_id, (TARGET - at) // BUCKET])
    mean = rng.uniform(0.3, 0.7, 192)
    edges = {"lower80": mean - 0.1, "upper80": mean + 0.1, "lower95": mean - 0.2, "upper95": mean + 0.2}
    daily = {name: np.tile(rng.uniform(0, 1, 96), 2).tolist() for name in ("seasonal_naive", "mean_profile")}
    constant = {"persistence": [0.4] * 192, "constant_mean": [0.5] * 192}
    lines = {name: edge.tolist() for name, edge in {"mean": mean, **edges}.items()}
    return Issued(series_id, at, backtest, "m", "", "{}", b"\1" * 32, **lines, **constant, **daily)


def see(connection, farm):
    connection.execute(text("SELECT set_config('animov.farms', :farm, true)"), {"farm": str(farm)})


def scored(connection):
    return [tuple(row) for row in connection.execute(text("SELECT * FROM score ORDER BY 1, 2, 3, 4, 5"))]


def test_slices_and_rows_give_the_same_scores(engine, farm):
    """Of the same forecasts, live ones and one in hindsight, some written in two goes."""
    with engine.begin() as connection:
        herd_id, group = (one.id for one in series.series_of(connection, farm))
        for age in (0, 5, 24, 96, 191, 192):
            at = TARGET - age * BUCKET
            issuing.issue(connection, [issued(herd_id, at), issued(group, at)])
        late = TARGET - 7 * BUCKET
        issuing.issue(connection, [issued(herd_id, late, backtest=True)])
        issuing.issue(connection, [issued(herd_id, late, backtest=True, seed=9), issued(group, late, backtest=True)])
        truth = {TARGET: {herd_id: 0.45, group: 0.9}}
        hold_against(connection, farm, [herd_id, group], truth)
        by_slices = scored(connection)
        connection.execute(text("UPDATE forecast_block SET series = '{}', steps = ''"))
        hold_against(connection, farm, [herd_id, group], truth)

        assert by_slices == scored(connection)
        see(connection, farm)
        found = scores.summary(connection, group, TARGET, TARGET + BUCKET)
    assert [(one.band, one.n, one.backtest) for one in found if one.model == "model"] == [
        ("1-4", 1, False),
        ("5-24", 1, False),
        ("25-96", 1, False),
        ("97-192", 2, False),
        ("5-24", 1, True),
    ]


def test_a_forecast_is_read_as_it_was_issued(engine, farm):
    with engine.begin() as connection:
        herd_id = series.series_of(connection, farm)[0].id
        one = issued(herd_id, TARGET)
        issuing.issue(connection, [one])
        see(connection, farm)
        read = forecasts.latest(connection, herd_id)

    for name in ("mean", "lower80", "upper95", "persistence", "constant_mean", "seasonal_naive", "mean_profile"):
        assert getattr(read, name) == pytest.approx(getattr(one, name), abs=1e-7)
    assert (read.series_id, read.issued_at, read.specification, read.inputs_hash, read.sigma) == (
        *(herd_id, TARGET, "{}", b"\1" * 32),
        [],
    )


def test_interval_score_and_skill_by_hand(engine, farm):
    """The truth is 0.2 above a mean of 0.5: 0.1 outside the 80 % band of 0.4 to 0.6, on the edge of the 95 % band."""
    flat = {"mean": 0.5, "lower80": 0.4, "upper80": 0.6, "lower95": 0.3, "upper95": 0.71}
    steps = {name: [value] * 192 for name, value in flat.items()}
    baselines = {"persistence": [0.3] * 192, "constant_mean": [0.6] * 192, "seasonal_naive": [], "mean_profile": []}
    with engine.begin() as connection:
        herd_id = series.series_of(connection, farm)[0].id
        issuing.issue(connection, [Issued(herd_id, TARGET, False, "m", "", "{}", b"\1" * 32, **steps, **baselines)])
        hold_against(connection, farm, [herd_id], {TARGET: {herd_id: 0.7}})
        see(connection, farm)
        spans = scores.rolling(connection, [herd_id], TARGET + timedelta(days=6))

    assert [len(spans[name][herd_id]) for name in ("24h", "7d", "28d")] == [0, 3, 3]
    made, last, mean = spans["7d"][herd_id]
    assert (made.coverage80, made.coverage95, made.skill) == (0.0, 1.0, None)
    assert made.interval80 == pytest.approx(0.2 + 10 * 0.1, abs=1e-6)
    assert made.interval95 == pytest.approx(0.41, abs=1e-6)
    assert last.skill == pytest.approx(1 - 0.2 / 0.4, abs=1e-6)
    assert mean.skill == pytest.approx(1 - 0.2 / 0.1, abs=1e-5)
    assert (last.interval80, last.coverage80) == (None, None)
