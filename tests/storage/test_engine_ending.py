"""An engine that was disposed of leaves no connection open, whoever still worked with one."""

import threading

import pytest
from sqlalchemy import text

from storage.engine import database
from storage.engine.pool import connections


@pytest.fixture
def ended(database_url):
    engine = database.engine_for(database_url)
    yield engine
    engine.dispose()


def test_a_connection_in_use_is_closed_when_it_comes_back(ended):
    with ended.connect() as connection:
        inner = connection.connection.dbapi_connection
        ended.dispose()
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    assert inner.closed


def test_so_is_one_of_a_thread_that_goes_on(ended):
    begun, go_on = threading.Event(), threading.Event()
    used = []

    def work():
        for _ in range(2):
            with ended.begin() as connection:
                used.append(connection.connection.dbapi_connection)
                begun.set()
                assert go_on.wait(30)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)
    ended.dispose()
    go_on.set()
    thread.join()
    assert [connection.closed for connection in used] == [True, True]


def test_one_that_failed_and_came_back_is_nothing_to_close(ended):
    with ended.connect() as connection:
        ended.dispose()
        connection.invalidate()
    assert connections(ended).idle == 0


def test_until_then_connections_are_kept(ended):
    with ended.connect():
        pass
    assert connections(ended).idle == 1
