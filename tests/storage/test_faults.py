"""What a failed statement means, whoever wrapped the error."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text

from storage.engine import database, queue
from storage.engine.faults import PoisonFaultError, TransientFaultError, told_apart

NOBODY = "postgresql://nobody@127.0.0.1:1/nothing"


def by_psycopg(url, statement):
    with psycopg.connect(url) as connection:
        connection.execute(statement)


def by_sqlalchemy(url, statement):
    engine = database.engine_for(url)
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


WAYS = pytest.mark.parametrize("run", [by_psycopg, by_sqlalchemy])


@WAYS
def test_a_server_that_is_away_is_tried_again_later(run):
    with pytest.raises(TransientFaultError), told_apart():
        run(NOBODY, "SELECT 1")


def test_so_is_one_that_the_queue_finds_away():
    async def ask():
        async with queue.opened(NOBODY) as jobs:
            await jobs.sweep()

    with pytest.raises(TransientFaultError), told_apart():
        asyncio.run(ask())


@WAYS
@pytest.mark.parametrize("statement", ["SELECT 1 / 0", "INSERT INTO farm (name) VALUES ('a b')"])
def test_a_row_at_fault_is_poison(run, statement, database_url):
    with pytest.raises(PoisonFaultError), told_apart():
        run(database_url, statement)


@WAYS
def test_our_own_mistakes_pass_through(run, database_url):
    with pytest.raises(Exception, match="syntax") as caught, told_apart():
        run(database_url, "SELEC 1")
    assert not isinstance(caught.value, TransientFaultError | PoisonFaultError)


def test_a_fault_of_the_system_is_transient():
    with pytest.raises(TransientFaultError, match="refused"), told_apart():
        raise ConnectionRefusedError("refused")
