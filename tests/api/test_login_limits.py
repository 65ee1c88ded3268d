"""Whoever tries passwords is slowed down, over all workers, and learns nothing about names by it."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import login_attempts
from storage.login_attempts import ALLOWED

AT = datetime(2026, 5, 1, tzinfo=UTC)
names = count()


@given(waits=st.lists(st.integers(0, 90), max_size=40))
def test_a_bucket_leaks_as_a_bucket_does(engine, waits):
    """Against one that is counted by the second."""
    burst, each = ALLOWED["name"]
    name, at, fill = f"bucket {next(names)}", AT, 0.0
    with engine.begin() as connection:
        for wait in waits:
            at, fill = at + timedelta(seconds=wait), max(0.0, fill - wait / each.total_seconds())
            refused = login_attempts.count(connection, "name", name, at)

            assert (refused is None) is (fill + 1 <= burst + 1e-9)
            if refused is None:
                fill += 1
            else:
                assert login_attempts.count(connection, "name", name, at + refused - timedelta(milliseconds=1))


@pytest.mark.parametrize("known", [True, False])
def test_after_too_many_wrong_passwords_nobody_looks_at_the_next(client, person, password, hasher, known):
    name = person() if known else f"unknown {next(names)}"
    wrong = {"username": name, "password": "wrong"}
    statuses = [client.post("/v1/login", json=wrong).status_code for _ in range(ALLOWED["name"].burst)]
    before = hasher.checks

    refused = client.post("/v1/login", json={"username": name, "password": password})

    assert statuses == [401] * ALLOWED["name"].burst
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:animov:problem:too-many-tries")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert hasher.checks == before


def test_the_right_password_makes_up_for_wrong_ones(client, person, password):
    name = person()
    for _ in range(3):
        for tried in ["wrong"] * 5 + [password]:
            last = client.post("/v1/login", json={"username": name, "password": tried})
    assert last.status_code == 200


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
