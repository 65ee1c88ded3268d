"""How a database is doing: versions, sizes, lag, and the days until the disk is full."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from storage.engine.database import current_version, newest_version
from storage.schema import hypertables


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table with its indexes; `rows` is the planner's estimate."""

    table: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """What an operator asks first.

    Attributes:
        postgresql: Version of the server.
        timescaledb: Version of the extension, `None` where it is not installed.
        version: Version of the tables; `wanted` is what this code needs.
        bytes: Size of the database.
        now: The node's time.
        last_window: Newest bucket that has a window.
        last_forecast: Newest slot that was forecast.
        changed_buckets: Buckets that forecasting has not looked at yet.
        jobs_waiting: Jobs in the queue.
        jobs_failed: Jobs that failed for good.
        rejected: Different messages that were refused.
        bytes_per_day: What it has grown by on average since its first collar was made; `None` in the first day.
        disk_free_bytes: Room on the disk of the data directory; `None` for somebody else's server.
        days_left: How long that lasts; `None` where it can't be told.
        tables: The largest tables, largest first.
    """

    postgresql: str
    timescaledb: str | None
    version: str | None
    wanted: str
    bytes: int
    now: datetime
    last_window: datetime | None
    last_forecast: datetime | None
    changed_buckets: int
    jobs_waiting: int
    jobs_failed: int
    rejected: int
    bytes_per_day: float | None
    disk_free_bytes: int | None
    days_left: float | None
    tables: tuple[TableSize, ...]


_FACTS = text("""
SELECT current_setting('server_version') AS postgresql,
  (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
  pg_database_size(current_database()) AS bytes, animov_now() AS now,
  (SELECT max(bucket) FROM posture_window) AS last_window, (SELECT max(slot) FROM forecast_cycle) AS last_forecast,
  (SELECT count(*) FROM changed_bucket) AS changed_buckets,
  (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo') AS jobs_waiting,
  (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed') AS jobs_failed,
  (SELECT count(*) FROM rejected_message) AS rejected,
  (SELECT extract(epoch FROM now() - min(created_at)) / 86400 FROM collar) AS days
""")
_TABLES = text("""
SELECT relname, greatest(reltuples, 0)::bigint, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
""")
_HYPERTABLES = text("""
SELECT h.hypertable_name, approximate_row_count(name.whole), hypertable_size(name.whole)
FROM timescaledb_information.hypertables h
CROSS JOIN LATERAL (SELECT format('%I.%I', hypertable_schema, hypertable_name)::regclass AS whole) name
""")
_LARGEST = 8


def database_status(connection: Connection, data_dir: Path | None) -> DatabaseStatus:
    """Measure a database now.

    Args:
        connection: As a role that sees the tables.
        data_dir: Where an embedded server keeps its data; `None` for somebody else's server.
    """
    facts = connection.execute(_FACTS).one()._asdict()
    days = facts.pop("days")
    free = shutil.disk_usage(data_dir).free if data_dir else None
    per_day = facts["bytes"] / float(days) if days and days >= 1 else None
    return DatabaseStatus(
        version=current_version(connection),
        wanted=newest_version(),
        bytes_per_day=per_day,
        disk_free_bytes=free,
        days_left=free / per_day if free is not None and per_day else None,
        tables=_largest(connection),
        **facts,
    )


def _largest(connection: Connection) -> tuple[TableSize, ...]:
    found = {row[0]: TableSize(*row) for row in connection.execute(_TABLES)}
    if hypertables.made(connection):
        found |= {row[0]: TableSize(*row) for row in connection.execute(_HYPERTABLES)}
    return tuple(sorted(found.values(), key=lambda one: one.bytes, reverse=True)[:_LARGEST])
