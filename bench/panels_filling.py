"""What panels read, for as long as a node keeps it: a farm after a year, filled in bulk by SQL.

Windows, bouts and daily sheets of all animals and hourly figures of all groups are there for all days; the others for
as many as the settings keep them. What panels don't read is left out, and evidence is there for the last day alone.
"""

import sys
from datetime import timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, text

from bench import api_filling
from bench.api_filling import Filled, Herd
from bench.forecast_copying import copy_rows
from core.settings import Settings
from storage.forecasting import scores
from storage.measurements import series
from storage.schema import hypertables
from storage.upkeep.retention import FLUSH_DAYS

_BANDS: Final = {"bands": list(scores.BANDS), "models": list(scores.MODELS)}
_AT_ONCE: Final = 30
"""Days of scores that are written at once, in order of time."""


def fill(engine: Engine, herd: Herd) -> Filled:
    """Settle a farm, let its days have passed up to a full hour and its clock stand still seven minutes after them."""
    with engine.begin() as connection:
        pieces = bool(hypertables.made(connection))
        farm = api_filling.settle(connection, herd)
        groups, animals = (api_filling.ids_of(connection, table, farm) for table in ("animal_group", "animal"))
        series.ensure_series(connection, farm)
        values: dict[str, Any] = {"farm": farm, "end": herd.end, "days": herd.days} | _kept(herd)
        for statement in (_EACH, *api_filling.TOLD, *_TOLD):
            connection.execute(text(statement), values)
        api_filling.fill_alerts(connection, farm, groups, herd.end)
    for first in range(values["scored"], 0, -_AT_ONCE):
        with engine.begin() as connection:
            connection.execute(text(_SCORES), values | _BANDS | {"first": first, "last": max(first - _AT_ONCE, 0)})
    fill_windows = _fill_pieces if pieces else api_filling.fill_windows
    return Filled(farm, groups, animals, fill_windows(engine, herd, np.array(animals)))


def _kept(herd: Herd) -> dict[str, int]:
    """Return for how many days a node keeps things by its defaults, within those that there are."""
    fields = Settings.model_fields
    names = {
        "issued": "forecasts_days", "scored": "scores_days", "moved": "motion_days", "raw": "raw_days",
        "refused": "rejected_days",
    }  # fmt: skip
    kept = {name: fields[setting].default for name, setting in names.items()} | {"flushed": FLUSH_DAYS}
    return {name: min(herd.days, days) for name, days in kept.items()}


def _fill_pieces(engine: Engine, herd: Herd, animals: NDArray[np.int64]) -> int:
    """Write windows day by day, and each week store what is old enough by columns, as the server's policy does."""
    rng, written = np.random.default_rng(herd.seed), 0
    for day in range(herd.days, 0, -1):
        columns = api_filling.windows_of_day(rng, animals, herd.end - timedelta(days=day))
        with engine.begin() as connection:
            copy_rows(connection, "stored_window", columns)
        written += len(columns["animal_id"][1])
        if day % 7 == 1:
            _into_columns(engine, herd)
    sys.stderr.write(f"{herd.animals:,} animals measured for {herd.days} days: {written:,} windows\n")
    return written


def _into_columns(engine: Engine, herd: Herd) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for one in hypertables.HYPERTABLES:
            before = {"table": one.table, "before": herd.end - one.rows_for}
            for chunk in connection.execute(text(_ROWS_YET), before).scalars().all():
                connection.execute(text("CALL convert_to_columnstore(CAST(:chunk AS regclass))"), {"chunk": chunk})


_ROWS_YET: Final = """
SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks
WHERE hypertable_schema = 'public' AND hypertable_name = :table AND NOT is_compressed AND range_end <= :before
"""


_EACH: Final = """
CREATE FUNCTION pg_temp.each(ends timestamptz, days int, step interval) RETURNS TABLE (t timestamptz, n bigint)
LANGUAGE sql ROWS 10000 AS $$
  SELECT * FROM generate_series(ends - days * interval '1 day', ends - interval '1 us', step) WITH ORDINALITY $$
"""
"""The instants of the last days, up to the end and without it, each with its number from 1 on."""

