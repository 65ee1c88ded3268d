"""How bright the moon makes the night: where it stands, and how much of it is lit."""

from typing import NamedTuple

import numpy as np

from forecast.inputs import Floats, Seconds
from forecast.regressors.sun import solar_elevation

_J2000 = 946_728_000  # seconds since 1970 of 2000-01-01 12:00 UTC
_DAY_S = 86_400
_CENTURY_DAYS = 36_525

NIGHT = -6.0
"""Elevation of the sun in degrees, the end of civil twilight, above which the moon adds nothing to the light."""


class Moon(NamedTuple):
    """The moon as seen from the centre of the earth, in degrees, arrays of one shape.

    Attributes:
        longitude: Ecliptic, of date.
        latitude: Ecliptic.
        parallax: Equatorial horizontal: how much lower it stands for who sees it on the horizon.
    """

    longitude: Floats
    latitude: Floats
    parallax: Floats


def moonlight(seconds: Seconds, latitude: float, longitude: float) -> Floats:
    """Return the light of the moon under a clear sky, 0 to 1: lit fraction times the sine of its elevation, at night.

    It is 0 with the moon below the horizon or the sun above -6 degrees. Illumination times elevation follows the light
    on the ground far better than the phase (Smielak 2023).

    Args:
        seconds: Shape `(n,)`, seconds since 1970, UTC.
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.
    """
    height = np.sin(np.radians(lunar_elevation(seconds, latitude, longitude)))
    night = solar_elevation(seconds, latitude, longitude) < NIGHT
    return np.where(night, lit_fraction(seconds) * np.maximum(0.0, height), 0.0)


def lit_fraction(seconds: Seconds) -> Floats:
    """Return the share of the moon's disc that the sun lights, 0 to 1; better than 0.01.

    Meeus, *Astronomical Algorithms* (2nd ed. 1998), chapter 48, with the phase angle taken as 180 degrees minus the
    elongation, which neglects that the sun is not infinitely far (0.15 degrees at most).
    """
    moon, sun = moon_position(seconds), np.radians(_solar_longitude(_days(seconds)))
    elongation = np.cos(np.radians(moon.latitude)) * np.cos(np.radians(moon.longitude) - sun)
    fraction: Floats = (1.0 - elongation) / 2.0
    return fraction


def lunar_elevation(seconds: Seconds, latitude: float, longitude: float) -> Floats:
    """Return how high the moon's centre stands above the horizon of a place, in degrees, without refraction.

    The parallax of the place is taken off: up to a degree, twice the moon's width.

    Args:
        seconds: Shape `(n,)`, seconds since 1970, UTC.
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.
    """
    moon = moon_position(seconds)
    seen = geocentric_elevation(seconds, moon, latitude, longitude)
    elevation: Floats = seen - moon.parallax * np.cos(np.radians(seen))
    return elevation


def geocentric_elevation(seconds: Seconds, moon: Moon, latitude: float, longitude: float) -> Floats:
    """Return the elevation above a horizon through the centre of the earth, in degrees (Meeus, chapters 12 and 13)."""
    days = _days(seconds)
    obliquity = np.radians(23.4393 - 3.563e-7 * days)
    along, across = np.radians(moon.longitude), np.radians(moon.latitude)
    x = np.cos(across) * np.cos(along)
    y = np.cos(obliquity) * np.cos(across) * np.sin(along) - np.sin(obliquity) * np.sin(across)
    z = np.sin(obliquity) * np.cos(across) * np.sin(along) + np.cos(obliquity) * np.sin(across)
    sidereal = np.radians((280.46061837 + 360.98564736629 * days + longitude) % 360.0)
    phi = np.radians(latitude)
    sine = np.sin(phi) * z + np.cos(phi) * (x * np.cos(sidereal) + y * np.sin(sidereal))
    elevation: Floats = np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))
    return elevation


def moon_position(seconds: Seconds) -> Moon:
    """Return where the moon stands: the low-precision formulae of the *Astronomical Almanac*, page D22.

    Errors, by the Almanac: 0.3 degrees in longitude, 0.2 in latitude, 0.003 in parallax.
    """
    century = _days(seconds) / _CENTURY_DAYS

    def sine(size: float, at_epoch: float, rate: float) -> Floats:
        wave: Floats = size * np.sin(np.radians((at_epoch + rate * century) % 360.0))
        return wave

    def cosine(size: float, at_epoch: float, rate: float) -> Floats:
        return sine(size, at_epoch + 90.0, rate)

    longitude = (
        (218.32 + 481_267.881 * century)
        + sine(6.29, 135.0, 477_198.87)
        - sine(1.27, 259.3, -413_335.36)
        + sine(0.66, 235.7, 890_534.22)
        + sine(0.21, 269.9, 954_397.74)
        - sine(0.19, 357.5, 35_999.05)
        - sine(0.11, 186.5, 966_404.03)
    )
    latitude = (
        sine(5.13, 93.3, 483_202.02)
        + sine(0.28, 228.2, 960_400.89)
        - sine(0.28, 318.3, 6_003.15)
        - sine(0.17, 217.6, -407_332.21)
    )
    parallax = (
        0.9508
        + cosine(0.0518, 135.0, 477_198.87)
        + cosine(0.0095, 259.3, -413_335.36)
        + cosine(0.0078, 235.7, 890_534.22)
        + cosine(0.0028, 269.9, 954_397.74)
    )
    return Moon(longitude % 360.0, latitude, parallax)


def _days(seconds: Seconds) -> Floats:
    """Return days since the epoch J2000; the minute between universal and terrestrial time is 0.01 degrees."""
    days: Floats = (seconds - _J2000) / _DAY_S
    return days


def _solar_longitude(days: Floats) -> Floats:
    """Return the sun's ecliptic longitude in degrees (*Astronomical Almanac*, page C5): better than 0.01."""
    anomaly = np.radians((357.528 + 0.9856003 * days) % 360.0)
    longitude: Floats = 280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
    return longitude
