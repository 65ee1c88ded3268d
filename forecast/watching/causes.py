"""Why a series may be outside its band: what was known of coverage, weather, routine and model when it was raised.

Each cause has a weight of 0 to 1 that only ranks it: how far its number goes on the way to one that would explain
nearly anything. The weights are a choice, made from what breaks a group's ratio most directly (who is measured) to what
moves animals (weather, routine) to what was expected of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from core.timeline import BUCKET
from forecast.inputs import Floats, slot_seconds
from forecast.regressors.events import event_share
from forecast.regressors.farm_site import site_of
from forecast.regressors.weather import hours_around, weather_columns
from storage.engine.database import Connection
from storage.forecasting import forecasts, watched, weather
from storage.forecasting.watched import Turnover, Watched
from storage.herds.farms import Farm
from storage.measurements.series import Series

DAY: Final = timedelta(days=1)
RECORD: Final = timedelta(days=7)

LEAST_DROP: Final = 0.1
WORST_DROP: Final = 0.5
"""Share of the animals' time that is missing since the day before: from there on it is told; there its weight is 1."""

HEAT: Final = 68.0
"""Temperature-humidity index (see `forecast.regressors.thi`) from which on dairy animals are under heat stress."""

LEAST_JUMP: Final = 5.0
WORST_JUMP: Final = 15.0
"""Points of the index that the same time of the day before was away."""

LEAST_RAIN_MM: Final = 0.5
WORST_RAIN_MM: Final = 5.0
"""Of an hour."""

EVENT_WEIGHT: Final = 0.3
CLOCK_WEIGHT: Final = 0.6
REMARK_WEIGHT: Final = 0.4

Cause = Mapping[str, Any]


def causes_of(
    connection: Connection, farm: Farm, one: Series, *, record: Sequence[Watched], since: datetime, opened: datetime
) -> list[Cause]:
    """Return likely causes of a deviation, the likeliest first; nothing that was known only later counts.

    Args:
        connection: An open transaction.
        farm: The farm.
        one: The series.
        record: Windows of the series, in order of time; at least those of the week before `opened`.
        since: Start of the first window outside.
        opened: When it was raised.
    """
    found = [
        *coverage_dropped(record, since, opened),
        *turned_over(watched.turnover(connection, one, since - DAY, opened)),
        *weather_changed(_weather(connection, farm, since, opened)),
        *routine(farm, since, opened),
        *clock_changed(farm, opened),
        *model_weak([row for row in record if since - RECORD <= row.target < since]),
        *_remark(connection, one, next((row.issued_at for row in record if row.target == since), None)),
    ]
    return sorted(found, key=lambda cause: (-cause["weight"], cause["code"]))


def coverage_dropped(record: Sequence[Watched], since: datetime, opened: datetime) -> Iterator[Cause]:
    """Yield the cause that less is heard of the animals than the day before."""
    now = _mean([row.known_share for row in record if since <= row.target < opened])
    usual = _mean([row.known_share for row in record if since - DAY <= row.target < since])
    if usual - now >= LEAST_DROP:
        yield _cause("coverage_dropped", (usual - now) / WORST_DROP, now=round(now, 3), usual=round(usual, 3))


def turned_over(found: Turnover) -> Iterator[Cause]:
    """Yield the causes that other collars, or other animals, are measured than the day before."""
    for code, animals in (("collars_reassigned", found.reassigned), ("members_moved", found.moved)):
        if animals and found.members:
            yield _cause(code, animals / found.members, animals=animals, members=found.members)


def weather_changed(columns: Mapping[str, Floats]) -> Iterator[Cause]:
    """Yield the causes in the weather.

    Args:
        columns: `thi` and `rain`, from a day before the deviation to when it was raised, by quarters of an hour.
    """
    if not columns:
        return
    day = DAY // BUCKET
    thi, rain = columns["thi"], columns["rain"]
    jump = thi[day:] - thi[: len(thi) - day]
    if np.isfinite(jump).any():
        at = int(np.nanargmax(np.abs(jump)))
        numbers = {"thi": round(float(thi[day + at]), 1), "before": round(float(thi[at]), 1)}
        if abs(jump[at]) >= LEAST_JUMP or thi[day + at] >= HEAT:
            hot = thi[day + at] >= HEAT
            weight = max(abs(jump[at]) / WORST_JUMP, (thi[day + at] - HEAT) / WORST_JUMP)
            yield _cause("heat" if hot else "weather_jump", float(weight), **numbers)
    wet = rain[day:][np.isfinite(rain[day:])]
    if len(wet) and wet.max() >= LEAST_RAIN_MM:
        yield _cause("rain", float(wet.max()) / WORST_RAIN_MM, rain_mm=round(float(wet.max()), 1))


def routine(farm: Farm, since: datetime, opened: datetime) -> Iterator[Cause]:
    """Yield the farm's daily events at whose time it was, by name."""
    site = site_of(farm)
    seconds = slot_seconds(since, BUCKET, (opened - since) // BUCKET)
    zone = ZoneInfo(site.zone)
    shares: dict[str, float] = {}
    for event in site.events:
        share = float(event_share(event, seconds, BUCKET, zone).mean())
        shares[event.name] = shares.get(event.name, 0.0) + share
    for name, share in sorted(shares.items()):
        if share > 0:
            yield _cause("farm_event", EVENT_WEIGHT * share, event=name)


def clock_changed(farm: Farm, opened: datetime) -> Iterator[Cause]:
    """Yield the cause that the farm's clock has changed within two days."""
    zone = ZoneInfo(farm.time_zone)
    now, before = (at.astimezone(zone).utcoffset() or timedelta() for at in (opened, opened - 2 * DAY))
    if now != before:
        yield _cause("clock_changed", CLOCK_WEIGHT, hours=(now - before) / timedelta(hours=1))


def model_weak(record: Sequence[Watched]) -> Iterator[Cause]:
    """Yield the cause that a day ahead the model has foretold the last week no better than the week's mean."""
    known = np.array([(row.mean, row.standing_ratio) for row in record if row.standing_ratio is not None])
    if len(known) < DAY // BUCKET:
        return
    error, spread = float(((known[:, 0] - known[:, 1]) ** 2).mean()), float(known[:, 1].var())
    if error >= spread > 0:
        yield _cause("model_weak", 0.5 * error / spread, rmse=round(error**0.5, 3), spread=round(spread**0.5, 3))


def _remark(connection: Connection, one: Series, issued_at: datetime | None) -> Iterator[Cause]:
    issued = None if issued_at is None else forecasts.latest(connection, one.id, until=issued_at)
    if issued is not None and issued.reason:
        yield _cause("forecast_remark", REMARK_WEIGHT, model=issued.model, reason=issued.reason)


def _weather(connection: Connection, farm: Farm, since: datetime, opened: datetime) -> Mapping[str, Floats]:
    if weather.last_asked(connection, farm.id, until=opened, usable=True) is None:
        return {}
    start = since - DAY
    hourly = weather.known(connection, farm.id, *hours_around(start, opened), until=opened)
    return weather_columns(hourly, start, BUCKET, (opened - start) // BUCKET)


def _cause(code: str, weight: float, **numbers: Any) -> Cause:
    return {"code": code, "weight": round(min(1.0, max(0.0, weight)), 3), **numbers}


def _mean(shares: Sequence[float | None]) -> float:
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else 0.0
