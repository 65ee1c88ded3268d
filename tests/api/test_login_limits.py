"""Whoever tries passwords is slowed down, over all workers, and learns nothing about names by it."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from storage.access import login_attempts
from storage.access.login_attempts import ALLOWED, KNOWN_FOR, Allowance

AT = datetime(2026, 5, 1, tzinfo=UTC)
names = count()


@given(waits=st.lists(st.integers(0, 90), max_size=40))
def test_a_bucket_leaks_as_a_bucket_does(engine, waits):
    """Against one that is counted by the second."""
    burst, each = ALLOWED["pair"]
    name, at, fill = f"bucket {next(names)}", AT, 0.0
    with engine.begin() as connection:
        for wait in waits:
            at, fill = at + timedelta(seconds=wait), max(0.0, fill - wait / each.total_seconds())
            refused = login_attempts.count(connection, "pair", name, at)

            assert (refused is None) is (fill + 1 <= burst + 1e-9)
            if refused is None:
                fill += 1
            else:
                assert login_attempts.count(connection, "pair", name, at + refused - timedelta(milliseconds=1))


@pytest.mark.parametrize("known", [True, False])
def test_after_too_many_wrong_passwords_nobody_looks_at_the_next(client, person, password, hasher, known):
    name = person() if known else f"unknown {next(names)}"
    wrong = {"username": name, "password": "wrong"}
    statuses = [client.post("/v1/login", json=wrong).status_code for _ in range(ALLOWED["pair"].burst)]
    before = hasher.checks

    refused = client.post("/v1/login", json={"username": name, "password": password})

    assert statuses == [401] * ALLOWED["pair"].burst
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:animov:problem:too-many-tries")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert hasher.checks == before


def test_the_right_password_makes_up_for_wrong_ones(client, person, password):
    name = person()
    for _ in range(3):
        for tried in ["wrong"] * 5 + [password]:
            last = client.post("/v1/login", json={"username": name, "password": tried})
    assert last.status_code == 200


@pytest.fixture
def at(app):
    """A client at an address."""

    def made(address):
        return TestClient(app, client=(address, 50_000))

    return made


def log_in(client, name, password):
    return client.post("/v1/login", json={"username": name, "password": password}).status_code


def test_a_stranger_locks_out_nobody_who_is_elsewhere(at, person, password):
    name = person()
    tries = ALLOWED["pair"].burst + 5
    assert [log_in(at("192.0.2.1"), name, "wrong") for _ in range(tries)][-6:] == [401] + [429] * 5

    assert log_in(at("198.51.100.7"), name, password) == 200
    assert log_in(at("192.0.2.1"), name, password) == 429


def test_strangers_at_many_addresses_are_slowed_down_and_the_owner_where_it_was_known_before_is_not(
    at, person, password, monkeypatch
):
    monkeypatch.setitem(ALLOWED, "name", Allowance(15, timedelta(minutes=1)))
    name, home = person(), at("198.51.100.7")
    assert log_in(home, name, password) == 200
    for number in range(5):
        statuses = [log_in(at(f"192.0.2.{number}"), name, "wrong") for _ in range(4)]

    assert statuses[-2:] == [429, 429]
    assert log_in(at("192.0.2.99"), name, password) == 429  # also with the right one: it may be a guess
    assert log_in(home, name, "wrong") == 401
    assert log_in(home, name, password) == 200


def test_who_goes_on_at_one_address_fills_no_bucket_of_all_addresses(at, person, password, monkeypatch):
    monkeypatch.setitem(ALLOWED, "name", Allowance(15, timedelta(minutes=1)))
    name = person()
    for _ in range(30):
        log_in(at("192.0.2.1"), name, "wrong")

    assert log_in(at("192.0.2.2"), name, password) == 200


def test_an_address_is_known_for_its_time_and_its_name(engine):
    with engine.begin() as connection:
        login_attempts.know(connection, "ada", "192.0.2.7", AT)
        found = [
            login_attempts.is_known(connection, name, address, AT + later)
            for name, address, later in (
                ("ada", "192.0.2.7", KNOWN_FOR - timedelta(seconds=1)),
                ("ada", "192.0.2.7", KNOWN_FOR),
                ("ada", "192.0.2.8", timedelta(0)),
                ("bea", "192.0.2.7", timedelta(0)),
            )
        ]

    assert found == [True, False, False, False]


def test_an_address_is_slowed_down_too(engine):
    with engine.begin() as connection:
        burst = ALLOWED["address"].burst
        waits = [login_attempts.count(connection, "address", "192.0.2.7", AT) for _ in range(burst + 1)]

        assert [wait is None for wait in waits] == [True] * burst + [False]
        assert login_attempts.count(connection, "address", "192.0.2.8", AT) is None


@pytest.fixture(autouse=True)
def _fresh(engine):
    """What one test tried from the one address of all tests is forgotten for the next."""
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM login_attempt")
