"""The weather on the grid of a series: columns of the regression, from forecasts as they were issued."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from core.timeline import EPOCH
from forecast.inputs import Floats, Seconds, slot_seconds
from forecast.regressors.thi import temperature_humidity_index
from storage.forecasting.weather import HOUR, Hourly, Known

LOAD: Final = timedelta(days=1)
"""How far back a slot feels the heat."""


def hours_around(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return the first and the last hour (inclusive) that the columns of slots in `[start, end)` are made from."""
    first, last = start - LOAD - EPOCH, end - EPOCH
    return EPOCH + first // HOUR * HOUR, EPOCH - (-last // HOUR) * HOUR


def weather_columns(hourly: Hourly, start: datetime, step: timedelta, count: int) -> dict[str, Floats]:
    """Return what the weather offers to a regression, shape `(count,)` each, NaN where an hour beside it is not known.

    `temperature` (°C), `humidity` (%), `wind` (m/s) and `cloud` (%) at the middle of the slot, linear between hours;
    `thi` from the former two; `thi_load`, its mean over the 24 hours up to and with the slot; `rain`, mm of the hour
    that the slot lies in.

    Args:
        hourly: At least the hours of `hours_around`; what it lacks is not known.
        start: First instant of the first slot, aware.
        step: Length of a slot; it divides an hour or is a multiple of one.
        count: How many slots.
    """
    before = LOAD // step
    seconds = slot_seconds(start - before * step, step, before + count)
    middle = seconds + step // timedelta(seconds=2)
    temperature, humidity, wind, cloud = (
        _between(hourly, values, middle) for values in (hourly.temperature, hourly.humidity, hourly.wind, hourly.cloud)
    )
    thi = temperature_humidity_index(temperature, humidity)
    columns = {
        "temperature": temperature,
        "humidity": humidity,
        "wind": wind,
        "cloud": cloud,
        "thi": thi,
        "rain": _ending(hourly, hourly.precipitation, middle),
    }
    load = np.lib.stride_tricks.sliding_window_view(thi, before + 1)[:, 1:].mean(axis=1)
    return {name: column[before:] for name, column in columns.items()} | {"thi_load": load}


def _between(hourly: Hourly, values: Known, seconds: Seconds) -> Floats:
    """Return values between hours; one that is not known takes the two hours around it along."""
    since, known = _since(hourly, seconds), _array(values)
    hour = np.floor(since).astype(np.int64)
    share = since - hour
    left, right = _at(known, hour), _at(known, hour + (share > 0))
    value: Floats = left + share * (right - left)
    return value


def _ending(hourly: Hourly, values: Known, seconds: Seconds) -> Floats:
    """Return the value of the hour that is going on, which stands at its end."""
    return _at(_array(values), np.floor(_since(hourly, seconds)).astype(np.int64) + 1)


def _since(hourly: Hourly, seconds: Seconds) -> Floats:
    since: Floats = (seconds - (hourly.first_hour - EPOCH) // timedelta(seconds=1)) / 3600
    return since


def _array(values: Known) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _at(known: Floats, hour: Seconds) -> Floats:
    inside = (hour >= 0) & (hour < len(known))
    found = np.full(len(hour), np.nan)
    found[inside] = known[hour[inside]]
    return found
