"""Standard errors of means over origins whose horizons overlap."""

import numpy as np
import pytest

from bench.paired import mean_over_origins, ratio_over_origins


def test_independent_origins_have_the_usual_error():
    row = np.random.default_rng(1).normal(3, 2, 4000)

    mean, error = mean_over_origins([row[None]], 0)

    assert mean == pytest.approx(row.mean())
    assert error == pytest.approx(row.std() / np.sqrt(4000))


def test_overlap_widens_by_what_it_costs():
    """The mean of six neighbours, an average each: its exact variance is that of the sum of all shocks."""
    errors = []
    for seed in range(20):
        shocks = np.random.default_rng(seed).normal(0, 1, 2005)
        errors.append(mean_over_origins([np.convolve(shocks, np.ones(6) / 6, "valid")[None]], 30).error)

    assert np.mean(errors) == pytest.approx(1 / np.sqrt(2000), rel=0.15)


def test_series_that_say_the_same_are_one_observation():
    row = np.random.default_rng(2).normal(0, 1, (1, 500))

    assert mean_over_origins([np.repeat(row, 9, axis=0)], 5) == pytest.approx(mean_over_origins([row], 5))


def test_batches_are_independent():
    rows = np.random.default_rng(3).normal(0, 1, (4, 1, 400))

    four, one = mean_over_origins(list(rows), 0), mean_over_origins([rows[0]], 0)

    assert four.error == pytest.approx(one.error / 2, rel=0.1)


def test_what_is_not_known_is_left_out():
    row = np.random.default_rng(4).normal(0, 1, 100)
    gaps = np.insert(row, [0, 50], np.nan)

    assert mean_over_origins([gaps[None]], 0) == pytest.approx(mean_over_origins([row[None]], 0))
    assert np.isnan(mean_over_origins([np.full((2, 3), np.nan)], 3)).all()


def test_the_ratio_of_two_and_how_sure_it_is():
    """Two hundred experiments: their spread is the error that each tells of itself."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        shared = rng.normal(0, 1, (1, 300)) ** 2
        own, other = (scale * (shared + rng.normal(0, 1, (1, 300)) ** 2) for scale in (0.81, 1.0))
        found.append(ratio_over_origins([own], [other], 0))

    ratios, errors = np.array(found).T
    assert ratios.mean() == pytest.approx(0.9, abs=0.005)
    assert errors.mean() == pytest.approx(ratios.std(), rel=0.15)


def test_there_is_no_ratio_to_what_made_no_error():
    assert np.isnan(ratio_over_origins([np.ones((1, 3))], [np.zeros((1, 3))], 0)).all()
