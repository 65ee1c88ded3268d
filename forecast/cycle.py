"""One slot of one farm: read what has ended, forecast every series, score what has come true.

Reading and fitting hold no lock; then one short transaction claims the slot and writes the forecasts, and another takes
the change feed and scores. A cycle that dies anywhere between is done again with the same result.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from datetime import time as wall_time

from core.logs import get_logger
from core.timeline import BUCKET
from forecast.baselines import baselines_of
from forecast.events import DailyEvent
from forecast.farm_weather import INDEX, NO_WEATHER, FarmWeather, weather_until
from forecast.inputs import Floats, History, history_of
from forecast.kernel.predicting import predict_all
from forecast.regressors import Site
from forecast.specification import HORIZON, Specification
from storage import changes, farms, forecasts, scores, series
from storage.database import Connection, Engine, scoped_to
from storage.farms import Farm
from storage.forecasts import Issued
from storage.series import Series

log = get_logger(__name__)


def run_cycle(engine: Engine, farm_id: int, slot: datetime, *, history_days: int) -> int:
    """Do a slot of a farm; return the number of forecasts issued, 0 if the slot had been done before.

    Args:
        engine: A connection that may write forecasts.
        farm_id: The farm.
        slot: Start of the first step, aware, on a quarter of an hour; nothing from later is read to forecast.
        history_days: Days that the model is fitted to.
    """
    started, span = time.perf_counter(), timedelta(days=history_days)
    with scoped_to(engine, [farm_id]) as connection:
        done = forecasts.cycle_done(connection, farm_id, slot)
        farm = farms.farm(connection, farm_id)
        followed = series.ensure_series(connection, farm_id)
        histories = [] if done else histories_until(connection, followed, slot, span)
        weather = NO_WEATHER if done else weather_until(connection, farm, slot, span)
    issued = list(forecasts_of(farm, zip(followed, histories, strict=False), weather=weather, backtest=False))
    seconds = time.perf_counter() - started
    with scoped_to(engine, [farm_id]) as connection:
        if not done and forecasts.record_cycle(connection, farm_id, slot, series=len(issued), seconds=seconds):
            forecasts.issue(connection, issued)
    score_changes(engine, farm_id, followed, slot)
    log.info("cycle.done", farm=farm.name, slot=slot.isoformat(), forecasts=len(issued), seconds=round(seconds, 3))
    return len(issued)


def specification_for(farm: Farm, span: timedelta, weather: FarmWeather = NO_WEATHER) -> Specification:
    """Return the default model of a farm: the sun where its position is known, its daily events, heat where known."""
    sun = ("solar_elevation",) if farm.latitude is not None and farm.longitude is not None else ()
    events = tuple(sorted({str(event["name"]) for event in farm.events}))
    heat = (INDEX,) if INDEX in weather.columns else ()
    return Specification(regressors=sun + events + heat, history=span)


def site_of(farm: Farm) -> Site:
    """Return a farm's clock, place and daily events."""
    events = tuple(
        DailyEvent(event["name"], wall_time.fromisoformat(event["at"]), timedelta(minutes=event["minutes"]))
        for event in farm.events
    )
    return Site(farm.time_zone, farm.latitude, farm.longitude, events)


def histories_until(
    connection: Connection, followed: Sequence[Series], slot: datetime, span: timedelta
) -> list[History]:
    """Return the measured history of each series in `[slot - span, slot)`."""
    return [_history(connection, one, slot - span, slot) for one in followed]


def forecasts_of(
    farm: Farm, of: Iterable[tuple[Series, History]], *, weather: FarmWeather, backtest: bool
) -> Iterator[Issued]:
    """Yield the forecast of each series from the end of its history; a series of which nothing is known has none.

    The histories have one start and one length, that of the weather, so that all are fitted at once.
    """
    pairs = list(of)
    if not pairs:
        return
    specification = specification_for(farm, len(pairs[0][1]) * BUCKET, weather)
    forecasts_made = predict_all(
        [history for _, history in pairs], specification, site=site_of(farm), columns=weather.columns
    )
    for (one, history), made in zip(pairs, forecasts_made, strict=True):
        if made.model == "none":
            continue
        baselines = baselines_of(history.values, specification.steps_per_day, HORIZON)
        yield Issued(
            series_id=one.id,
            issued_at=history.origin,
            backtest=backtest,
            model=made.model,
            reason="; ".join(filter(None, (made.reason, weather.lack))),
            specification=specification.to_json(),
            inputs_hash=bytes.fromhex(made.inputs),
            mean=_listed(made.mean),
            lower80=_listed(made.lower80),
            upper80=_listed(made.upper80),
            lower95=_listed(made.lower95),
            upper95=_listed(made.upper95),
            persistence=_listed(baselines["persistence"]),
            constant_mean=_listed(baselines["mean"]),
            seasonal_naive=_listed(baselines["seasonal_naive"]),
            mean_profile=_listed(baselines["mean_14d"]),
        )


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


def _listed(values: Floats) -> list[float]:
    return [float(value) for value in values]
