"""The columns of the regression: harmonics of the local day and week, sun, events, and what the caller brings.

Day and week are the farm's, not UTC's: people, milking, feed and lamps follow the wall clock, also across a DST
change, and housed goats follow these. What follows the sky whatever the clock says has a column of its own, the sun's
elevation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from core.errors import AnimovError
from core.regressors import SKY
from forecast.inputs import Floats, History, Seconds, slot_seconds
from forecast.regressors.events import DailyEvent, event_share
from forecast.regressors.moon import moonlight
from forecast.regressors.sun import solar_elevation
from forecast.specification import Specification

_DAY_S: Final = 86_400
_WEEK_S: Final = 7 * _DAY_S

NO_COLUMNS: Final[Mapping[str, Floats]] = MappingProxyType({})


class RegressorError(AnimovError):
    """A column that the model asks for is not there, or not whole."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where and by which clock the animals live.

    Attributes:
        zone: IANA name of the wall clock's zone.
        latitude: Degrees, north positive; needed for the sun only.
        longitude: Degrees, east positive; needed for the sun only.
        events: What happens every day.
    """

    zone: str = "UTC"
    latitude: float | None = None
    longitude: float | None = None
    events: tuple[DailyEvent, ...] = ()


def design_of(
    history: History,
    specification: Specification,
    *,
    horizon: int,
    site: Site,
    columns: Mapping[str, Floats] = NO_COLUMNS,
) -> Floats:
    """Return the regression's columns over the history and the horizon, shape `(n + horizon, columns)`.

    First a sine and a cosine for each harmonic of the day, then for each of the week, then the regressors, whose names
    are `solar_elevation` (degrees, at the middle of the slot), `daylight` (1 with the sun up, -0.833
    degrees, else 0), `moonlight` (0 to 1; less under the `cloud` of the columns, %, where that is known), the name of
    an event of the site, or a name in `columns`, whose arrays have shape `(n + horizon,)`; NaN may stand in their
    past, never in their future.

    Raises:
        RegressorError: a column is missing, has another length, or has a gap in the future.
    """
    count = len(history) + horizon
    seconds = slot_seconds(history.start, history.step, count)
    middle = seconds + history.step // timedelta(seconds=2)
    local = _local_seconds(middle, ZoneInfo(site.zone))
    found = list(_harmonics(local % _DAY_S / _DAY_S, specification.harmonics))
    found += _harmonics(local % _WEEK_S / _WEEK_S, specification.weekly_harmonics)
    found += [
        _whole(name, _column(name, seconds, history.step, site, columns), history, horizon)
        for name in specification.regressors
    ]
    return np.column_stack(found) if found else np.empty((count, 0))


def _harmonics(passed: Floats, pairs: int) -> Iterator[Floats]:
    """Yield the sines and cosines of a period of which a share has passed, 0 to 1."""
    for k in range(1, pairs + 1):
        yield np.sin(2 * np.pi * k * passed)
        yield np.cos(2 * np.pi * k * passed)


def _local_seconds(seconds: Seconds, zone: ZoneInfo) -> Seconds:
    """Return what the wall clock shows, in seconds since it showed the beginning of 1970."""
    hours = np.unique(seconds // 1800)  # the wall clock is changed on a half-hour of UTC, if at all
    offsets = [_offset_s(int(hour) * 1800, zone) for hour in hours]
    local: Seconds = seconds + np.array(offsets, dtype=np.int64)[np.searchsorted(hours, seconds // 1800)]
    return local


def _offset_s(second: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset() or timedelta(0)
    return offset // timedelta(seconds=1)


def _column(name: str, seconds: Seconds, step: timedelta, site: Site, columns: Mapping[str, Floats]) -> Floats:
    if name in columns:
        return np.asarray(columns[name], dtype=np.float64)
    if name in SKY:
        return _sky(name, seconds + step // timedelta(seconds=2), site, columns)
    events = [event for event in site.events if event.name == name]
    if not events:
        raise RegressorError(f"there is no regressor {name!r}: no event of the site and no column has that name")
    zone = ZoneInfo(site.zone)
    return np.minimum(sum((event_share(event, seconds, step, zone) for event in events), np.zeros(len(seconds))), 1.0)


def _sky(name: str, seconds: Seconds, site: Site, columns: Mapping[str, Floats]) -> Floats:
    if site.latitude is None or site.longitude is None:
        raise RegressorError(f"the regressor {name!r} needs the latitude and longitude of the farm")
    if name == "moonlight":
        light = moonlight(seconds, site.latitude, site.longitude)
        return light * (1.0 - np.nan_to_num(columns["cloud"]) / 100.0) if "cloud" in columns else light
    elevation = solar_elevation(seconds, site.latitude, site.longitude)
    return elevation if name == "solar_elevation" else (elevation > -0.833).astype(np.float64)


def _whole(name: str, column: Floats, history: History, horizon: int) -> Floats:
    count = len(history) + horizon
    if column.shape != (count,):
        raise RegressorError(f"the regressor {name!r} has {column.size} values where {count} are needed")
    lacking = np.flatnonzero(~np.isfinite(column[len(history) :]))
    if len(lacking):
        at = history.origin + int(lacking[0]) * history.step
        raise RegressorError(f"the regressor {name!r} has no value for {at:%Y-%m-%d %H:%M} UTC, a slot of the horizon")
    return column
