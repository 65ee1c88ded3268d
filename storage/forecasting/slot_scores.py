"""What came true in a slot, by series: the newest scores of a farm, for whoever follows its cycles."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text


class SlotScore(NamedTuple):
    """Sums over the forecasts of one series for some target slots, of one band of horizon and one model."""

    series_id: int
    band: str
    model: str
    n: int
    sum_squared: float


def slot_scores(connection: Connection, farm_id: int, start: datetime, end: datetime) -> Sequence[SlotScore]:
    """Return the sums over the target slots in `[start, end)` of a farm that the transaction sees."""
    query = """SELECT series_id, band, model, sum(n)::int, sum(sum_squared) FROM farm_score
    WHERE farm_id = :farm AND target >= :start AND target < :end GROUP BY series_id, band, model
    ORDER BY series_id, band, model"""
    rows = connection.execute(text(query), {"farm": farm_id, "start": start, "end": end})
    return [SlotScore(*row) for row in rows]
