"""Stage one shrinks what would not foretell the next day, and nothing else."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from forecast.inputs import History
from forecast.model.rhythm import FOLDS, PENALTIES, fit_rhythm
from forecast.regressors.design import Site, design_of
from forecast.specification import Specification

DAY = 96


def _design(days: int, harmonics: int = 6) -> np.ndarray:
    empty = History(datetime(2026, 5, 1, tzinfo=UTC), timedelta(minutes=15), np.zeros(days * DAY))
    return design_of(empty, Specification(harmonics=harmonics), horizon=0, site=Site())


def _plain(values: np.ndarray, design: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    rows = np.column_stack((np.ones(len(values)), design))
    return rows @ np.linalg.lstsq(rows[known], values[known])[0]


def test_a_strong_rhythm_is_kept_as_least_squares_finds_it(series):
    history, design = series(1, days=14, strength=0.4, gaps=0.1), _design(14)

    rhythm = fit_rhythm(history.values, design, DAY)

    expected = _plain(history.values, design)
    assert np.std(rhythm.at(design)) > 0.95 * np.std(expected)
    np.testing.assert_allclose(rhythm.at(design), expected, atol=0.03)


def test_a_rhythm_that_is_not_there_is_not_drawn(series):
    """On autocorrelated noise the shrunk rhythm keeps little of what least squares draws, over all seeds."""
    design = _design(14)
    kept, drawn = [], []
    for seed in range(20):
        values = series(seed, days=14, strength=0.0).values
        kept.append(np.var(fit_rhythm(values, design, DAY).at(design)))
        drawn.append(np.var(_plain(values, design)))

    assert np.mean(kept) < 0.25 * np.mean(drawn)
    assert np.median(kept) < 0.1 * np.median(drawn)


@pytest.mark.parametrize("strength", [pytest.param(s, id=f"strength_{s}") for s in (0.0, 0.03, 0.1, 0.4)])
def test_unseen_days_are_foretold_no_worse_than_by_the_better_of_mean_and_least_squares(series, strength):
    """Over twenty weeks of each kind, fitted to the first and judged on the second, with a margin of 2 %."""
    design = _design(7)
    errors = {"shrunk": 0.0, "mean": 0.0, "least squares": 0.0}
    for seed in range(20):
        first, second = series(seed, days=14, strength=strength).values.reshape(2, -1)
        errors["shrunk"] += np.mean((fit_rhythm(first, design, DAY).at(design) - second) ** 2)
        errors["mean"] += np.mean((first.mean() - second) ** 2)
        errors["least squares"] += np.mean((_plain(first, design) - second) ** 2)

    assert errors["shrunk"] < 1.04 * min(errors["mean"], errors["least squares"])


def test_the_penalty_is_the_one_that_a_loop_over_left_out_days_finds(series):
    """Refit without each day in turn, by textbook ridge on the same standardised columns."""
    values, design = series(3, days=6, strength=0.05, gaps=0.2).values, _design(6, harmonics=2)
    known = np.isfinite(values)
    standard = (design - design[known].mean(axis=0)) / design[known].std(axis=0)
    errors = []
    for penalty in PENALTIES[:-1]:
        squares = 0.0
        for left_out in range(6):
            out = known & (np.arange(len(values)) // DAY == left_out)
            rows, y = standard[known & ~out], values[known & ~out]
            centred = rows - rows.mean(axis=0)
            slopes = np.linalg.solve(centred.T @ centred + len(y) * penalty * np.eye(4), centred.T @ (y - y.mean()))
            squares += np.sum((values[out] - y.mean() - (standard[out] - rows.mean(axis=0)) @ slopes) ** 2)
        errors.append(squares)

    rhythm = fit_rhythm(values, design, DAY)

    assert rhythm.penalty == PENALTIES[np.argmin(errors)]
    assert rhythm.left_out_rmse == pytest.approx(np.sqrt(min(errors) / known.sum()))


def test_a_column_that_never_changes_is_left_alone(series):
    history = series(1, days=7, strength=0.3)
    design = np.column_stack((_design(7, harmonics=2), np.full(7 * DAY, 3.0)))

    rhythm = fit_rhythm(history.values, design, DAY)

    assert rhythm.coefficients[-1] == 0.0
    np.testing.assert_array_equal(
        rhythm.coefficients[:-1], fit_rhythm(history.values, design[:, :-1], DAY).coefficients
    )


def test_of_a_single_day_only_the_mean_is_learned(series):
    rhythm = fit_rhythm(series(1, days=1, strength=0.4).values, _design(1), DAY)

    assert np.isinf(rhythm.penalty)
    assert not rhythm.coefficients.any()


def test_a_long_history_is_left_out_in_a_few_parts_of_whole_days(series):
    """As the loop over left-out days above, with three days of twenty-one each."""
    values, design = series(3, days=21, strength=0.1).values, _design(21, harmonics=1)
    standard = (design - design.mean(axis=0)) / design.std(axis=0)

    rhythm = fit_rhythm(values, design, DAY)

    squares = 0.0
    for left_out in range(FOLDS):
        out = np.arange(len(values)) // (3 * DAY) == left_out
        rows, y = standard[~out], values[~out]
        centred = rows - rows.mean(axis=0)
        gram = centred.T @ centred + len(y) * rhythm.penalty * np.eye(2)
        slopes = np.linalg.solve(gram, centred.T @ (y - y.mean()))
        squares += np.sum((values[out] - y.mean() - (standard[out] - rows.mean(axis=0)) @ slopes) ** 2)
    assert np.isfinite(rhythm.penalty)
    assert rhythm.left_out_rmse == pytest.approx(np.sqrt(squares / len(values)))


def test_days_before_the_first_value_count_for_nothing(series):
    values, design = series(3, days=4, strength=0.1).values, _design(21, harmonics=1)

    late = fit_rhythm(np.concatenate((np.full(17 * DAY, np.nan), values)), design, DAY)

    alone = fit_rhythm(values, design[17 * DAY :], DAY)
    assert (late.penalty, late.left_out_rmse) == (alone.penalty, alone.left_out_rmse)
