"""Searches for regressors and re-selections of models as they were made: written once, never changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, text

Decision = Literal["promoted", "kept"]

REST: Final = timedelta(days=7)
"""How long a series is left alone after a re-selection: then every score that counts is of targets since."""


@dataclass(frozen=True, slots=True)
class RegressorSelection:
    """A search for regressors.

    Attributes:
        id: Its number.
        farm_id: The farm.
        series_id: What it was made on; `None` for the groups of the farm together.
        made_at: On the node's clock.
        why: What it was made for.
        specification: JSON of the model with the regressors that are kept.
        comparisons: All that was compared, as `forecast.selection.Selection.to_json` gives it.
    """

    id: int
    farm_id: int
    series_id: int | None
    made_at: datetime
    why: str
    specification: str
    comparisons: Mapping[str, Any]


class Reselection(NamedTuple):
    """What was done where the skill of a model was lost.

    `seen` and `tried` are figures as plain data; `model_id` is the model that won, `selection_id` the search for
    regressors that was part of it.
    """

    series_id: int
    seen_at: datetime
    made_at: datetime
    seen: Mapping[str, Any]
    tried: Mapping[str, Any]
    decision: Decision
    model_id: int | None
    selection_id: int | None


class WeekErrors(NamedTuple):
    """Sums over the forecasts of a span of targets by one model or baseline: slots with truth, targets, squares."""

    slots: int
    n: int
    sum_squared: float


def keep_selection(
    connection: Connection,
    farm_id: int,
    series_id: int | None,
    *,
    at: datetime,
    why: str,
    specification: str,
    comparisons: Mapping[str, Any],
) -> int:
    """Keep a search for regressors; return its number."""
    insert = """INSERT INTO regressor_selection (farm_id, series_id, made_at, why, specification, comparisons)
    VALUES (:farm, :series, :at, :why, :specification, CAST(:comparisons AS jsonb)) RETURNING id"""
    values = {"farm": farm_id, "series": series_id, "at": at, "why": why, "specification": specification}
    number: int = connection.execute(text(insert), values | {"comparisons": json.dumps(comparisons)}).scalar_one()
    return number


def latest_selection(connection: Connection, farm_id: int, series_id: int) -> RegressorSelection | None:
    """Return the latest search that holds for a series: made on it, or on the groups of its farm together."""
    query = """SELECT id, farm_id, series_id, made_at, why, specification, comparisons FROM regressor_selection
    WHERE farm_id = :farm AND (series_id = :series OR series_id IS NULL) ORDER BY made_at DESC, id DESC LIMIT 1"""
    row = connection.execute(text(query), {"farm": farm_id, "series": series_id}).one_or_none()
    return None if row is None else RegressorSelection(*row)


def selections_of(connection: Connection, farm_id: int, *, before: int, limit: int) -> list[RegressorSelection]:
    """Return the first searches of a farm with a number below `before`, newest first."""
    query = """SELECT id, farm_id, series_id, made_at, why, specification, comparisons FROM regressor_selection
    WHERE farm_id = :farm AND id < :before ORDER BY id DESC LIMIT :limit"""
    rows = connection.execute(text(query), {"farm": farm_id, "before": before, "limit": limit})
    return [RegressorSelection(*row) for row in rows]


def selected_since(connection: Connection, farm_id: int, instant: datetime) -> bool:
    """Tell whether the regressors of a farm's groups were searched as a routine after an instant."""
    query = """SELECT EXISTS (SELECT FROM regressor_selection
      WHERE farm_id = :farm AND series_id IS NULL AND why = 'routine' AND made_at > :instant)"""
    return bool(connection.execute(text(query), {"farm": farm_id, "instant": instant}).scalar_one())


_FIELDS: Final = ", ".join(Reselection._fields)


def claim(connection: Connection, series_id: int, at: datetime) -> bool:
    """Let no other transaction record a re-selection of a series before this one ends; false if the series rests."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('animov reselection'), :id)"), {"id": series_id})
    return not rests(connection, series_id, at)


def record(connection: Connection, farm_id: int, made: Reselection) -> None:
    """Record a re-selection of a series that the transaction has claimed."""
    insert = f"""INSERT INTO reselection (farm_id, {_FIELDS}) VALUES (:farm, :series_id, :seen_at, :made_at,
      CAST(:seen AS jsonb), CAST(:tried AS jsonb), :decision, :model_id, :selection_id)"""  # noqa: S608 - our own names
    told = {"farm": farm_id, "seen": json.dumps(made.seen), "tried": json.dumps(made.tried)}
    connection.execute(text(insert), made._asdict() | told)


def rests(connection: Connection, series_id: int, at: datetime) -> bool:
    """Tell whether a series had a re-selection less than `REST` before or after an instant."""
    query = """SELECT EXISTS (SELECT FROM reselection
      WHERE series_id = :series AND seen_at > CAST(:at AS timestamptz) - :rest AND seen_at < :at + :rest)"""
    return bool(connection.execute(text(query), {"series": series_id, "at": at, "rest": REST}).scalar_one())


def reselections_of(connection: Connection, series_id: int) -> list[Reselection]:
    """Return the re-selections of a series, newest first."""
    query = f"SELECT {_FIELDS} FROM reselection WHERE series_id = :series ORDER BY seen_at DESC"  # noqa: S608 - our own names
    return [Reselection(*row) for row in connection.execute(text(query), {"series": series_id})]


def reselections_on(connection: Connection, farm_id: int, *, before: int, limit: int) -> list[tuple[int, Reselection]]:
    """Return the first re-selections of a farm with a number below `before`, newest first, with their numbers."""
    query = f"""SELECT id, {_FIELDS} FROM reselection WHERE farm_id = :farm AND id < :before
    ORDER BY id DESC LIMIT :limit"""  # noqa: S608 - our own names
    rows = connection.execute(text(query), {"farm": farm_id, "before": before, "limit": limit})
    return [(row[0], Reselection(*row[1:])) for row in rows]


def errors_between(
    connection: Connection, farm_id: int, start: datetime, end: datetime
) -> dict[int, dict[str, WeekErrors]]:
    """Return by series and by model, or baseline, what came true in `[start, end)` of a farm's live forecasts."""
    query = """SELECT series_id, model, count(DISTINCT target), sum(n), sum(sum_squared) FROM farm_score
    WHERE farm_id = :farm AND target >= :start AND target < :end AND NOT backtest GROUP BY series_id, model"""
    found: dict[int, dict[str, WeekErrors]] = {}
    for series_id, model, *sums in connection.execute(text(query), {"farm": farm_id, "start": start, "end": end}):
        found.setdefault(series_id, {})[model] = WeekErrors(*sums)
    return found
