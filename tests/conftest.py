"""Fixtures that every room's tests share: a real database of one's own, migrated by the real migrations."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from storage import database, embedded
from storage.secrets import load_or_create

settings.register_profile(
    "laws", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
settings.load_profile("laws")

_names = count()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Turn marked needs into skips with a reason, or into failures where ANIMOV_REQUIRE_ALL is set."""
    if os.environ.get("ANIMOV_REQUIRE_ALL"):
        return
    if "ANIMOV_RECORDINGS" not in os.environ:
        reason = pytest.mark.skip(reason="needs the real recordings: set ANIMOV_RECORDINGS to their folder")
        for item in items:
            if item.get_closest_marker("recordings"):
                item.add_marker(reason)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings."""
    return Path(os.environ["ANIMOV_RECORDINGS"])


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server's superuser: an embedded one, or the one that ANIMOV_TEST_DATABASE names."""
    if given := os.environ.get("ANIMOV_TEST_DATABASE"):
        yield given
        return
    data_dir = tmp_path_factory.mktemp("server")
    with embedded.running(data_dir) as address:
        yield address.url(embedded.SUPERUSER, load_or_create(data_dir).superuser, "postgres")


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """Name of a migrated database of this test process, from which each test's own is copied."""
    name = f"animov_template_{os.getpid()}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    engine = database.engine_for(_renamed(server_url, name))
    database.upgrade(engine)
    engine.dispose()
    yield name
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """URL of an empty, migrated database, dropped afterwards."""
    name = f"animov_test_{os.getpid()}_{next(_names)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield _renamed(server_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[database.Engine]:
    """An engine on an empty, migrated database."""
    made = database.engine_for(database_url)
    yield made
    made.dispose()


def _renamed(url: str, name: str) -> str:
    return psycopg.conninfo.make_conninfo(url, dbname=name) if "://" not in url else _with_path(url, name)


def _with_path(url: str, name: str) -> str:
    head, _, tail = url.partition("://")
    authority, _, rest = tail.partition("/")
    _, _, query = rest.partition("?")
    return f"{head}://{authority}/{name}" + (f"?{query}" if query else "")
