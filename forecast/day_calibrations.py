"""The factors of a day for the series of a farm: those that the day has, made where it has none yet."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from core.timeline import BUCKET
from forecast.bands import Calibration
from forecast.calibrating import calibrations_of, needed_slots, start_of_day
from forecast.histories import histories_until
from forecast.inputs import Floats
from forecast.issuing import Choice, site_of
from forecast.regressors import SKY
from forecast.specification import HORIZON, Specification
from forecast.weather import hours_around, weather_columns
from storage import band_calibrations, weather
from storage.band_calibrations import BandCalibration
from storage.database import Connection, Engine, scoped_to
from storage.farms import Farm
from storage.series import Series


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

    Nothing measured on the day or later is read. Of the weather's past it is taken what was known when the day began,
    not what was known at each origin, so errors are those with a better weather forecast than there was.

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
    columns_at = _weather_at(connection, farm, start, slots) if needs or "moonlight" in model.regressors else None
    return calibrations_of(histories, model, site=site_of(farm), columns_at=columns_at)


def _weather_at(
    connection: Connection, farm: Farm, start: datetime, slots: int
) -> Callable[[int], Mapping[str, Floats]]:
    """Return what tells the columns up to the horizon of an origin; what was not known when the day began is NaN."""
    end = start + slots * BUCKET
    first, last = hours_around(start, end + HORIZON * BUCKET)
    hourly = weather.known(connection, farm.id, first, last, until=end)
    events = {str(event["name"]) for event in farm.events}
    columns = weather_columns(hourly, start, BUCKET, slots + HORIZON)
    kept = {name: column for name, column in columns.items() if name not in events}
    return lambda origin: {name: column[: origin + HORIZON] for name, column in kept.items()}
