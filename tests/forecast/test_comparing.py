"""Comparisons of specifications: paired, blind to what came later, and honest about chance."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from forecast.choosing.comparing import ALL, compare, hold_out, known_ahead, side_by_side
from forecast.choosing.loss_difference import loss_difference
from forecast.inputs import History
from forecast.model.bands import HORIZON_BANDS
from forecast.model.predicting import predict
from forecast.rolling.scoring import merged, score
from forecast.specification import Specification, SpecificationError

RHYTHM = Specification(harmonics=4, history=timedelta(days=7))
LEVEL = replace(RHYTHM, harmonics=0)
START, QUARTER = datetime(2026, 5, 1, tzinfo=UTC), timedelta(minutes=15)
ORIGINS = tuple(range(8 * 96, 14 * 96, 53))


def _tested(times, excess, counts=None, overlap=192):
    counts = np.ones(len(times)) if counts is None else counts
    return loss_difference(np.array(times, float), np.array(excess, float), np.array(counts, float), overlap)


small = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from([-2, -1, 0, 0.5, 3]), st.integers(0, 3)),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row[0],
)


@given(small)
def test_swapping_the_two_negates_the_statistic(rows):
    times, excess, counts = np.array(rows, float).T
    there, back = _tested(times, excess * counts, counts, 7), _tested(times, -excess * counts, counts, 7)

    assert (there.statistic, there.origins, there.targets) == (-back.statistic, back.origins, back.targets)
    assert there.reason == back.reason
    assert there.p + back.p == (2.0 if there.reason else pytest.approx(1.0))


@given(small, st.randoms())
def test_the_order_of_the_origins_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = (_tested(*np.array(order, float).T, 7) for order in (rows, shuffled))

    assert repr(one) == repr(other)


def test_without_overlap_or_gaps_it_is_students_test_of_the_mean():
    excess = np.array([0.3, -0.1, 0.2, 0.5, 0.1])
    found = _tested(np.arange(5) * 1000, excess)

    assert found.standard_error == pytest.approx(excess.std(ddof=1) / np.sqrt(5))
    assert found.degrees == pytest.approx(4)
    assert found.p == pytest.approx(0.0581, abs=5e-5)  # t = 2, table of Student's t with 4 degrees


@pytest.mark.parametrize(
    ("times", "excess", "counts", "reason"),
    [
        pytest.param([0, 50], [0, 0], [1, 1], "both forecast the same", id="identical"),
        pytest.param([0], [0.4], [1], "one origin tells nothing of chance", id="one origin"),
        pytest.param([0, 50], [0, 0.4], [0, 1], "one origin tells nothing of chance", id="one with targets"),
        pytest.param([0, 50], [0, 0], [0, 0], "nothing came true of what both forecast", id="all missing"),
        pytest.param([], [], [], "nothing came true of what both forecast", id="no origin"),
        pytest.param([0, 50], [0.5, 0.5], [1, 1], "every origin differs by the same", id="constant"),
    ],
)
def test_what_cannot_be_tested_is_no_evidence_and_says_why(times, excess, counts, reason):
    found = _tested(times, excess, counts)

    assert (found.p, found.statistic, found.reason) == (1.0, 0.0, reason)


@pytest.mark.parametrize("every", [37, 96, 192])
@pytest.mark.parametrize("days", [14, 28])
def test_a_true_null_is_rejected_as_often_as_it_says(days, every):
    """Sums over overlapping horizons of a difference that is autocorrelated itself, twice as wild at times."""
    rng = np.random.default_rng(days + every)
    shocks = lfilter([1], [1, -0.9], rng.normal(size=(1500, days * 96 + 300)), axis=1)[:, 300:]
    passed = np.cumsum(shocks * (1 + np.abs(shocks)), axis=1)
    origins = np.arange(0, days * 96 - 192, every)
    excess = passed[:, origins + 192] - passed[:, origins]
    p = np.array([_tested(origins, row).p for row in excess])

    assert 0.02 < (p < 0.05).mean() < 0.075
    assert 0.06 < (p < 0.1).mean() < 0.13
    assert 0.4 < (p < 0.5).mean() < 0.6


def test_an_obviously_better_specification_wins(series):
    history = series(3, days=22, strength=0.4, gaps=0.05)
    found = compare([history], [LEVEL, RHYTHM], origins=range(8 * 96, 20 * 96, 89))
    level, rhythm = (sums[ALL] for sums in found.accuracy)

    assert found.best == 1
    assert found.against_first[0][ALL].p < 0.002
    assert found.against_first[0][ALL].mean == pytest.approx((level.squared - rhythm.squared) / level.count)


def test_errors_are_those_of_single_forecasts_by_the_reference(series):
    history = series(3, days=12, strength=0.4, gaps=0.05)
    found = compare([history], [RHYTHM], origins=ORIGINS[:2]).accuracy[0]
    made = [(predict(history.until(origin), RHYTHM), history.values[origin : origin + 192]) for origin in ORIGINS[:2]]
    first, second = (score(forecast, {}, truth) for forecast, truth in made)

    for band in HORIZON_BANDS:
        sums, alone = found[band.name], merged(first, second)["model", band.name]
        assert (sums.count, sums.banded) == (alone.count, alone.banded)
        assert (sums.rmse, sums.mae, sums.bias) == pytest.approx((alone.rmse, alone.mae, alone.bias), abs=0.02)
        assert (sums.covered80, sums.covered95) == pytest.approx((alone.covered80, alone.covered95), abs=2)


def test_swapped_specifications_swap_the_verdict_and_the_same_one_twice_has_none(series):
    histories = [series(seed, days=16, strength=0.1, gaps=0.05) for seed in (1, 2)]
    held = [hold_out(histories, one, origins=ORIGINS) for one in (LEVEL, RHYTHM)]
    there, back = side_by_side(histories[0], held), side_by_side(histories[0], held[::-1])
    same = side_by_side(histories[0], [held[0], held[0]])

    for band, found in there.against_first[0].items():
        assert found.statistic == -back.against_first[0][band].statistic
        assert same.against_first[0][band].reason == "both forecast the same"


def test_nothing_from_after_an_origin_changes_its_forecasts(series):
    """The truth after the last origin is poisoned: what was summed of the other origins is the same."""
    history = series(4, days=16, strength=0.3)
    values = history.values.copy()
    values[ORIGINS[-1] :] = 1.0
    poisoned = History(history.start, history.step, values)
    kept, changed = (hold_out([one], RHYTHM, origins=ORIGINS).sums for one in (history, poisoned))
    whole = [place for place, origin in enumerate(ORIGINS) if origin + 192 <= ORIGINS[-1]]

    assert len(whole) > 3
    np.testing.assert_array_equal(kept[whole], changed[whole])
    assert (kept[-1] != changed[-1]).any()


def test_columns_are_those_that_were_known_at_each_origin(series):
    history = series(5, days=16, strength=0.0)
    asked = []

    def columns_at(origin):
        asked.append(origin)
        return {"told": np.full(len(history), float(origin))}

    told = replace(LEVEL, regressors=("told",))
    found = compare([history], [LEVEL, told], columns_at=columns_at, origins=ORIGINS[::-1])

    assert asked == [*ORIGINS, *ORIGINS]  # each specification rising, whatever the order they were given in
    assert found.against_first[0][ALL].targets == found.accuracy[0][ALL].count


def test_a_column_of_a_file_that_drives_the_series_wins():
    rng = np.random.default_rng(6)
    cause = lfilter([1], [1, -0.99], rng.normal(0, 0.02, 22 * 96))
    history = History(START, QUARTER, np.clip(0.5 + cause + rng.normal(0, 0.05, len(cause)), 0, 1))
    found = compare(
        [history],
        [LEVEL, replace(LEVEL, regressors=("cause",))],
        columns_at=known_ahead({"cause": cause}),
        origins=range(8 * 96, 20 * 96, 89),
    )

    assert found.best == 1
    assert found.against_first[0][ALL].p < 0.05


def test_series_count_together_on_targets_that_all_specifications_forecast(series):
    histories = [series(7, days=16, strength=0.3), History(START, QUARTER, np.full(16 * 96, np.nan))]
    alone = compare(histories[:1], [LEVEL, RHYTHM], origins=ORIGINS)
    both = compare(histories, [LEVEL, RHYTHM], origins=ORIGINS)

    assert both.to_json() == alone.to_json()


def test_no_series_or_no_specification_is_refused(series):
    with pytest.raises(SpecificationError, match="at least one series"):
        compare([], [LEVEL])
    with pytest.raises(SpecificationError, match="at least one series"):
        compare([series(1, days=5, strength=0)], [])
