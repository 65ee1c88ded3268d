"""Bands: scaled, nested, clipped, in that order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.bands import AS_FITTED, Calibration, bands_of, calibration_of

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


def test_calibrated_bands_would_have_covered_what_they_say():
    rng = np.random.default_rng(5)
    errors = rng.standard_t(3, size=(400, 192)) * 2
    errors[:, 10] = np.nan
    calibration = calibration_of(errors)

    bands = bands_of(np.zeros(192), np.ones(192), calibration, None)

    for steps in (slice(0, 4), slice(4, 24), slice(24, 96), slice(96, 192)):
        known = errors[:, steps][:, ~np.isnan(errors[0, steps])]
        assert (np.abs(known) <= bands.upper80[steps][0]).mean() == pytest.approx(0.8, abs=0.002)
        assert (np.abs(known) <= bands.upper95[steps][0]).mean() == pytest.approx(0.95, abs=0.002)


def test_a_band_without_enough_errors_stays_as_fitted():
    assert calibration_of(np.full((20, 192), np.nan)) == AS_FITTED
