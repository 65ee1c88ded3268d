"""The factors of a day for the series of a farm: those that the day has, made where it has none yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import numpy as np

from core.regressors import SKY
from core.timeline import BUCKET
from forecast.inputs import Floats
from forecast.model.bands import Calibration
from forecast.regressors.farm_site import site_of
from forecast.regressors.farm_weather import columns_known
from forecast.rolling.calibrating import WINDOW_DAYS, calibrations_of, needed_slots, start_of_day
from forecast.rolling.histories import histories_until
from forecast.rolling.issuing import Choice
from forecast.rolling.past_errors import ColumnsAt
from forecast.specification import DAY, Specification
from storage.engine.database import Connection, Engine, scoped_to
from storage.forecasting import band_calibrations, weather
from storage.forecasting.band_calibrations import BandCalibration
from storage.herds.farms import Farm
from storage.measurements.series import Series

BEGUN: Final = WINDOW_DAYS * DAY / 2
"""Weather that has come for less long tells of too few origins: the model is judged without it, as it was issued."""


def day_factors(
    engine: Engine, farm: Farm, followed: Sequence[Series], choices: Mapping[int, Choice], slot: datetime
) -> dict[int, Calibration]:
    """Return the factors of the series that have a model chosen, in a transaction that keeps those of a new day."""
    wanted = [(one, choices[one.id].specification) for one in followed if one.id in choices]
    with scoped_to(engine, [farm.id]) as connection:
        return calibrations(connection, farm, wanted, slot)


def calibrations(
    connection: Connection, farm: Farm, wanted: Sequence[tuple[Series, Specification]], slot: datetime
) -> dict[int, Calibration]:
    """Return the factors of some series on the UTC day of a slot, by id of the series.

    Nothing measured on the day or later is read. Each origin that is looked back on has the weather that had been
    issued by then. A target whose weather was not known at its origin has no error.

    Args:
        connection: An open transaction that may write the factors of the day.
        farm: The farm of the series.
        wanted: Series of 15-minute slots, and the model that each is forecast by.
        slot: Aware.
    """
    day, ids = start_of_day(slot), [one.id for one, _ in wanted]
    digests = {one.id: bytes.fromhex(model.digest) for one, model in wanted}
    known = {(row.series_id, row.specification) for row in band_calibrations.of_day(connection, ids, day)}
    missing = [(one, model) for one, model in wanted if (one.id, digests[one.id]) not in known]
    for model in dict.fromkeys(model for _, model in missing):
        of = [one for one, wants in missing if wants == model]
        made = zip(of, _made(connection, farm, of, model, day), strict=True)
        rows = [BandCalibration(one.id, digests[one.id], factors.factor80, factors.factor95) for one, factors in made]
        band_calibrations.keep(connection, day, rows)
    return {
        row.series_id: Calibration(tuple(row.factor80), tuple(row.factor95))
        for row in band_calibrations.of_day(connection, ids, day)
        if row.specification == digests[row.series_id]
    }


def _made(
    connection: Connection, farm: Farm, of: Sequence[Series], model: Specification, day: datetime
) -> list[Calibration]:
    slots = needed_slots(model)
    start = day - slots * BUCKET
    histories = histories_until(connection, of, day, slots * BUCKET)
    needs = set(model.regressors) - SKY - {str(event["name"]) for event in farm.events}
    if needs and weather.last_asked(connection, farm.id, until=day - BEGUN, usable=True) is None:
        model, needs = replace(model, regressors=tuple(name for name in model.regressors if name not in needs)), set()
    looks = needs or "moonlight" in model.regressors
    columns_at = _weather_at(connection, farm, start, model.history) if looks else None
    return calibrations_of(histories, model, site=site_of(farm), columns_at=columns_at)


def _weather_at(connection: Connection, farm: Farm, start: datetime, span: timedelta) -> ColumnsAt:
    """Return what tells the columns up to the horizon of an origin, as they were known there.

    What had not been issued by then, and what lies further back from the origin than the span, is NaN.
    """
    events = {str(event["name"]) for event in farm.events}

    @cache
    def known(origin: int) -> Mapping[str, Floats]:
        before = min(span // BUCKET, origin)
        columns = columns_known(connection, farm, start + origin * BUCKET, before * BUCKET)
        front = np.full(origin - before, np.nan)
        return {name: np.concatenate((front, column)) for name, column in columns.items() if name not in events}

    return known
