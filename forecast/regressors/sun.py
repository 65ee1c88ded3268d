"""Where the sun stands: the one regressor that every place on earth has."""

import numpy as np

from forecast.inputs import Floats, Seconds

_J2000 = 946_728_000  # seconds since 1970 of 2000-01-01 12:00 UTC
_CENTURY_S = 36_525 * 86_400


def solar_elevation(seconds: Seconds, latitude: float, longitude: float) -> Floats:
    """Return the geometric height of the sun's centre above the horizon, in degrees, without refraction.

    Low-precision theory of J. Meeus, *Astronomical Algorithms* (2nd ed. 1998), chapters 22, 25 and 28, in the form of
    the NOAA Solar Calculator's spreadsheet; better than 0.01 degree between 1950 and 2050.

    Args:
        seconds: Shape `(n,)`, seconds since 1970, UTC.
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.
    """
    century = (seconds - _J2000) / _CENTURY_S
    declination, equation_of_time = _sun(century)
    solar_day = (seconds % 86_400) / 240.0 + equation_of_time + longitude  # degrees of the day since midnight
    hour_angle = np.radians(solar_day - 180.0)
    phi = np.radians(latitude)
    sine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    elevation: Floats = np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))
    return elevation


def _sun(century: Floats) -> tuple[Floats, Floats]:
    """Return the declination in radians and the equation of time in degrees."""
    mean_longitude = np.radians((280.46646 + century * (36000.76983 + 0.0003032 * century)) % 360)
    anomaly = np.radians((357.52911 + century * (35999.05029 - 0.0001537 * century)) % 360)
    eccentricity = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)
    centre = (
        np.sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
        + np.sin(2 * anomaly) * (0.019993 - 0.000101 * century)
        + np.sin(3 * anomaly) * 0.000289
    )
    node = np.radians(125.04 - 1934.136 * century)
    longitude = mean_longitude + np.radians(centre - 0.00569 - 0.00478 * np.sin(node))
    obliquity = np.radians(23.4392911 - 0.0130042 * century + 0.00256 * np.cos(node))
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    y = np.tan(obliquity / 2) ** 2
    equation_of_time = (
        y * np.sin(2 * mean_longitude)
        - 2 * eccentricity * np.sin(anomaly)
        + 4 * eccentricity * y * np.sin(anomaly) * np.cos(2 * mean_longitude)
        - 0.5 * y**2 * np.sin(4 * mean_longitude)
        - 1.25 * eccentricity**2 * np.sin(2 * anomaly)
    )
    return declination, np.degrees(equation_of_time)
