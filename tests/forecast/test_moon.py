"""The moon stands and shines where others see it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astral import Observer
from astral.moon import elevation

from forecast.inputs import History, slot_seconds
from forecast.regressors.design import Site, design_of
from forecast.regressors.moon import geocentric_elevation, lit_fraction, lunar_elevation, moon_position, moonlight
from forecast.regressors.sun import solar_elevation
from forecast.specification import Specification

YEAR = slot_seconds(datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=7), 1250)
PLACES = [
    pytest.param(48.1, -1.7, id="rennes"),
    pytest.param(0.0, 0.0, id="equator"),
    pytest.param(-37.8, 145.0, id="melbourne"),
    pytest.param(78.2, 15.6, id="svalbard"),
]


def at(*when):
    return np.array([int(datetime(*when, tzinfo=UTC).timestamp())])


@pytest.mark.parametrize(("latitude", "longitude"), PLACES)
def test_the_moon_stands_where_astral_sees_it_from_the_centre_of_the_earth(latitude, longitude):
    """Within half a degree, its own width, all year round and at all hours."""
    observer = Observer(latitude, longitude)
    expected = [elevation(observer, datetime.fromtimestamp(int(second), UTC)) for second in YEAR]

    found = geocentric_elevation(YEAR, moon_position(YEAR), latitude, longitude)

    assert np.abs(found - expected).max() < 0.5


@pytest.mark.parametrize(("latitude", "longitude"), PLACES)
def test_from_the_surface_it_stands_lower_by_the_parallax_and_most_so_on_the_horizon(latitude, longitude):
    moon = moon_position(YEAR)
    centre = geocentric_elevation(YEAR, moon, latitude, longitude)
    lower = centre - lunar_elevation(YEAR, latitude, longitude)

    assert ((lower >= 0.0) & (lower <= 1.03)).all()
    np.testing.assert_allclose(lower, moon.parallax * np.cos(np.radians(centre)))


def test_the_worked_example_of_meeus():
    """Astronomical Algorithms, examples 47.a and 48.a: 1992 April 12, 0h TD, a minute before 0h UTC."""
    when = at(1992, 4, 11, 23, 59)
    found = moon_position(when)

    assert found.longitude[0] == pytest.approx(133.167, abs=0.3)
    assert found.latitude[0] == pytest.approx(-3.229, abs=0.2)
    assert found.parallax[0] == pytest.approx(0.99199, abs=0.003)
    assert lit_fraction(when)[0] == pytest.approx(0.6786, abs=0.01)


@pytest.mark.parametrize(
    ("when", "lit"),
    [
        pytest.param((2026, 8, 12, 17, 46), 0.0, id="total_eclipse_of_the_sun"),
        pytest.param((2024, 4, 8, 18, 17), 0.0, id="total_eclipse_of_the_sun_2024"),
        pytest.param((2026, 3, 3, 11, 34), 1.0, id="total_eclipse_of_the_moon"),
        pytest.param((2025, 9, 7, 18, 12), 1.0, id="total_eclipse_of_the_moon_2025"),
    ],
)
def test_eclipses_come_with_a_new_or_a_full_moon(when, lit):
    assert lit_fraction(at(*when))[0] == pytest.approx(lit, abs=0.001)


@pytest.mark.parametrize(("latitude", "longitude"), PLACES)
def test_there_is_moonlight_at_night_with_the_moon_up_and_never_else(latitude, longitude):
    light = moonlight(YEAR, latitude, longitude)
    up = lunar_elevation(YEAR, latitude, longitude) > 0
    night = solar_elevation(YEAR, latitude, longitude) < -6

    assert ((light > 0) == (up & night)).all()
    assert 0.5 < light.max() <= 1


def test_the_column_is_dimmed_by_the_clouds_that_are_known():
    history = History(datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=15), np.full(96, 0.5))
    specification, site = Specification(harmonics=0, regressors=("moonlight",)), Site("Europe/Paris", 48.1, -1.7)
    cloud = np.tile([0.0, 40.0, 100.0, np.nan], 24 + 48)

    clear = design_of(history, specification, horizon=192, site=site)[:, 0]
    dimmed = design_of(history, specification, horizon=192, site=site, columns={"cloud": cloud})[:, 0]

    assert clear.max() > 0.5
    np.testing.assert_allclose(dimmed, clear * np.tile([1.0, 0.6, 0.0, 1.0], 24 + 48))
