"""The sun and the weather over a simulated farm, as functions of the instant."""

import numpy as np

from ingest.simulation.draws import Floats, key_of, normal
from ingest.simulation.settings import HerdSettings

DAY_S = 86_400


def solar_elevation(times: Floats, latitude: float, longitude: float) -> Floats:
    """Return the sun's height above the horizon in degrees, within half a degree, without refraction.

    Declination and equation of time are Spencer's Fourier series (Search 2:172, 1971).

    Args:
        times: Seconds since 1970.
        latitude: Degrees north.
        longitude: Degrees east.
    """
    angle = 2 * np.pi * (times / DAY_S % 365.2425) / 365.2425
    cos1, sin1, cos2, sin2 = np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)
    declination = 0.006918 - 0.399912 * cos1 + 0.070257 * sin1 - 0.006758 * cos2 + 0.000907 * sin2
    equation_min = 229.18 * (0.000075 + 0.001868 * cos1 - 0.032077 * sin1 - 0.014615 * cos2 - 0.040849 * sin2)
    hour_angle = np.radians((times % DAY_S) / 240 + longitude + equation_min / 4 - 180)
    north = np.radians(latitude)
    height = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(height)))


def daylight(elevation: Floats) -> Floats:
    """Return -1 at night (6 degrees below the horizon and less), 1 from 12 degrees up, a sine between."""
    share = np.clip((elevation + 6) / 18, 0, 1)
    return np.asarray(np.sin(np.pi * (share - 0.5)))


def temperature(settings: HerdSettings, times: Floats) -> Floats:
    """Return the simulated temperature in °C at seconds since 1970.

    Coldest in mid January and three hours after midnight of the sun, with spells that pass smoothly into each other.
    """
    weather = settings.weather
    days = times / DAY_S
    year = np.cos(2 * np.pi * ((days - 15) % 365.2425) / 365.2425)
    solar_day = days + settings.longitude / 360
    hour = np.cos(2 * np.pi * (solar_day - 3 / 24))
    return np.asarray(weather.mean_c - weather.season_c * year - weather.day_c * hour + _spell(settings, days))


def _spell(settings: HerdSettings, days: Floats) -> Floats:
    weather = settings.weather
    knots = np.arange(np.floor(days.min() / weather.spell_days), np.floor(days.max() / weather.spell_days) + 2)
    heights = normal(key_of(settings.seed, "spell"), knots.astype(np.int64)) * weather.spell_sd_c
    return np.asarray(np.interp(days / weather.spell_days, knots, heights))
