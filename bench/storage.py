"""What windows and evidence weigh, by rows and by columns, and how long the views of a year take; needs TimescaleDB."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from time import perf_counter
from typing import Any, Final, NamedTuple

import psycopg
from sqlalchemy import Connection, Engine, make_url, text

from bench.machine import load
from bench.storage_filling import FARM, fill, herd_of, settle
from bench.storage_queries import PANELS, QUERIES, View
from core.errors import UnavailableError
from storage.access.readers import PREFIX, make_reader
from storage.engine.database import engine_for, plain_url, scoped_to, upgrade
from storage.measurements import hours
from storage.schema import hypertables

START: Final = datetime(2025, 1, 6, tzinfo=UTC)
WEIGHED: Final = ("stored_evidence", "stored_window")
REPEATS: Final = 5


class Times(NamedTuple):
    """How long a view took in ms: the first time, and of the times after it the median and the least."""

    first: float
    median: float
    least: float


def run(url: str, animals: int, days: int, year_animals: int, *, flicker: bool) -> dict[str, Any]:
    """Weigh a herd's days, then time views of a year of another one; in databases of their own, dropped afterwards.

    Args:
        url: Of a superuser on a server with TimescaleDB.
        animals: Of the herd that is weighed.
        days: That it is weighed for.
        year_animals: Of the herd that is looked at over a year; 0: none is.
        flicker: Whether seconds are those of leg tags, or postures that devices report.
    """
    with _database(url) as engine:
        _filled(engine, animals, days, flicker=flicker)
        rows = _bytes(engine)
        seconds = _into_columns(engine)
        columns = _bytes(engine)
        versions = _versions(engine)
    times = _looked(url, year_animals, flicker=flicker) if year_animals else {}
    of = animals * days
    return {
        **versions,
        "animals": animals,
        "days": days,
        "flicker": flicker,
        "rows": {table: size / of for table, size in rows.items()},
        "columns": {table: size / of for table, size in columns.items()},
        "columns_seconds": seconds,
        "year_animals": year_animals,
        "views_ms": times,
        "load": load(),
    }


def _looked(url: str, animals: int, *, flicker: bool) -> dict[str, Times]:
    with _database(url) as engine:
        farm_id = _filled(engine, animals, 365, flicker=flicker)
        _into_columns(engine)
        with scoped_to(engine, [farm_id]) as connection:
            connection.execute(text("SET LOCAL ROLE animov_api"))
            asked = {view.name: _times(connection, farm_id, view) for view in QUERIES}
        with _reading(engine) as connection:
            return asked | {view.name: _times(connection, farm_id, view) for view in PANELS}


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    """Log in as the farm's reader, who is gone afterwards."""
    url = plain_url(engine)
    reader = engine_for(make_reader(url, FARM, token_urlsafe(), actor="bench"))
    try:
        with reader.connect() as connection:
            yield connection
    finally:
        reader.dispose()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP ROLE "{PREFIX}{FARM}"')


def told(found: dict[str, Any]) -> str:
    """Say it in words and columns."""
    lines = [
        f"PostgreSQL {found['postgresql']}, TimescaleDB {found['timescaledb']}",
        f"{found['animals']} animals, {found['days']} days; bytes per animal and day, indexes included:",
        *(
            f"  {table:<16} {found['rows'][table]:>10,.0f} by rows {found['columns'][table]:>8,.0f} by columns"
            for table in WEIGHED
        ),
        (
            f"  {'together':<16} {sum(found['rows'].values()):>10,.0f} by rows"
            f" {sum(found['columns'].values()):>8,.0f} by columns"
        ),
        f"written into columns in {found['columns_seconds']:.0f} s",
        f"views of a year of {found['year_animals']} animals, ms (first time, median and least of {REPEATS}):",
        *(f"  {name:<60} {' '.join(f'{ms:>8.1f}' for ms in times)}" for name, times in found["views_ms"].items()),
        f"load at the end: {found['load']} on {os.cpu_count()} processors",
    ]
    return "\n".join(lines) + "\n"


@contextmanager
def _database(url: str) -> Iterator[Engine]:
    name = f"animov_bench_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    engine = engine_for(make_url(url).set(database=name).render_as_string(hide_password=False))
    try:
        upgrade(engine)
        with engine.begin() as connection:
            if not hypertables.made(connection):
                raise UnavailableError("this server does not have TimescaleDB")
            connection.execute(_UNDISTURBED)
        yield engine
    finally:
        engine.dispose()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


_UNDISTURBED: Final = text("""
SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL
""")
"""The policies would store old days by columns while they are written and weighed."""


def _filled(engine: Engine, animals: int, days: int, *, flicker: bool) -> int:
    simulated = herd_of(animals)
    with engine.begin() as connection:
        farm_id = settle(connection, simulated)
    fill(engine, simulated, START, days, flicker=flicker)
    while hours.keep(engine, farm_id):
        pass
    return farm_id


def _into_columns(engine: Engine) -> float:
    """Store every piece by columns, as the policy does one after the other when its time has come."""
    started = perf_counter()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in WEIGHED:
            chunks = connection.execute(text("SELECT show_chunks(CAST(:table AS regclass))::text"), {"table": table})
            for chunk in chunks.scalars().all():
                connection.execute(
                    text("CALL convert_to_columnstore(CAST(:chunk AS regclass), if_not_columnstore => true)"),
                    {"chunk": chunk},
                )
        connection.execute(text("VACUUM ANALYZE"))
    return perf_counter() - started


def _bytes(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        query = text("SELECT hypertable_size(CAST(:table AS regclass))")
        return {table: connection.execute(query, {"table": table}).scalar_one() for table in WEIGHED}


def _versions(engine: Engine) -> dict[str, str]:
    query = """SELECT current_setting('server_version') AS postgresql, extversion AS timescaledb
    FROM pg_extension WHERE extname = 'timescaledb'"""
    with engine.connect() as connection:
        return dict(connection.execute(text(query)).one()._asdict())


def _times(connection: Connection, farm_id: int, view: View) -> Times:
    """Look at a view once and `REPEATS` times more."""
    taken = []
    for _ in range(REPEATS + 1):
        started = perf_counter()
        view.look(connection, farm_id, START, START + timedelta(days=365))
        taken.append(1000 * (perf_counter() - started))
    return Times(taken[0], sorted(taken[1:])[REPEATS // 2], min(taken[1:]))
