"""Forecasts as issued: written once, never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from core.timeline import BUCKET

STEPS = 192
"""Steps of a forecast: 48 hours of quarters of an hour."""

DAY = 96
"""Steps of a day."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A forecast of one series.

    Step h of 1..192 is for `[issued_at + (h - 1) 15 min, issued_at + h 15 min)`; all arrays hold standing ratios in
    [0, 1], 192 of them. A baseline that was not to be had for want of history is empty.

    Attributes:
        backtest: Issued in hindsight, with nothing from after `issued_at`.
        model: Which model really made it; `reason` says why, where it is a fallback.
        inputs_hash: sha256 over everything it was made from.
        persistence: A baseline, as the three after it: the same at every step, as `constant_mean` is.
        seasonal_naive: The steps of a day, twice, as in `mean_profile`.
        sigma: Standard error by step before calibration and clipping; empty where it was not kept.
        factors80: How many times wider the 80 % band was made by calibration, by band of horizon, or empty.
        factors95: The same of the 95 % band.
    """

    series_id: int
    issued_at: datetime
    backtest: bool
    model: str
    reason: str
    specification: str
    inputs_hash: bytes
    mean: Sequence[float]
    lower80: Sequence[float]
    upper80: Sequence[float]
    lower95: Sequence[float]
    upper95: Sequence[float]
    persistence: Sequence[float]
    constant_mean: Sequence[float]
    seasonal_naive: Sequence[float]
    mean_profile: Sequence[float]
    sigma: Sequence[float] = ()
    factors80: Sequence[float] = ()
    factors95: Sequence[float] = ()


_COLUMNS = [field.name for field in fields(Issued)]
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM farm_forecast"  # noqa: S608 - our own names


def record_cycle(connection: Connection, farm_id: int, slot: datetime, *, series: int, seconds: float) -> bool:
    """Claim a slot of a farm in the transaction that writes its forecasts; false if it was done already."""
    claimed = connection.execute(
        text(
            """INSERT INTO forecast_cycle (farm_id, slot, series, seconds) VALUES (:farm, :slot, :series, :seconds)
            ON CONFLICT DO NOTHING"""
        ),
        {"farm": farm_id, "slot": slot, "series": series, "seconds": seconds},
    )
    return claimed.rowcount == 1


def cycle_done(connection: Connection, farm_id: int, slot: datetime) -> bool:
    """Tell whether a slot of a farm has had its forecasts."""
    query = "SELECT EXISTS (SELECT FROM forecast_cycle WHERE farm_id = :farm AND slot = :slot)"
    return bool(connection.execute(text(query), {"farm": farm_id, "slot": slot}).scalar_one())


class Missed(NamedTuple):
    """Slots of a farm without forecasts, in order of time, and how many older ones nobody will make up for."""

    slots: Sequence[datetime]
    given_up: int


def missed(connection: Connection, farm_id: int, start: datetime, end: datetime) -> Missed:
    """Return the slots in `[start, end)` that were not done since the farm's first, and how many before `start`.

    Counted as given up are those between the last slot done and `start`: once a later slot is done, they are history.
    """
    first, last = connection.execute(
        text("SELECT min(slot), max(slot) FROM forecast_cycle WHERE farm_id = :farm AND slot < :end"),
        {"farm": farm_id, "end": end},
    ).one()
    if first is None:
        return Missed((), 0)
    slots = connection.execute(
        text(
            """SELECT slot FROM generate_series(greatest(:start, :first), :end - interval '15 min', interval '15 min')
              AS wanted (slot)
            WHERE NOT EXISTS (SELECT FROM forecast_cycle c WHERE c.farm_id = :farm AND c.slot = wanted.slot)
            ORDER BY slot"""
        ),
        {"farm": farm_id, "start": start, "first": first, "end": end},
    )
    return Missed(tuple(slots.scalars()), max(0, (start - last) // BUCKET - 1))


_LATEST = text(
    _SELECT + " WHERE series_id = :series AND issued_at = animov_latest_issue(:series, CAST(:until AS timestamptz))"
)


def latest(connection: Connection, series_id: int, *, until: datetime | None = None) -> Issued | None:
    """Return the latest forecast of a series, or the latest issued at `until` or before."""
    row = connection.execute(_LATEST, {"series": series_id, "until": until}).one_or_none()
    return None if row is None else _told(row._asdict())


def _told(row: Mapping[str, Any]) -> Issued:
    """Spread over all steps what is stored once."""
    constant = {
        name: (row[name],) * STEPS if row[name] is not None else () for name in ("persistence", "constant_mean")
    }
    daily = {name: tuple(row[name]) * (STEPS // DAY) for name in ("seasonal_naive", "mean_profile")}
    return Issued(**{**row, **constant, **daily})
