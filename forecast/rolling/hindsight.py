"""Forecasts issued in hindsight and marked as such: from data of before each origin, by the models of today.

Ratios and weather are those that lay before an origin. Which model a series has is not: its champion of today, which
may have been chosen on the very targets that are forecast, is taken at all origins, so errors can look too small.
They fill the tables of a node whose data came in bulk, so that scores can be read before a first day has passed. Slots
are scored as those are of which late data came: they wait for it from the transaction on that issued.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from core.timeline import BUCKET, EPOCH, floor_slot
from forecast.regressors.farm_weather import weather_until
from forecast.rolling.cycle import champions_of
from forecast.rolling.day_calibrations import day_factors
from forecast.rolling.histories import histories_until
from forecast.rolling.issuing import choices_of, forecasts_of
from forecast.rolling.judging import score_changes
from forecast.watching.deviations import FALSE_ALARMS
from storage.engine import clocks
from storage.engine.database import Engine, scoped_to
from storage.forecasting import forecasts, issuing
from storage.herds import farms
from storage.measurements import ratios


def issue_in_hindsight(
    engine: Engine,
    farm_id: int,
    origins: Sequence[datetime],
    *,
    history_days: int,
    false_alarms: float = FALSE_ALARMS,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Issue and score the forecasts of a farm's series as today's champions would have issued them at each origin.

    Slots that were forecast already keep what was issued. Whatever else of the farm waits for its scores is scored too.

    Args:
        engine: A connection that may write forecasts.
        farm_id: The farm.
        origins: Aware, each on a quarter of an hour, rising.
        history_days: Days before an origin that the model is fitted to.
        false_alarms: That deviations may raise per 100 animals and week, as on the node.
        progress: Told the origins done and all of them.

    Returns:
        How many forecasts were made.
    """
    if not origins:
        return 0
    span = timedelta(days=history_days)
    count = 0
    with scoped_to(engine, [farm_id]) as connection:
        farm = farms.farm(connection, farm_id)
        champions = champions_of(connection, farm_id)
        longest = max([span, *(champion.history for champion in champions.values())])
        followed = ratios.refresh(connection, farm_id, origins[0] - longest, origins[-1])
        whole = histories_until(connection, followed, origins[-1], longest + (origins[-1] - origins[0]))
    for done, origin in enumerate(origins, start=1):
        until = [one.until((origin - one.start) // BUCKET).last(longest) for one in whole]
        with scoped_to(engine, [farm_id]) as connection:
            weather = weather_until(connection, farm, origin, longest)
        choices = choices_of(farm, followed, span=span, weather=weather, champions=champions)
        factors = day_factors(engine, farm, followed, choices, origin)
        of = zip(followed, until, strict=True)
        made = forecasts_of(farm, of, choices, span=span, weather=weather, backtest=True, calibrations=factors)
        issued = list(made)
        with scoped_to(engine, [farm_id]) as connection:
            issuing.issue(connection, issued)
            ratios.note_unscored(connection, farm_id, [origin + step * BUCKET for step in range(forecasts.STEPS)])
        count += len(issued)
        if progress:
            progress(done, len(origins))
    with engine.connect() as connection:
        now = floor_slot(clocks.read(connection).now())
    while score_changes(engine, farm_id, now, false_alarms=false_alarms):
        pass
    return count


def slots_between(start: datetime, end: datetime, every: int = 1) -> list[datetime]:
    """Return every so many quarters of an hour in `[start, end)`, rounded up to the first whole one."""
    first = -((EPOCH - start) // BUCKET)
    return [EPOCH + slot * BUCKET for slot in range(first, -((EPOCH - end) // BUCKET), every)]
