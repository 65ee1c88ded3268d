"""People and keys on the command line: who may log in, with what, until it is taken back."""

import io
import json
import sys

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from storage.engine import database

PASSWORD = "correct horse battery"


@pytest.fixture
def say(node, monkeypatch):
    """Run `animov` with some words, and a line on standard input."""

    def ran(*words, line=PASSWORD):
        monkeypatch.setattr(sys, "stdin", io.StringIO(line + "\n"))
        return node(*words)

    return ran


@pytest.fixture
def client(database_url):
    """A client of the API on the same database, as the API's own role."""
    engine = database.engine_for(database.as_role(database_url, "animov_api"))
    with TestClient(create_app(engine=engine, signing_key=b"k" * 32)) as made:
        yield made
    engine.dispose()


@pytest.fixture
def status_of(client):
    """How a login ends."""

    def log_in(name, password=PASSWORD):
        return client.post("/v1/login", json={"username": name, "password": password}).status_code

    return log_in


def test_people_come_change_and_go(say, status_of):
    added = say("user", "add", "marie", "--role", "manager", "--farm", "barn")
    again = say("user", "add", "marie", "--platform", line="ignored words")
    listed = json.loads(say("user", "list", "--json").out)
    changed = say("user", "password", "marie", line="another long word")
    refused, let_in = status_of("marie"), status_of("marie", "another long word")
    taken = say("user", "remove", "marie", "--farm", "barn")
    left = say("user", "list").out
    gone = say("user", "remove", "marie")

    assert added.out == "marie is manager of barn\n"
    assert "the password stays as it was" in again.out
    assert [(one["name"], one["platform"]) for one in listed] == [("marie", True)]
    assert [(one["farm"], one["role"]) for one in listed[0]["farms"]] == [("barn", "manager")]
    assert (changed.code, refused, let_in) == (0, 401, 200)
    assert (taken.out, left) == ("marie is removed from barn\n", "marie  platform administrator\n")
    assert (gone.code, status_of("marie", "another long word")) == (0, 401)


def test_a_key_lets_in_until_it_is_revoked(say, client):
    say("user", "add", "marie", "--role", "viewer", "--farm", "barn")
    made = json.loads(say("key", "add", "barn", "--name", "parlour", "--scope", "read", "--json").out)

    def farms():
        return client.get("/v1/farms", headers={"X-API-Key": made["key"]}).status_code

    before = farms()
    listed = say("key", "list", "barn").out
    revoked = say("key", "revoke", "barn", made["id"])

    assert (before, revoked.code, farms()) == (200, 0, 401)
    assert "parlour  read" in listed
    assert made["key"] not in listed


def test_a_new_signing_key_logs_nobody_out(say, client):
    say("user", "add", "marie", "--role", "viewer", "--farm", "barn")
    token = client.post("/v1/login", json={"username": "marie", "password": PASSWORD}).json()["access_token"]
    rotated = say("key", "rotate-signing")

    assert (rotated.code, "signs within a minute" in rotated.out) == (0, True)
    assert client.get("/v1/farms", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize(
    ("words", "line", "code", "told"),
    [
        (("user", "add", "marie"), PASSWORD, 2, "say --role and --farm, or --platform"),
        (("user", "add", "marie", "--role", "king", "--farm", "barn"), PASSWORD, 2, "king"),
        (("user", "add", "marie", "--role", "viewer", "--farm", "barn"), "short", 1, "a password has 8 to 1024"),
        (("user", "add", "ma\trie", "--role", "viewer", "--farm", "barn"), PASSWORD, 1, "a user"),
        (("user", "add", "marie", "--role", "viewer", "--farm", "b/arn"), PASSWORD, 1, "b/arn"),
        (
            ("user", "add", "marie", "--role", "viewer", "--farm", "barn", "--until", "2027-01-01"),
            PASSWORD,
            2,
            "is not a time",
        ),
        (("user", "password", "nobody"), PASSWORD, 1, "nobody"),
        (("user", "remove", "nobody"), PASSWORD, 1, "nobody"),
        (("key", "add", "none", "--name", "x", "--scope", "read"), PASSWORD, 1, "there is no farm"),
        (("key", "add", "none", "--name", "x", "--scope", "all"), PASSWORD, 2, "all"),
        (("key", "revoke", "none", "1"), PASSWORD, 1, "there is no farm"),
    ],
)
def test_what_can_not_be_is_refused_in_a_line(say, words, line, code, told):
    ran = say(*words, line=line)

    assert (ran.code, told in ran.err) == (code, True), ran.err
    assert "Traceback" not in ran.err
    assert say("user", "list").out == "nobody yet; see 'animov user add'\n"
