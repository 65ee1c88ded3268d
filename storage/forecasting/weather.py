"""Weather forecasts as issued: what was known of an hour, and when; written once, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

HOUR: Final = timedelta(hours=1)

Known = Sequence[float | None]
"""Values of hours in a row; `None` where nothing is known."""


@dataclass(frozen=True, slots=True)
class Hourly:
    """The weather of hours in a row, `first_hour + i` hours for item i; sequences of one length.

    Attributes:
        first_hour: Aware, on the hour.
        temperature: °C, at the hour.
        humidity: Relative, %, at the hour.
        precipitation: mm, of the hour that ends then.
        wind: m/s, at the hour.
        cloud: Share of the sky that is covered, %, at the hour.
    """

    first_hour: datetime
    temperature: Known
    humidity: Known
    precipitation: Known
    wind: Known
    cloud: Known


@dataclass(frozen=True, slots=True)
class Asked:
    """That the provider was asked: when the answer was there, and what was wrong with it, if anything."""

    issued_at: datetime
    fault: str


_NAMES: Final = [field.name for field in fields(Hourly)[1:]]
_STORED: Final = ["farm_id", "issued_at", "fault", "first_hour", *_NAMES]
_INSERT: Final = text(
    f"INSERT INTO weather_forecast ({', '.join(_STORED)}) VALUES ({', '.join(':' + name for name in _STORED)}) "  # noqa: S608 - our own names
    "ON CONFLICT DO NOTHING"
)

_COVERING: Final = f"""
  SELECT {", ".join(f"w.{name}[at.item] AS {name}" for name in _NAMES)} FROM farm_weather w
  CROSS JOIN LATERAL (SELECT (extract(epoch FROM h.hour - w.first_hour) / 3600)::int + 1 AS item) at
  WHERE w.farm_id = :farm AND w.issued_at <= :until AND at.item BETWEEN 1 AND cardinality(w.temperature)
"""  # noqa: S608 - our own names
_KNOWN: Final = text(
    f"""SELECT {", ".join(_NAMES)} FROM generate_series(
      CAST(:first AS timestamptz), CAST(:last AS timestamptz), interval '1 hour') AS h (hour)
    LEFT JOIN LATERAL (
      SELECT * FROM (
        (SELECT 1 AS choice, b.* FROM (
          {_COVERING} AND w.issued_at <= h.hour ORDER BY w.issued_at DESC LIMIT 1) b)
        UNION ALL
        (SELECT 2 AS choice, a.* FROM (
          {_COVERING} AND w.issued_at > h.hour ORDER BY w.issued_at LIMIT 1) a)) found
      ORDER BY choice LIMIT 1) nearest ON true
    ORDER BY h.hour"""  # noqa: S608 - our own names
)


def store(connection: Connection, farm_id: int, issued_at: datetime, hourly: Hourly) -> None:
    """Keep a forecast as it was issued."""
    kept = {name: list(getattr(hourly, name)) for name in _NAMES}
    told = {"farm_id": farm_id, "issued_at": issued_at, "fault": "", "first_hour": hourly.first_hour}
    connection.execute(_INSERT, told | kept)


def store_fault(connection: Connection, farm_id: int, at: datetime, fault: str) -> None:
    """Keep that there was no forecast to be had, and why; `fault` is not empty."""
    nothing: dict[str, list[float]] = {name: [] for name in _NAMES}
    told = {"farm_id": farm_id, "issued_at": at, "fault": fault, "first_hour": datetime.fromtimestamp(0, at.tzinfo)}
    connection.execute(_INSERT, told | nothing)


def known(connection: Connection, farm_id: int, first: datetime, last: datetime, *, until: datetime) -> Hourly:
    """Return what was known of the hours `first` to `last` (inclusive, aware, on the hour) at an instant.

    Of each hour this is what the latest forecast issued at the hour or before it said, so that the past is of the
    same kind as the future; where there is none, the first one issued afterwards. Nothing issued after `until` is read.
    """
    told = {"farm": farm_id, "first": first, "last": last, "until": until}
    rows = connection.execute(_KNOWN, told).all()
    columns = zip(*rows, strict=True) if rows else ((),) * len(_NAMES)
    return Hourly(first, *columns)


def last_asked(connection: Connection, farm_id: int, *, until: datetime, usable: bool = False) -> Asked | None:
    """Return the last time that the provider was asked, up to an instant; with `usable` the last that it answered."""
    row = connection.execute(
        text(
            """SELECT issued_at, fault FROM farm_weather
            WHERE farm_id = :farm AND issued_at <= :until AND (fault = '' OR NOT :usable)
            ORDER BY issued_at DESC LIMIT 1"""
        ),
        {"farm": farm_id, "until": until, "usable": usable},
    ).one_or_none()
    return None if row is None else Asked(*row)


@dataclass(frozen=True, slots=True)
class WeatherIssue:
    """A forecast as it was issued, or why none was to be had; then it has no hours."""

    issued_at: datetime
    fault: str
    hourly: Hourly


_ISSUE: Final = f"SELECT issued_at, fault, first_hour, {', '.join(_NAMES)} FROM farm_weather"  # noqa: S608 - our own names


def issued(connection: Connection, farm_id: int, *, until: datetime) -> WeatherIssue | None:
    """Return the latest forecast that there was at an instant, as it was issued."""
    query = _ISSUE + " WHERE farm_id = :farm AND issued_at <= :until AND fault = '' ORDER BY issued_at DESC LIMIT 1"
    row = connection.execute(text(query), {"farm": farm_id, "until": until}).one_or_none()
    return None if row is None else WeatherIssue(row[0], row[1], Hourly(*row[2:]))


def asked_between(
    connection: Connection, farm_id: int, start: datetime, before: datetime, *, limit: int
) -> list[tuple[datetime, str, int]]:
    """Return when the provider was asked in `[start, before)`, the latest first: when, the fault, hours foretold."""
    query = """SELECT issued_at, fault, cardinality(temperature) FROM farm_weather
    WHERE farm_id = :farm AND issued_at >= :start AND issued_at < :before ORDER BY issued_at DESC LIMIT :limit"""
    values = {"farm": farm_id, "start": start, "before": before, "limit": limit}
    return [(row[0], row[1], row[2]) for row in connection.execute(text(query), values)]
