"""Bands: scaled, nested, clipped, in that order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student_t

from forecast.model.bands import AS_FITTED, EXTREMES, Z80, Z95, Calibration, bands_of, calibration_of

factors = st.tuples(*[st.sampled_from([0.25, 1.0, 3.0])] * 4)
rows = st.lists(
    st.tuples(st.sampled_from([-0.5, 0.0, 0.3, 1.0, 1.5]), st.sampled_from([0.0, 0.01, 2.0])),
    min_size=192,
    max_size=192,
)


@given(rows, factors, factors)
def test_bands_are_nested_around_the_mean_and_within_the_bounds(row, factor80, factor95):
    mean, sigma = np.array(row).T

    low95, low80, middle, high80, high95 = (
        (bands := bands_of(mean, sigma, Calibration(factor80, factor95), (0.0, 1.0))).lower95,
        bands.lower80,
        bands.mean,
        bands.upper80,
        bands.upper95,
    )

    for lower, upper in (
        (0.0, low95),
        (low95, low80),
        (low80, middle),
        (middle, high80),
        (high80, high95),
        (high95, 1.0),
    ):
        assert (lower <= upper).all()


def test_clipping_comes_after_scaling():
    """0.9 + 1.28 * 0.1 is clipped to 1; halved it is 0.964, which is not what half of the clipped width would be."""
    mean, sigma = np.full(192, 0.9), np.full(192, 0.1)

    wide = bands_of(mean, sigma, AS_FITTED, (0.0, 1.0))
    narrow = bands_of(mean, sigma, Calibration((0.5,) * 4), (0.0, 1.0))

    assert wide.upper80[0] == 1.0
    assert narrow.upper80[0] == pytest.approx(0.9 + 0.5 * 1.2815515655446004 * 0.1)


def test_each_horizon_band_has_its_factor():
    ones = np.ones(192)

    upper = bands_of(0 * ones, ones, Calibration((1.0, 2.0, 3.0, 4.0)), None).upper80 / 1.2815515655446004

    np.testing.assert_allclose(upper[[0, 3, 4, 23, 24, 95, 96, 191]], [1, 1, 2, 2, 3, 3, 4, 4])


@pytest.mark.parametrize("scale", [pytest.param(0.8, id="too_wide"), pytest.param(2.0, id="too_narrow")])
def test_calibrated_bands_cover_the_next_errors_as_often_as_they_say(scale):
    """Two hundred calibrations by errors of a heavy-tailed kind, a known number of times as large as told."""
    rng = np.random.default_rng(5)
    origins = np.arange(30) * 192
    covered = []
    for _ in range(200):
        found = calibration_of(np.abs(rng.standard_t(3, size=(30, 192))) * scale, origins)
        edges = np.array([found.factor80, found.factor95]) * [[Z80], [Z95]] / scale
        covered.append(2 * student_t(3).cdf(edges) - 1)

    for share, by_band in zip((0.8, 0.95), np.mean(covered, axis=0), strict=True):
        assert ((share - 0.002 <= by_band) & (by_band < share + 0.02)).all()


def test_errors_of_one_target_count_once():
    """Ten origins a slot apart know 49 targets of one hour; of these a half is enough, of 13 it is not."""
    sizes = np.full((46, 192), np.nan)
    sizes[:, :4] = 3.0

    alike = calibration_of(sizes, np.arange(46))
    few = calibration_of(sizes[:10], np.arange(10))

    assert alike.factor80 == pytest.approx((3 / Z80, 1, 1, 1))
    assert few == AS_FITTED


def test_factors_stay_within_what_is_believed():
    origins = np.arange(30) * 192

    assert calibration_of(np.full((30, 192), 1e-9), origins).factor95 == (EXTREMES[0],) * 4
    assert calibration_of(np.full((30, 192), 1e9), origins).factor95 == (EXTREMES[1],) * 4


def test_a_band_without_enough_errors_stays_as_fitted():
    assert calibration_of(np.full((20, 192), np.nan), np.arange(20)) == AS_FITTED
