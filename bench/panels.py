"""How long a dashboard's panels take: all that dashboards and rules ask, as a farm's reader, on a year of a herd.

On a PostgreSQL of its own, or in a database of its own on a server that is named. Asked over the span that a dashboard
opens with and over all days, several times each.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe
from time import perf_counter
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import psycopg
from sqlalchemy import make_url, text

from animov import node
from bench.api_filling import FARM, Herd
from bench.bulk import in_bulk, tidy
from bench.machine import load, machine
from bench.panels_filling import fill
from core.settings import Settings
from dashboards.asking import everything, first_chosen
from dashboards.expanding import expanded
from storage.access.readers import PREFIX, make_reader_of
from storage.engine.database import engine_for, upgrade
from storage.upkeep.provision import DATABASE

LIMIT_MS: Final = 200.0
REPEATS: Final = 5
SHOWN: Final = 12
SPANS: Final = {"two days": timedelta(days=2), "the year": timedelta(days=365)}
READER: Final = f"bench-{os.getpid()}"


class Took(NamedTuple):
    """How long a query took in ms: the first time, and of the times after it the median and the least."""

    query: str
    span: str
    rows: int
    first: float
    median: float
    least: float


def run(animals: int, days: int, seed: int, database: str | None) -> dict[str, Any]:
    """Fill a database with a herd and ask it all that dashboards ask.

    Args:
        animals: In groups of 25.
        days: That they were measured.
        seed: Of what they do.
        database: URL of a superuser on a server; a server of its own if `None`.
    """
    herd = Herd(animals, days, seed, datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    with _own_server() if database is None else _own_database(database) as url:
        engine = engine_for(url)
        try:
            windows = fill(engine, herd).windows
            tidy(engine)
            with engine.connect() as connection:
                versions = dict(connection.execute(text(_VERSIONS)).one()._asdict())
        finally:
            engine.dispose()
        return {
            "machine": machine(),
            **versions,
            "animals": animals,
            "days": days,
            "windows": windows,
            "took": [one._asdict() for one in measured(url, herd.end)],
            "load": load(),
        }


_VERSIONS: Final = """SELECT current_setting('server_version') AS postgresql,
  (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
  pg_database_size(current_database()) AS bytes"""


def measured(url: str, end: datetime) -> list[Took]:
    """Ask everything as a reader of the farm, who is gone afterwards; the slowest first."""
    reader = make_reader_of(url, READER, [FARM], token_urlsafe(), actor="bench")
    try:
        with psycopg.connect(reader, autocommit=True) as connection:
            chosen = first_chosen(lambda sql: connection.execute(sql).fetchall())
            took = [
                _took(connection, one.where, name, expanded(one.sql, end - span, end + timedelta(days=1), chosen))
                for one in everything("fr")
                for name, span in SPANS.items()
                if name == next(iter(SPANS)) or "$__time" in one.sql
            ]
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP ROLE IF EXISTS "{PREFIX}{READER}"')
    return sorted(took, key=lambda one: -one.median)


def _took(connection: psycopg.Connection, query: str, span: str, sql: str) -> Took:
    times, rows = [], 0
    for _ in range(REPEATS + 1):
        started = perf_counter()
        rows = len(connection.execute(sql.encode()).fetchall())
        times.append(1000 * (perf_counter() - started))
    return Took(query, span, rows, times[0], sorted(times[1:])[REPEATS // 2], min(times[1:]))


@contextmanager
def _own_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="animov-bench-") as folder:
        settings = Settings(data_dir=Path(folder), log_level="WARNING")
        with node.database_of(settings):
            yield in_bulk(settings.data_dir)


@contextmanager
def _own_database(server: str) -> Iterator[str]:
    name = f"{DATABASE}_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    options = "-c session_replication_role=replica -c synchronous_commit=off"
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    try:
        engine = engine_for(url)
        upgrade(engine)
        with engine.begin() as connection:
            if connection.execute(text("SELECT to_regclass('timescaledb_information.jobs')")).scalar():
                connection.execute(text(_UNDISTURBED))
        engine.dispose()
        yield f"{url}{'&' if '?' in url else '?'}options={quote(options)}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


_UNDISTURBED: Final = """
SELECT alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL
"""
"""What the policies do is done while it is filled."""


def told(found: dict[str, Any]) -> str:
    """Say it in words and columns: the slowest, and how many took too long."""
    took = [Took(**one) for one in found["took"]]
    slow = sum(one.median > LIMIT_MS for one in took)
    timescaledb = f", TimescaleDB {found['timescaledb']}" if found["timescaledb"] else ""
    size = f"{found['animals']} animals, {found['days']} days, {found['windows']:,} windows"
    lines = [
        f"PostgreSQL {found['postgresql']}{timescaledb}: {size}, {found['bytes'] / 1e9:.1f} GB",
        f"{len(took)} queries as a farm's reader, ms: the first time, median and least of {REPEATS} more",
        f"{'query':<24} {'over':<9} {'rows':>7} {'first':>8} {'median':>8} {'least':>8}",
        *(
            f"{one.query:<24} {one.span:<9} {one.rows:>7} {one.first:>8.1f} {one.median:>8.1f} {one.least:>8.1f}"
            for one in took[:SHOWN]
        ),
        f"over {LIMIT_MS:.0f} ms: {slow} of {len(took)}; load at the end: {found['load']}, {os.cpu_count()} processors",
    ]
    return "\n".join(lines) + "\n"
