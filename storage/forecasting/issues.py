"""Forecasts by when they were issued: the list of them, and one target as each of them saw it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from core.timeline import BUCKET
from storage.forecasting.forecasts import STEPS


class Issue(NamedTuple):
    """A forecast of a series without its steps."""

    issued_at: datetime
    backtest: bool
    model: str
    reason: str
    specification: str
    inputs_hash: bytes


class Seen(NamedTuple):
    """A target as one forecast saw it; baselines are `None` where they had no history to go by."""

    issued_at: datetime
    step: int
    backtest: bool
    model: str
    mean: float
    lower80: float
    upper80: float
    lower95: float
    upper95: float
    persistence: float | None
    constant_mean: float | None
    seasonal_naive: float | None
    mean_profile: float | None


_ISSUES = text(f"""
SELECT {", ".join(Issue._fields)} FROM farm_forecast
WHERE series_id = :series AND issued_at >= :start AND issued_at < :before ORDER BY issued_at DESC LIMIT :limit
""")  # noqa: S608 - our own names


def issues(connection: Connection, series_id: int, start: datetime, before: datetime, *, limit: int) -> list[Issue]:
    """Return the forecasts of a series issued in `[start, before)`, the latest first."""
    values = {"series": series_id, "start": start, "before": before, "limit": limit}
    return [Issue(*row) for row in connection.execute(_ISSUES, values)]


_SEEN = text("""
SELECT f.issued_at, h.step, f.backtest, f.model, f.mean[h.step], f.lower80[h.step], f.upper80[h.step],
       f.lower95[h.step], f.upper95[h.step], f.persistence, f.constant_mean, f.seasonal_naive[d.step],
       f.mean_profile[d.step]
FROM farm_forecast f
CROSS JOIN LATERAL (SELECT (extract(epoch FROM CAST(:target AS timestamptz) - f.issued_at) / 900)::int + 1 AS step) h
CROSS JOIN LATERAL (SELECT (h.step - 1) % 96 + 1 AS step) d
WHERE f.series_id = :series AND f.issued_at BETWEEN :first AND :target ORDER BY f.issued_at
""")


def seen(connection: Connection, series_id: int, target: datetime) -> Sequence[Seen]:
    """Return a target, the start of a quarter of an hour, as each forecast of the 48 hours before saw it, in order."""
    values = {"series": series_id, "target": target, "first": target - (STEPS - 1) * BUCKET}
    return [Seen(*row) for row in connection.execute(_SEEN, values)]
