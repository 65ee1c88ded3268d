"""Databases of one's own on the server that all tests share, and engines on them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg
from sqlalchemy import Engine, make_url

from storage.engine.database import engine_for

_numbers = count()


def name_of(url: str) -> str:
    """Return the name of the database that a URL leads to."""
    return make_url(url).database or ""


@contextmanager
def made(server_url: str, template: str | None = None) -> Iterator[str]:
    """Make a database, empty or a copy of another one, for the time of a block, and yield its URL.

    Args:
        server_url: Of any database of the server.
        template: Name of the one to copy, into which nobody may look meanwhile.
    """
    name = f"animov_test_{os.getpid()}_{next(_numbers)}"
    origin = f"TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} {origin}")
        try:
            yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Have an engine for the time of a block."""
    engine = engine_for(url)
    try:
        yield engine
    finally:
        engine.dispose()