_TOLD: Final = (
    """UPDATE farm SET events = '[{"name": "milking", "at": "06:30", "minutes": 90}]' WHERE id = :farm""",
    """INSERT INTO series_hour (series_id, hour, received_s, known_s, standing_s)
    SELECT s.id, t, 88200, 88000, 40000 + 1000 * (extract(hour FROM t)::int % 12)
    FROM pg_temp.each(:end, :days, '1 hour') CROSS JOIN series s""",
    """INSERT INTO bout (animal_id, start, until, lying, open_start, open_end)
    SELECT a.id, t, t + interval '36 min', n % 2 = 0, false, false
    FROM pg_temp.each(:end, :days, '36 min') CROSS JOIN animal a""",
    """INSERT INTO animal_state (animal_id, since, state, reason, looked_at, peak, score, days,
      standing_h, standing_h_low, standing_h_high, lying_bouts, lying_bouts_low, lying_bouts_high)
    SELECT a.id, t, CASE WHEN a.id % 9 = 0 THEN 'look_now' ELSE 'normal' END, '', t, 1, a.id % 10 / 10.0, 21,
      11, 9, 13, 20, 15, 25
    FROM pg_temp.each(:end, :days, '1 week') CROSS JOIN animal a""",
    """INSERT INTO forecast (series_id, issued_at, model, specification, inputs_hash, persistence, constant_mean,
      mean, lower80, upper80, lower95, upper95, seasonal_naive, mean_profile)
    SELECT s.id, t, 'sarimax', '(2,0,1) with 4 harmonics of the day', sha256(t::text::bytea), 0.5, 0.55,
      p.at[1:192], p.at[2:193], p.at[3:194], p.at[4:195], p.at[5:196], p.at[1:96], p.at[2:97]
    FROM pg_temp.each(:end, :issued, '15 min') CROSS JOIN series s
    JOIN (SELECT day, array_agg((0.5 + 0.3 * sin(h / 15.3) + 0.02 * random())::real ORDER BY h) AS at
      FROM generate_series(0, 6) day CROSS JOIN generate_series(1, 196) h GROUP BY day) p
      ON p.day = extract(dow FROM t)""",
    """INSERT INTO watched_window (series_id, target, issued_at, mean, lower95, upper95, standing_ratio, known_share)
    SELECT s.id, t, t - interval '1 day', 0.6, 0.55, 0.65, 0.5, 0.9
    FROM pg_temp.each(:end, :issued, '15 min') CROSS JOIN series s WHERE s.group_id IS NOT NULL""",
    """INSERT INTO forecast_cycle (farm_id, slot, series, seconds)
    SELECT :farm, t, 21, 1.5 FROM pg_temp.each(:end, :issued, '15 min')""",
    """INSERT INTO flush_minute (minute, id, flushes, messages, took_s, longest_s)
    SELECT date_trunc('minute', t), gen_random_uuid(), 900, 9000, 18, 0.2
    FROM pg_temp.each(:end, :flushed, '1 min') CROSS JOIN generate_series(1, 12)""",
    """INSERT INTO weather_forecast (farm_id, issued_at, first_hour, temperature, humidity, precipitation, wind, cloud)
    SELECT :farm, t, date_trunc('hour', t), a, a, a, a, a
    FROM pg_temp.each(:end, :issued, '1 hour') CROSS JOIN array_fill(19::real, ARRAY[96]) a""",
    """INSERT INTO battery_day (collar_id, day, least_v)
    SELECT c.id, t::date, 3.6 + c.id % 5 / 10.0 FROM pg_temp.each(:end, :moved, '1 day') CROSS JOIN collar c""",
    """INSERT INTO raw_pack (farm_id, first_received, last_received, messages, data)
    SELECT :farm, t, t, 160, decode(repeat('00ff', 2000), 'hex') FROM pg_temp.each(:end, :raw, '10 s')""",
    """INSERT INTO rejected_message (key, farm_id, topic, code, detail, first_received, last_received, count, size,
      payload)
    SELECT sha256(t::text::bytea), :farm, 't', 'malformed-' || n % 9, 'no number', t, t, 3, 1, ''
    FROM pg_temp.each(:end, :refused, '10 min')""",
    """INSERT INTO journal (farm_id, animal_id, kind, start, note, author, written_at)
    SELECT :farm, a.id, 'treatment', t, 'a note', 'marie', t
    FROM pg_temp.each(:end, :days, '5 hours') LEFT JOIN animal a ON a.id % 500 = n % 500 AND n % 5 > 0""",
    """INSERT INTO model (farm_id, series_id, specification, digest, created_at)
    SELECT farm_id, id, '"(2,0,1)"', 'd', :end FROM series WHERE group_id IS NOT NULL""",
    """INSERT INTO model_alias (farm_id, series_id, alias, model_id, since)
    SELECT farm_id, series_id, 'champion', id, created_at FROM model""",
    """INSERT INTO model_change (farm_id, series_id, at, alias, to_model, why)
    SELECT farm_id, series_id, t, 'champion', id, 'trained'
    FROM pg_temp.each(:end, :scored, '1 week') CROSS JOIN model""",
    """INSERT INTO reselection (farm_id, series_id, seen_at, made_at, seen, tried, decision)
    SELECT farm_id, series_id, t, t, '{}', '{}', 'kept' FROM pg_temp.each(:end, :scored, '1 day') CROSS JOIN model""",
    """INSERT INTO alert (farm_id, kind, animal_id, since, opened_at, last_evidence_at, until, ended_by, severity,
      evidence, expected)
    SELECT :farm, 'motionless', a.id, t, t, t, t + interval '2 hours', 'inside', 'warning',
      '{"code": "unmoved_lying", "hours": 13.2}', '{}'
    FROM pg_temp.each(:end, :days, '3 hours') JOIN animal a ON a.id % 500 = n % 500
    WHERE t < CAST(:end AS timestamptz) - interval '1 day'""",
    """UPDATE clock SET sim_epoch = extract(epoch FROM CAST(:end AS timestamptz)) + 420,
      ceiling = extract(epoch FROM CAST(:end AS timestamptz)) + 420""",
)

_SCORES: Final = """
INSERT INTO score (series_id, target, band, model, n, sum_squared, sum_absolute, sum_error,
                   covered80, covered95, interval80, interval95)
SELECT s.id, t, band, model, 48, 0.3 + 0.2 * random(), 4.8, 0, c.n * 4 / 5, c.n * 19 / 20, c.n * 0.4, c.n * 0.6
FROM generate_series(CAST(:end AS timestamptz) - CAST(:first AS int) * interval '1 day',
  CAST(:end AS timestamptz) - CAST(:last AS int) * interval '1 day' - interval '1 us', '15 min') t CROSS JOIN series s
CROSS JOIN unnest(CAST(:models AS text[])) AS model CROSS JOIN unnest(CAST(:bands AS text[])) AS band
CROSS JOIN LATERAL (SELECT CASE WHEN model = 'model' THEN 48 END AS n) c
ORDER BY t, model, s.id
"""
