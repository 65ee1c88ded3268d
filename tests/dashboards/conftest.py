"""Two farms of the same shape, with something in every table that a panel reads; all names of the other one say so."""

import os
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from storage.access.readers import PREFIX, make_reader
from tests import databases

FARMS = [f"{kind}-{os.getpid()}" for kind in ("barn", "other")]
NOW = datetime(2026, 6, 15, 12, 7, tzinfo=UTC)
"""The node's time. The newest window is that of 11:45."""

HOLE = (datetime(2026, 6, 15, 3, tzinfo=UTC), datetime(2026, 6, 15, 6, tzinfo=UTC))
"""Nothing was received then."""

_SQL = Path(__file__).parent


def _settle(connection, names):
    """Write the farms; the node's clock stands still at `NOW`."""
    for name in names:
        connection.execute((_SQL / "farm.sql").read_text("utf-8").replace("@farm", name))
    times = {"@now": NOW, "@hole": HOLE[0], "@filled": HOLE[1]}
    statements = (_SQL / "herds.sql").read_text("utf-8")
    for sign, at in times.items():
        statements = statements.replace(sign, at.isoformat())
    connection.execute(statements)


@pytest.fixture(scope="module")
def herds_url(server_url, template):
    """URL of a database with the two farms; those who only read can share it."""
    with databases.made(server_url, template) as url:
        with psycopg.connect(url) as inside:
            _settle(inside, FARMS)
        with psycopg.connect(url, autocommit=True) as inside:
            inside.execute("ANALYZE")
        yield url
    with psycopg.connect(server_url, autocommit=True) as connection:
        roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE %s", (f"{PREFIX}%-{os.getpid()}",))
        for (role,) in roles.fetchall():
            connection.execute(f'DROP ROLE "{role}"')


@pytest.fixture
def farms():
    """Names of the two farms, which no other process has, for roles belong to the whole server."""
    return FARMS


@pytest.fixture
def reader(herds_url):
    """The first farm's reader, logged in."""
    with psycopg.connect(make_reader(herds_url, FARMS[0], "a-password", actor="ada"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def now():
    """The node's time of the two farms."""
    return NOW


@pytest.fixture
def hole():
    """When nothing was received."""
    return HOLE
