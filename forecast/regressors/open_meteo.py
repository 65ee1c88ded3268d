"""Fetching the weather of a place in Open-Meteo's JSON format, and refusing every answer that is not quite that.

The format: https://open-meteo.com/en/docs. Hours in a row are asked for in UTC as Unix time, so that there is no
local midnight to get wrong, and the units that are wanted are asked for and looked at in the answer: a server that
does not know a parameter leaves it out of account and answers in km/h.
"""

import time
from datetime import timedelta
from http.client import HTTPException, HTTPResponse
from typing import Annotated, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import msgspec
from msgspec import Meta, Struct

from core.errors import AnimovError
from core.timeline import EPOCH
from storage.forecasting.weather import Hourly

MOST_PAST_DAYS: Final = 92
"""Days back that the provider keeps."""

FORECAST_DAYS: Final = 4
"""Days asked for, today included: 48 hours are whole also when nothing new comes for a day."""

MOST_BYTES: Final = 1 << 20
"""About ten times the longest answer there can be."""

PATIENCE_S: Final = 10.0
"""Wall seconds after which an answer that is not there is given up."""


class WeatherError(AnimovError):
    """The weather provider did not give a usable answer."""


_Percent = Annotated[float, Meta(ge=0, le=100)]


class _Hours(Struct):
    """The part `hourly`: equally long lists; null where the provider knows nothing."""

    time: Annotated[list[Annotated[int, Meta(ge=0, le=1 << 32)]], Meta(min_length=1)]
    temperature_2m: list[Annotated[float, Meta(ge=-100, le=70)] | None]
    relative_humidity_2m: list[_Percent | None]
    precipitation: list[Annotated[float, Meta(ge=0, le=1000)] | None]
    wind_speed_10m: list[Annotated[float, Meta(ge=0, le=150)] | None]
    cloud_cover: list[_Percent | None]


class _Answer(Struct):
    hourly: _Hours
    hourly_units: dict[str, str]


class _Refusal(Struct):
    reason: str = ""


_UNITS: Final = {
    "time": "unixtime",
    "temperature_2m": "°C",
    "relative_humidity_2m": "%",
    "precipitation": "mm",
    "wind_speed_10m": "m/s",
    "cloud_cover": "%",
}


def fetch_weather(
    url: str, key: str | None, latitude: float, longitude: float, *, past_days: int, patience_s: float = PATIENCE_S
) -> Hourly:
    """Return the weather of a place from so many days ago to three days ahead.

    Args:
        url: Of the endpoint, http or https; what it asks for already is kept.
        key: For providers that want one.
        latitude: Degrees, north positive.
        longitude: Degrees, east positive.
        past_days: Whole days before today, 0 to 92.
        patience_s: Wall seconds until the last byte has to be there.

    Raises:
        WeatherError: the provider is not to be reached, refuses, or its answer is not such a forecast.
    """
    asked = {
        "latitude": f"{latitude:.4f}",
        "longitude": f"{longitude:.4f}",
        "hourly": ",".join(name for name in _UNITS if name != "time"),
        "timeformat": "unixtime",
        "timezone": "UTC",
        "wind_speed_unit": "ms",
        "past_days": min(past_days, MOST_PAST_DAYS),
        "forecast_days": FORECAST_DAYS,
    } | ({"apikey": key} if key else {})
    return _read(_get(f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(asked)}", patience_s))


def _get(url: str, patience_s: float) -> bytes:
    """Return the body of an answer; what is told of a failure never shows the URL, for the key is in it."""
    deadline = time.monotonic() + patience_s
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "animov"})  # noqa: S310 - http(s), by its setting
    try:
        with urlopen(request, timeout=patience_s) as response:  # noqa: S310 - as above
            return _body(response, deadline)
    except HTTPError as error:
        with error:
            raise WeatherError(f"the weather provider refuses: {error.code} {_reason(error)}") from None
    except (URLError, OSError, HTTPException) as error:
        told = error.reason if isinstance(error, URLError) else error
        raise WeatherError(f"the weather provider is not to be reached: {told or type(error).__name__}") from None


def _body(response: HTTPResponse, deadline: float) -> bytes:
    """Read to the end, within time and bounds: a socket's own time-out begins again with every byte."""
    body = bytearray()
    while part := response.read1(65_536):
        body += part
        if len(body) > MOST_BYTES:
            raise WeatherError(f"the weather provider's answer is longer than {MOST_BYTES} bytes")
        if time.monotonic() > deadline:
            raise WeatherError("the weather provider's answer does not come to an end")
    if response.length:
        raise WeatherError(f"the weather provider's answer is cut off: {response.length} bytes are missing")
    return bytes(body)


def _reason(error: HTTPError) -> str:
    """Return what the provider says is wrong, in a line, or what the status means."""
    try:
        told = msgspec.json.decode(error.read1(4096), type=_Refusal).reason
    except (msgspec.MsgspecError, OSError, HTTPException, UnicodeDecodeError):
        told = ""
    return " ".join(told.split())[:200] or str(error.reason)


def _read(body: bytes) -> Hourly:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WeatherError(f"the weather provider's answer is no forecast: {error}") from None
    hours = answer.hourly
    if fault := _fault_of(hours, answer.hourly_units):
        raise WeatherError(f"the weather provider's answer is no forecast: {fault}")
    return Hourly(
        first_hour=EPOCH + timedelta(seconds=hours.time[0]),
        temperature=hours.temperature_2m,
        humidity=hours.relative_humidity_2m,
        precipitation=hours.precipitation,
        wind=hours.wind_speed_10m,
        cloud=hours.cloud_cover,
    )


def _fault_of(hours: _Hours, units: dict[str, str]) -> str:
    """Return what is wrong with an answer of the right types, or nothing."""
    count, first = len(hours.time), hours.time[0]
    for name, unit in _UNITS.items():
        if (found := units.get(name)) != unit:
            return f"{name} comes in {found!r}, not in {unit!r}"
        if (length := len(getattr(hours, name))) != count:
            return f"{name} has {length} values for {count} hours"
    if first % 3600 or hours.time != list(range(first, first + count * 3600, 3600)):
        return "its times are not one hour apart, on the hour"
    return ""
