"""Who knows the password gets in; who does not learns nothing else."""

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from api.app import create_app
from api.people.passwords import PasswordError, argon2, hash_password
from core.errors import ConflictError, SettingsError
from storage.access import people, users

LOGIN = "/v1/login"


def test_the_right_password_lets_in(client, yards, password):
    answer = client.post(LOGIN, json={"username": "barn-viewer", "password": password})

    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 900
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_form_of_oauth2_clients_is_as_good_as_json(client, yards, password):
    form = {"grant_type": "password", "username": "barn-viewer", "password": password, "scope": "", "client_id": ""}
    token = client.post(LOGIN, data=form).json()["access_token"]

    answer = client.get("/v1/farms", headers={"Authorization": f"Bearer {token}"})
    assert [farm["name"] for farm in answer.json()["items"]] == ["barn"]


def test_names_can_not_be_told_apart_by_text_nor_by_work(client, yards, password, hasher):
    """An unknown name, a wrong password and a right one cost one check each; the first two are answered alike."""
    seen = []
    for name, tried in (("nobody-at-all", password), ("barn-viewer", "wrong"), ("barn-viewer", password)):
        before = hasher.checks
        answer = client.post(LOGIN, json={"username": name, "password": tried})
        problem = {
            key: value
            for key, value in answer.json().items()
            if key not in {"request_id", "access_token", "refresh_token"}
        }
        seen.append((hasher.checks - before, answer.status_code, problem))

    assert [checks for checks, _, _ in seen] == [1, 1, 1]
    assert [status for _, status, _ in seen] == [401, 401, 200]
    assert seen[0] == seen[1]


def test_a_hash_of_older_parameters_is_renewed(client, engine, person, password, hasher):
    name = person()
    older = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1),)).hash(password)
    with engine.begin() as connection:
        user_id = users.find_login(connection, name).user_id
        users.set_password(connection, user_id, older)

    assert client.post(LOGIN, json={"username": name, "password": password}).status_code == 200

    with engine.begin() as connection:
        renewed = users.find_login(connection, name).password_hash
    assert renewed != older
    assert hasher.verify(password, renewed)


def test_a_stored_hash_that_is_none_lets_nobody_in(client, engine, yards):
    with engine.begin() as connection:
        users.create_user(connection, "broken", "")

    for password in ("", "x"):
        assert client.post(LOGIN, json={"username": "broken", "password": password}).status_code in {401, 422}


@pytest.mark.parametrize(
    ("body", "kind", "status", "fields"),
    [
        pytest.param(b"{}", "application/json", 422, ["username", "password"], id="nothing-in-it"),
        pytest.param(b'{"username": "x"}', "application/json", 422, ["password"], id="password-missing"),
        pytest.param(b'{"username": "a\\u0000", "password": "x"}', "application/json", 422, ["username"], id="nul"),
        pytest.param(b'{"username": 1, "password": "x"}', "application/json", 422, ["username"], id="number"),
        pytest.param(b'{"username": "\\ud800", "password": "x"}', "application/json", 422, ["body"], id="surrogate"),
        pytest.param(b"{", "application/json", 422, ["body"], id="no-json"),
        pytest.param(b"[" * 10_000, "application/json", 422, ["body"], id="deep"),
        pytest.param(b"\xff\xfe", "application/x-www-form-urlencoded", 422, ["body"], id="no-utf-8"),
        pytest.param(b"a=1&" * 20, "application/x-www-form-urlencoded", 422, ["body"], id="many-fields"),
        pytest.param(b"username=x", "application/x-www-form-urlencoded", 422, ["password"], id="form-incomplete"),
        pytest.param(b"x" * 20_000, "application/json", 413, [], id="oversized"),
        pytest.param(b"x", "text/plain", 415, [], id="another-type"),
    ],
)
def test_a_body_that_is_no_login_is_refused(client, yards, body, kind, status, fields):
    answer = client.post(LOGIN, content=body, headers={"Content-Type": kind})

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json().get("errors", [])] == fields


def test_what_was_typed_is_not_repeated(client, yards):
    answer = client.post(LOGIN, json={"username": ["secret"], "password": "hush" * 1000})

    assert answer.status_code == 422
    assert "secret" not in answer.text
    assert "hush" not in answer.text


def test_a_short_key_is_refused_at_start(api_engine):
    with pytest.raises(SettingsError, match="31 bytes; 32 or more"):
        create_app(engine=api_engine, signing_key=b"k" * 31)


@pytest.mark.parametrize("unfit", ["", "seven77", "x" * 1025])
def test_an_unfit_password_is_refused(unfit):
    with pytest.raises(PasswordError, match="8 to 1024"):
        hash_password(unfit)


def test_a_password_is_stored_as_argon2id():
    hashed = hash_password("correct horse")

    assert hashed.startswith("$argon2id$")
    assert argon2().verify("correct horse", hashed)


def test_a_name_is_taken_once(engine):
    with engine.begin() as connection:
        users.create_user(connection, "marie", "x")
        with pytest.raises(ConflictError, match="already a user 'marie'"):
            users.create_user(connection, "marie", "y")


def test_a_role_replaces_the_role_before(engine, yards, person):
    name = person()
    with engine.begin() as connection:
        farm = yards["barn"].farm_id
        user = users.find_login(connection, name).user_id
        for role in ("viewer", "administrator"):
            users.set_role(connection, user, farm, role)

            assert [(one.farm, one.role) for one in people.roles_of(connection, user)] == [("barn", role)]
