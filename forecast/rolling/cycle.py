"""One slot of one farm: read what has ended, forecast every series, score what has come true.

A first transaction takes the change feed and brings what is known up to date, a second one calibrates the bands of a
new day; fitting holds no lock; then one short transaction claims the slot and writes the forecasts, and another scores
and looks for deviations. A cycle that dies anywhere between is done again with the same result.
"""

import time
from datetime import datetime, timedelta

from core.logs import get_logger
from forecast.regressors.farm_weather import NO_WEATHER, weather_until
from forecast.rolling.cycle_record import cycle_payload
from forecast.rolling.day_calibrations import day_factors
from forecast.rolling.histories import histories_until
from forecast.rolling.issuing import choices_of, forecasts_of
from forecast.rolling.judging import score_changes
from forecast.specification import Specification
from forecast.watching.deviations import FALSE_ALARMS
from storage.engine.database import Connection, Engine, scoped_to
from storage.forecasting import forecasts, issuing
from storage.herds import farms
from storage.measurements import ratios
from storage.modelling import models, tracking

log = get_logger(__name__)


def run_cycle(
    engine: Engine,
    farm_id: int,
    slot: datetime,
    *,
    history_days: int,
    late: bool = False,
    false_alarms: float = FALSE_ALARMS,
) -> int:
    """Do a slot of a farm; return the number of forecasts issued, 0 if the slot had been done before.

    Args:
        engine: A connection that may write forecasts.
        farm_id: The farm.
        slot: Start of the first step, aware, on a quarter of an hour; nothing from later is read to forecast.
        history_days: Days that the model is fitted to.
        late: The first step is over already: what is issued now counts as hindsight, though it sees nothing more.
        false_alarms: That deviations may raise per 100 animals and week.
    """
    started, span = time.perf_counter(), timedelta(days=history_days)
    with scoped_to(engine, [farm_id]) as connection:
        done = forecasts.cycle_done(connection, farm_id, slot)
        farm = farms.farm(connection, farm_id)
        champions = {} if done else champions_of(connection, farm_id)
        longest = max([span, *(champion.history for champion in champions.values())])
        followed = ratios.refresh(connection, farm_id, slot - longest, slot)
        histories = [] if done else histories_until(connection, followed, slot, longest)
        weather = NO_WEATHER if done else weather_until(connection, farm, slot, longest)
    of = list(zip(followed, histories, strict=False))
    choices = choices_of(farm, (one for one, _ in of), span=span, weather=weather, champions=champions)
    factors = day_factors(engine, farm, followed, choices, slot)
    made = forecasts_of(farm, of, choices, span=span, weather=weather, backtest=late, calibrations=factors)
    issued = list(made)
    seconds = time.perf_counter() - started
    with scoped_to(engine, [farm_id]) as connection:
        if not done and forecasts.record_cycle(connection, farm_id, slot, series=len(issued), seconds=seconds):
            issuing.issue(connection, issued)
            record = cycle_payload(issued, seconds)
            tracking.put(connection, "cycle", f"cycle:{farm_id}:{slot.isoformat()}", record, farm_id=farm_id, at=slot)
    score_changes(engine, farm_id, slot, false_alarms=false_alarms)
    log.info("cycle.done", farm=farm.name, slot=slot.isoformat(), forecasts=len(issued), seconds=round(seconds, 3))
    return len(issued)


def champions_of(connection: Connection, farm_id: int) -> dict[int, Specification]:
    """Return the champions of a farm by id of their series; the others have the farm's default."""
    found = models.champions(connection, farm_id)
    return {series_id: Specification.from_json(told) for series_id, told in found.items()}
