"""One slot of one farm: read what has ended, forecast every series, score what has come true.

Reading and fitting hold no lock; then one short transaction claims the slot and writes the forecasts, and another takes
the change feed and scores. A cycle that dies anywhere between is done again with the same result.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.logs import get_logger
from core.timeline import BUCKET
from forecast.cycle_record import cycle_payload
from forecast.farm_weather import NO_WEATHER, weather_until
from forecast.inputs import History, history_of
from forecast.issuing import forecasts_of
from storage import changes, farms, forecasts, scores, series, tracking
from storage.database import Connection, Engine, scoped_to
from storage.series import Series

log = get_logger(__name__)


def run_cycle(engine: Engine, farm_id: int, slot: datetime, *, history_days: int, late: bool = False) -> int:
    """Do a slot of a farm; return the number of forecasts issued, 0 if the slot had been done before.

    Args:
        engine: A connection that may write forecasts.
        farm_id: The farm.
        slot: Start of the first step, aware, on a quarter of an hour; nothing from later is read to forecast.
        history_days: Days that the model is fitted to.
        late: The first step is over already: what is issued now counts as hindsight, though it sees nothing more.
    """
    started, span = time.perf_counter(), timedelta(days=history_days)
    with scoped_to(engine, [farm_id]) as connection:
        done = forecasts.cycle_done(connection, farm_id, slot)
        farm = farms.farm(connection, farm_id)
        followed = series.ensure_series(connection, farm_id)
        histories = [] if done else histories_until(connection, followed, slot, span)
        weather = NO_WEATHER if done else weather_until(connection, farm, slot, span)
    pairs = zip(followed, histories, strict=False)
    issued = list(forecasts_of(farm, pairs, span=span, weather=weather, backtest=late))
    seconds = time.perf_counter() - started
    with scoped_to(engine, [farm_id]) as connection:
        if not done and forecasts.record_cycle(connection, farm_id, slot, series=len(issued), seconds=seconds):
            forecasts.issue(connection, issued)
            record = cycle_payload(issued, seconds)
            tracking.put(connection, "cycle", f"cycle:{farm_id}:{slot.isoformat()}", record, farm_id=farm_id, at=slot)
    score_changes(engine, farm_id, followed, slot)
    log.info("cycle.done", farm=farm.name, slot=slot.isoformat(), forecasts=len(issued), seconds=round(seconds, 3))
    return len(issued)


def histories_until(
    connection: Connection, followed: Sequence[Series], slot: datetime, span: timedelta
) -> list[History]:
    """Return the measured history of each series in `[slot - span, slot)`."""
    return [_history(connection, one, slot - span, slot) for one in followed]


def score_changes(engine: Engine, farm_id: int, followed: Sequence[Series], slot: datetime) -> None:
    """Score every slot before `slot` whose windows changed since the last time, and give the rest back."""
    with scoped_to(engine, [farm_id]) as connection:
        changed = changes.take(connection, farm_id, until=slot)
        for one in followed:
            rescore(connection, one, changed)


def rescore(connection: Connection, one: Series, slots: Sequence[datetime]) -> None:
    """Score the forecasts of a series for some slots against the truth as it is now."""
    if slots:
        measured = series.history(connection, one, min(slots), max(slots) + BUCKET)
        truth = {row.bucket: row.standing_ratio for row in measured}
        scores.rescore(connection, one.id, {slot: truth.get(slot) for slot in slots})


def _history(connection: Connection, one: Series, start: datetime, end: datetime) -> History:
    measured = series.history(connection, one, start, end)
    known = ((row.bucket, row.standing_ratio) for row in measured if row.standing_ratio is not None)
    return history_of(known, step=BUCKET, start=start, end=end)
