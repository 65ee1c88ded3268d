"""How likely a goat of a group gets up or lies down in each minute of a day.

A goat is a semi-Markov process of two states. The rate of leaving a state depends on the minute: on the sun,
on what is about to happen on the farm, on the weather, and on a mood that the group shares.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from core.timeline import EPOCH
from ingest.simulation.draws import Floats, key_of, normal
from ingest.simulation.environment import DAY_S, daylight, solar_elevation, temperature
from ingest.simulation.settings import HerdSettings, Routine

MINUTES = DAY_S // 60


class Pressure(NamedTuple):
    """What acts on every goat of a group, for each of the 1,440 minutes of a UTC day.

    `logit` of standing, `length` as a factor on bouts, `rise` as a rate of getting up that routines add (per minute),
    `lie` as a factor on the rate of lying down.
    """

    logit: Floats
    length: Floats
    rise: Floats
    lie: Floats


def begins(settings: HerdSettings, routine: Routine, group: int, day: int) -> float:
    """Return when a routine starts for a group, in seconds since 1970; `day` counts local dates from 1970-01-01."""
    date = EPOCH.date() + timedelta(days=day)
    local = datetime.combine(date, routine.at, ZoneInfo(settings.time_zone))
    return local.astimezone(UTC).timestamp() + 60 * routine.stagger_min * group


@lru_cache(maxsize=512)
def pressure(settings: HerdSettings, group: int, day: int) -> Pressure:
    """Return the pressure on a group during one UTC day, `day` days after 1970-01-01."""
    times = (day * MINUTES + np.arange(MINUTES)) * 60.0
    heat = np.maximum(temperature(settings, times) - settings.weather.heat_c, 0)
    rise, lie, anticipation = _routines(settings, group, day, times)
    light = daylight(solar_elevation(times, settings.latitude, settings.longitude))
    rhythm = settings.rhythm
    logit = rhythm.base + rhythm.sun * light + rhythm.anticipation * anticipation
    logit += settings.weather.standing_per_c * heat + _mood(settings, group, times)
    return Pressure(logit, np.exp(-settings.weather.shorter_per_c * heat), rise, lie)


def _routines(settings: HerdSettings, group: int, day: int, times: Floats) -> tuple[Floats, Floats, Floats]:
    rise, lie, anticipation = np.zeros(MINUTES), np.ones(MINUTES), np.zeros(MINUTES)
    for routine in settings.routines:
        for local_day in (day - 1, day, day + 1):
            since = (times - begins(settings, routine, group, local_day)) / 60
            during = (since >= 0) & (since < routine.minutes)
            rise[during] += 1 / routine.rise_min
            lie[during] *= routine.lie_down
            ahead = (since < 0) & (since >= -routine.anticipation_min)
            anticipation[ahead] += 1 + since[ahead] / routine.anticipation_min
    return rise, lie, anticipation


def _mood(settings: HerdSettings, group: int, times: Floats) -> Floats:
    hours = np.arange(times[0] // 3600, times[-1] // 3600 + 2)
    knots = normal(key_of(settings.seed, "mood", group), hours.astype(np.int64))
    return np.asarray(settings.rhythm.synchrony_sd * np.interp(times / 3600, hours, knots))
