"""What a farm's cycle knows of the weather: all that a model needs, or nothing and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from core.timeline import BUCKET
from forecast.inputs import Floats
from forecast.regressors.design import NO_COLUMNS
from forecast.regressors.weather import hours_around, weather_columns
from forecast.specification import HORIZON
from storage.engine.database import Connection
from storage.forecasting import weather
from storage.herds.farms import Farm

INDEX: Final = "thi"
"""The column that the default model takes."""

LEAST_KNOWN: Final = 0.9
"""Share of the past of which the index must be known: slots without it are lost to the fit."""

QUIET: Final = timedelta(days=1)
"""Who has not asked for so long wants no weather, or has only just begun to live again."""


@dataclass(frozen=True, slots=True, eq=False)
class FarmWeather:
    """Columns for a regression.

    Attributes:
        columns: By name, see `forecast.regressors.weather.weather_columns`; over the history and the horizon.
        lack: Why there are none although weather is wanted; else empty.
    """

    columns: Mapping[str, Floats]
    lack: str = ""


NO_WEATHER: Final = FarmWeather(NO_COLUMNS)


def weather_until(connection: Connection, farm: Farm, origin: datetime, span: timedelta) -> FarmWeather:
    """Return the weather of `[origin - span, origin + horizon)` as it was known at the origin.

    A name that an event of the farm has is the event's.
    """
    asked = weather.last_asked(connection, farm.id, until=origin)
    if asked is None or origin - asked.issued_at > QUIET:
        return NO_WEATHER
    columns = columns_known(connection, farm, origin, span)
    if lack := _lack(np.isfinite(columns[INDEX]), span // BUCKET):
        return FarmWeather(NO_COLUMNS, f"without weather: {asked.fault or lack}")
    taken = {str(event["name"]) for event in farm.events}
    return FarmWeather({name: column for name, column in columns.items() if name not in taken})


def columns_known(connection: Connection, farm: Farm, origin: datetime, span: timedelta) -> Mapping[str, Floats]:
    """Return what was known of the weather of `[origin - span, origin + horizon)` at the origin; the rest is NaN."""
    start = origin - span
    hourly = weather.known(connection, farm.id, *hours_around(start, origin + HORIZON * BUCKET), until=origin)
    return weather_columns(hourly, start, BUCKET, span // BUCKET + HORIZON)


def _lack(known: np.ndarray[tuple[int], np.dtype[np.bool_]], steps: int) -> str:
    """Return what is missing, if it is too much, of `steps` of history and the horizon."""
    if not known[steps:].all():
        return "what is known of it ends before the horizon"
    if known[:steps].mean() < LEAST_KNOWN:
        return f"less than {LEAST_KNOWN:.0%} of its past is known"
    return ""
