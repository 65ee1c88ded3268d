"""The rules of a day: how many windows outside the band raise an alert, for each series of a farm.

A rule is made when its day is first looked at, from the week before it, and stays: what the windows of a day are held
to does not move while people look.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from core.timeline import BUCKET, EPOCH
from forecast.inputs import Floats
from forecast.watching.episodes import Sides, sides_of
from forecast.watching.exceedance import null_of, threshold_of
from storage.engine.database import Connection
from storage.forecasting import watched
from storage.forecasting.watched import Rule, Watched

DAY: Final = timedelta(days=1)
RECORD: Final = timedelta(days=7)
"""How far back from its day a rule looks."""

Rules = Mapping[tuple[int, datetime], Rule]
"""By series and day."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Consecutive windows of a series from `start` on: what came and what was expected, NaN where there is nothing.

    `sides` is where each window lies, see `forecast.watching.episodes.sides_of`.
    """

    start: datetime
    ratios: Floats
    mean: Floats
    lower: Floats
    upper: Floats
    sides: Sides

    def number(self, instant: datetime) -> int:
        """Return the number of the window that begins at an instant."""
        return (instant - self.start) // BUCKET

    def at(self, number: int) -> datetime:
        """Return the first instant of a window."""
        return self.start + number * BUCKET


def record_of(rows: Iterable[Watched], start: datetime, end: datetime) -> Record:
    """Put windows on the grid of `[start, end)`."""
    lines = np.full((4, (end - start) // BUCKET), np.nan)
    for row in rows:
        if start <= row.target < end:
            ratio = np.nan if row.standing_ratio is None else row.standing_ratio
            lines[:, (row.target - start) // BUCKET] = ratio, row.mean, row.lower95, row.upper95
    ratios, mean, lower, upper = lines
    return Record(start, ratios, mean, lower, upper, sides_of(ratios, lower, upper))


def by_series(rows: Iterable[Watched]) -> dict[int, list[Watched]]:
    """Return windows by series."""
    found: dict[int, list[Watched]] = {}
    for row in rows:
        found.setdefault(row.series_id, []).append(row)
    return found


def day_of(instant: datetime) -> datetime:
    """Return the first instant of the UTC day."""
    return EPOCH + (instant - EPOCH) // DAY * DAY


def rules_between(
    connection: Connection,
    farm_id: int,
    series_ids: Sequence[int],
    start: datetime,
    end: datetime,
    *,
    false_alarms: float,
) -> Rules:
    """Return the rules of all days that windows in `[start, end)` belong to; those that are missing are made.

    Args:
        connection: An open transaction.
        farm_id: The farm.
        series_ids: All its series: they share what is allowed to the farm.
        start: First instant.
        end: Last instant, exclusive.
        false_alarms: Allowed per 100 animals and week.
    """
    first, last = day_of(start), day_of(end - BUCKET)
    found = {(rule.series_id, rule.day): rule for rule in watched.rules(connection, series_ids, first, last)}
    for day in (first + number * DAY for number in range((last - first) // DAY + 1)):
        missing = [one for one in series_ids if (one, day) not in found]
        if missing:
            allowed = false_alarms * max(1, watched.animals_on(connection, farm_id, day)) / 100 / len(series_ids)
            made = _rules_of(connection, missing, day, allowed)
            watched.add_rules(connection, made)
            found |= {(rule.series_id, rule.day): rule for rule in made}
    return found


def _rules_of(connection: Connection, series_ids: Sequence[int], day: datetime, allowed: float) -> list[Rule]:
    rows = by_series(watched.windows(connection, series_ids, day - RECORD, day))
    return [_rule_of(one, day, record_of(rows.get(one, []), day - RECORD, day), allowed) for one in series_ids]


def _rule_of(series_id: int, day: datetime, record: Record, allowed: float) -> Rule:
    null = null_of(record.ratios, record.mean, record.lower, record.upper)
    threshold = threshold_of(null, allowed)
    return Rule(
        series_id=series_id,
        day=day,
        windows=threshold.windows,
        needed=threshold.needed,
        correlation=null.correlation,
        outside_low=null.outside_low,
        outside_high=null.outside_high,
        allowed=allowed,
        expected=threshold.expected,
    )
