"""What is not kept for ever, deleted in steps that hold nothing up."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from core.logs import get_logger
from core.settings import Settings
from storage.engine import live
from storage.herds import farms
from storage.measurements import ratios
from storage.modelling import trainings
from storage.schema import hypertables

log = get_logger(__name__)

BLOCK_DAYS = 4
"""Days that forecasts are kept step by step: two until all has come true, two for data that are late. Scored later,
they are read row by row."""

CALIBRATED_DAYS = 18
"""Days before those of a model's history that its bands are calibrated by, fits and a part of a day included."""

RECORD_DAYS = 9
"""Days of windows that the rule of a day for deviations follows from, and those that are looked at."""

FLUSH_DAYS = 14
"""Days that is kept how long flushes took: as far back as panels show it, at 20,000 rows a process."""

PREDICTIONS = timedelta(days=1)
"""How long predictions of posted series are kept, for whoever did not wait for them."""

_BEFORE = {
    "stored_evidence": "bucket",
    "stored_window": "bucket",
    "changed_bucket": "bucket",
    "motion": "at",
    "battery_day": "day",
    "animal_day": "start",
    "bout": "start",
    "series_hour": "hour",
    "animal_state": "looked_at",
    "forecast": "issued_at",
    "forecast_block": "issued_at",
    "score": "target",
    "band_calibration": "day",
    "watched_window": "target",
    "watch_rule": "day",
    "weather_forecast": "issued_at",
    "alert": "until",
    "audit_log": "at",
    "notification": "at",
    "rejected_message": "last_received",
    "raw_pack": "last_received",
    "training": "asked_at",
    "model": "created_at",
    "regressor_selection": "made_at",
    "reselection": "made_at",
    "forecast_cycle": "slot",
    "flush_minute": "minute",
}

_UNLESS = {
    "training": """finished_at IS NULL OR EXISTS (
      SELECT FROM model m JOIN model_alias a ON a.model_id = m.id WHERE m.training_id = one.id)""",
    "model": """EXISTS (SELECT FROM model_alias a WHERE a.model_id = one.id) OR EXISTS (
      SELECT FROM model_change c WHERE c.alias = 'champion' AND one.id IN (c.from_model, c.to_model))""",
    "forecast_cycle": "slot = (SELECT max(c.slot) FROM forecast_cycle c WHERE c.farm_id = one.farm_id)",
}
"""Which old rows stay all the same: of models those in use, and those that reigned, to which a rollback may lead; of a
farm's slots the last that was done, after which those follow that were missed."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """Rows deleted by table."""

    stored_evidence: int = 0
    stored_window: int = 0
    changed_bucket: int = 0
    motion: int = 0
    battery_day: int = 0
    animal_day: int = 0
    bout: int = 0
    series_hour: int = 0
    animal_state: int = 0
    forecast: int = 0
    forecast_block: int = 0
    series_day: int = 0
    score: int = 0
    band_calibration: int = 0
    watched_window: int = 0
    watch_rule: int = 0
    weather_forecast: int = 0
    alert: int = 0
    audit_log: int = 0
    notification: int = 0
    rejected_message: int = 0
    raw_pack: int = 0
    training_artefact: int = 0
    training: int = 0
    model: int = 0
    regressor_selection: int = 0
    reselection: int = 0
    forecast_cycle: int = 0
    flush_minute: int = 0


def apply_retention(engine: Engine, settings: Settings, now: datetime) -> Deleted:
    """Delete what is older than its setting allows, and raw messages above their share of the disk.

    Args:
        engine: A connection as a role that may delete.
        settings: How long what is kept.
        now: The node's time.
    """
    days = {
        "motion": settings.motion_days,
        "battery_day": settings.motion_days,
        **dict.fromkeys(("animal_day", "bout", "series_hour", "animal_state"), settings.sheets_days),
        "forecast": settings.forecasts_days,
        "forecast_block": settings.forecasts_days,
        "score": settings.scores_days,
        "band_calibration": settings.forecasts_days,
        "weather_forecast": max(settings.forecasts_days, settings.history_days + 2),  # or no model could be fitted
        "watched_window": max(settings.forecasts_days, RECORD_DAYS),
        "watch_rule": settings.forecasts_days,
        "alert": settings.alerts_days,
        "audit_log": settings.audit_days,
        "notification": settings.alerts_days,
        "rejected_message": settings.rejected_days,
        "raw_pack": settings.raw_days,
        **dict.fromkeys(("training", "model", "regressor_selection", "reselection"), settings.scores_days),
        "forecast_cycle": settings.forecasts_days,
        "flush_minute": FLUSH_DAYS,
    }
    if settings.windows_days is not None:
        days |= dict.fromkeys(("stored_evidence", "stored_window", "changed_bucket"), settings.windows_days)
    _empty_copies(engine, now)
    with engine.connect() as connection:
        in_pieces = hypertables.made(connection)
    counts = {
        table: (_drop_before if table in in_pieces else _delete_before)(engine, table, now - timedelta(days=kept))
        for table, kept in days.items()
    }
    # a history longer than these is worked out again when it is wanted
    counts["series_day"] = _forget_ratios(engine, now - timedelta(days=settings.history_days + CALIBRATED_DAYS))
    counts["raw_pack"] += _bound_raw(engine, settings.raw_bytes)
    with engine.begin() as connection:
        live.forget(connection)
        counts["training"] += trainings.forget_predictions(connection, now - PREDICTIONS)
        counts["training_artefact"] = trainings.forget_files(connection, now - timedelta(days=settings.artefacts_days))
    deleted = Deleted(**counts)
    if any(counts.values()):
        log.info("retention.applied", **asdict(deleted))
    return deleted


def _delete_before(engine: Engine, table: str, before: datetime) -> int:
    with engine.begin() as connection:
        kept = _UNLESS.get(table, "false")
        statement = f"DELETE FROM {table} one WHERE {_BEFORE[table]} < :before AND NOT ({kept})"  # noqa: S608 - our own names
        return connection.execute(text(statement), {"before": before}).rowcount


def _drop_before(engine: Engine, table: str, before: datetime) -> int:
    with engine.begin() as connection:
        return hypertables.drop_before(connection, table, before)


def _forget_ratios(engine: Engine, before: datetime) -> int:
    with engine.connect() as connection:
        known = farms.all_farms(connection)
    forgotten = 0
    for farm in known:
        with engine.begin() as connection:
            forgotten += ratios.forget(connection, farm.id, before)
    return forgotten


def _empty_copies(engine: Engine, now: datetime) -> None:
    """Empty the copies of forecasts that have come true."""
    with engine.begin() as connection:
        connection.execute(
            text(
                """UPDATE forecast_block SET series = '{}', steps = ''
                WHERE issued_at < :before AND cardinality(series) > 0"""
            ),
            {"before": now - timedelta(days=BLOCK_DAYS)},
        )


def _bound_raw(engine: Engine, most_bytes: int) -> int:
    with engine.begin() as connection:
        return connection.execute(
            text(
                """DELETE FROM raw_pack WHERE id <= (
                  SELECT max(id) FROM (
                    SELECT id, sum(pg_column_size(data)) OVER (ORDER BY id DESC) AS newer FROM raw_pack) sized
                  WHERE newer > :most)"""
            ),
            {"most": most_bytes},
        ).rowcount
