"""Fixtures that every room's tests share: a real database of one's own, migrated by the real migrations."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from core.settings import Settings
from storage import database, embedded
from storage.secrets import load_or_create

settings.register_profile(
    "laws", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
settings.load_profile("laws")

_names = count()

HASTE = ("fsync", "full_page_writes", "synchronous_commit", "wal_compression")
"""What a server is not to do that nobody uses again once the power has failed; making and dropping a database took a
third of a second of a processor and two seconds of the disk."""


class Need(NamedTuple):
    """What a marked test needs: told in `reason`, looked for by `found`, and whether CI can be held to having it."""

    reason: str
    found: Callable[[], bool]
    in_ci: bool


def _has_program(name: str) -> bool:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") is not None


@cache
def _has_timescaledb() -> bool:
    if "ANIMOV_TEST_DATABASE" not in os.environ:
        return False
    with psycopg.connect(os.environ["ANIMOV_TEST_DATABASE"]) as connection:
        query = "SELECT FROM pg_available_extensions WHERE name = 'timescaledb'"
        return connection.execute(query).fetchone() is not None


NEEDS = {
    "mosquitto": Need(
        "needs the mosquitto broker and its clients: install the packages mosquitto and mosquitto-clients",
        lambda: _has_program("mosquitto") and _has_program("mosquitto_pub"),
        in_ci=True,
    ),
    "recordings": Need(
        "needs the real recordings: set ANIMOV_RECORDINGS to their folder",
        lambda: Path(os.environ.get("ANIMOV_RECORDINGS", "missing")).is_dir(),
        in_ci="ANIMOV_RECORDINGS" in os.environ,  # whoever names the folder must have it; nobody has to name it
    ),
    "rivals": Need(
        "needs the other libraries of the forecast bench: uv sync --group rivals",
        lambda: all(find_spec(name) is not None for name in ("lightgbm", "statsforecast")),
        in_ci=False,  # they are measured beside us, and nothing of ours depends on them
    ),
    "timescaledb": Need(
        "needs TimescaleDB: set ANIMOV_TEST_DATABASE to the URL of a superuser on a server that has it",
        _has_timescaledb,
        in_ci=False,  # the embedded server has no such extension, and CI has no other server
    ),
}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose need is absent, with the reason; fail it where ANIMOV_REQUIRE_ALL is set and CI can have it."""
    for mark, need in NEEDS.items():
        if item.get_closest_marker(mark) and not need.found():
            if os.environ.get("ANIMOV_REQUIRE_ALL") and need.in_ci:
                pytest.fail(need.reason, pytrace=False)
            pytest.skip(need.reason)


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
        url = address.url(embedded.SUPERUSER, load_or_create(data_dir).superuser, "postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in HASTE:
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url


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
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        yield _renamed(server_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[database.Engine]:
    """An engine on an empty, migrated database."""
    made = database.engine_for(database_url)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of an MLflow with tables and nothing in them; making these takes four seconds."""
    from forecast.life.registry import open_registry  # noqa: PLC0415 - most tests need no MLflow

    folder = tmp_path_factory.mktemp("mlflow")
    open_registry(Settings(data_dir=folder))
    return folder


@pytest.fixture
def mlflow_settings(empty_mlflow: Path, tmp_path: Path) -> Settings:
    """Settings of a node with an MLflow of its own, empty."""
    shutil.copytree(empty_mlflow, tmp_path / "node")
    return Settings(data_dir=tmp_path / "node")


def _renamed(url: str, name: str) -> str:
    return psycopg.conninfo.make_conninfo(url, dbname=name) if "://" not in url else _with_path(url, name)


def _with_path(url: str, name: str) -> str:
    head, _, tail = url.partition("://")
    authority, _, rest = tail.partition("/")
    _, _, query = rest.partition("?")
    return f"{head}://{authority}/{name}" + (f"?{query}" if query else "")
