"""A machine's key is good for its farm, its scopes and its time, is shown once, and is revoked at once."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import text

from storage.access import api_keys

names = count()
DAY = timedelta(days=1)


@pytest.fixture
def make(engine, yards):
    """Make a key of the farm `barn` with some scopes."""

    def create(*scopes, life=DAY):
        now = datetime.now(UTC)
        with engine.begin() as connection:
            return api_keys.make_key(
                connection,
                yards["barn"].farm_id,
                f"key-{next(names)}",
                scopes=scopes,
                by="ada",
                at=now,
                expires_at=None if life is None else now + life,
            )

    return create


@pytest.mark.parametrize(
    "headers", [lambda key: {"X-API-Key": key}, lambda key: {"Authorization": f"Bearer {key}"}], ids=["own", "bearer"]
)
def test_a_key_reads_its_own_farm_only(client, make, headers):
    _, key = make("read")

    assert [farm["name"] for farm in client.get("/v1/farms", headers=headers(key)).json()["items"]] == ["barn"]
    assert client.get("/v1/farms/other", headers=headers(key)).status_code == 404
    me = client.get("/v1/me", headers=headers(key)).json()
    assert (me["kind"], me["platform"], me["scopes"]) == ("key", False, ["read"])


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [(("read",), 200, 403), (("write",), 200, 201), (("readings",), 403, 403), (("read", "readings"), 200, 403)],
)
def test_a_key_does_what_its_scopes_say(client, make, yards, scopes, read, write):
    """Who may change is told by the method, for every route."""
    _, key = make(*scopes)
    headers = {"X-API-Key": key}

    assert client.get("/v1/farms/barn", headers=headers).status_code == read
    answer = client.post("/v1/farms/barn/groups", headers=headers, json={"name": "made by a key"})
    assert answer.status_code == write
    assert ("scope" in answer.json().get("detail", "")) is (write == 403)


@pytest.mark.parametrize("path", ["/v1/farms/barn/people", "/v1/farms/barn/keys", "/v1/farms/barn/audit", "/v1/users"])
def test_no_key_administers(client, make, path):
    _, key = make("read", "write", "readings")

    assert client.get(path, headers={"X-API-Key": key}).status_code == 403


@pytest.mark.parametrize("life", [timedelta(0), -DAY])
def test_a_key_ends(client, make, life):
    _, key = make("read", life=life)

    assert client.get("/v1/me", headers={"X-API-Key": key}).status_code == 401


@pytest.mark.parametrize("forge", [lambda key: key[:-1], lambda key: key + "x", lambda _: "anv_", str.upper])
def test_no_other_text_is_a_key(client, make, forge):
    _, key = make("read")

    assert client.get("/v1/me", headers={"X-API-Key": forge(key)}).status_code == 401


def test_a_key_is_shown_once_and_revoked_at_once(client, engine, sending):
    send = sending("barn-administrator")
    body = {"name": f"key-{next(names)}", "scopes": ["readings", "read"]}
    made = send("post", "/v1/farms/barn/keys", body)
    key, path = made.json()["key"], made.headers["Location"]
    assert made.status_code == 201
    assert made.json()["prefix"].startswith("anv_")
    assert key.startswith(made.json()["prefix"])
    assert made.json()["scopes"] == ["read", "readings"]
    assert send("post", "/v1/farms/barn/keys", body).status_code == 409

    assert "key" not in send("get", path).json()
    assert key not in send("get", "/v1/farms/barn/keys").text + send("get", "/v1/farms/barn/audit").text
    with engine.connect() as connection:
        assert key.encode() not in bytes(repr(connection.execute(text("SELECT * FROM api_key")).all()), "utf-8")

    assert client.get("/v1/me", headers={"X-API-Key": key}).status_code == 200
    assert send("delete", path).status_code == 204
    assert client.get("/v1/me", headers={"X-API-Key": key}).status_code == 401
    assert send("get", path).status_code == send("delete", path).status_code == 404


def test_its_last_use_is_noted_at_most_once_a_minute(client, engine, make):
    made, key = make("read")

    def used():
        client.get("/v1/me", headers={"X-API-Key": key})
        with engine.connect() as connection:
            query = text("SELECT used_at FROM api_key WHERE id = :id")
            return connection.execute(query, {"id": made.id}).scalar_one()

    first = used()
    assert first is not None
    assert used() == first
    with engine.begin() as connection:
        connection.execute(text("UPDATE api_key SET used_at = used_at - interval '61 s'"))
    assert used() >= first


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "", "scopes": ["read"]},
        {"name": "a\u0000", "scopes": ["read"]},
        {"name": "x", "scopes": ["read"], "farm": "other"},
    ],
)
def test_what_is_no_key_is_refused(sending, yards, body):
    assert sending("barn-administrator")("post", "/v1/farms/barn/keys", body).status_code == 422


def test_a_key_that_is_over_already_is_refused(sending, yards):
    body = {"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}
    assert sending("barn-administrator")("post", "/v1/farms/barn/keys", body).status_code == 409
