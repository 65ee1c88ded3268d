"""A login lasts as long as it is renewed, ends at once when it is ended, and a stolen refresh token ends it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from storage.access import sessions, users
from storage.access.scoping import opened

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def log_in(client, person, password):
    """Log somebody new in and return name and tokens."""

    def enter(name=None):
        name = name or person()
        answer = client.post("/v1/login", json={"username": name, "password": password})
        assert answer.status_code == 200
        return name, answer.json()

    return enter


def renewed(client, tokens):
    return client.post("/v1/refresh", json={"refresh_token": tokens["refresh_token"]})


def asked(client, tokens, path="/v1/me"):
    return client.get(path, headers={"Authorization": f"Bearer {tokens['access_token']}"})


def test_a_refresh_token_gives_the_next_one(client, log_in):
    name, tokens = log_in()
    for _ in range(3):
        tokens = renewed(client, tokens).json()
        assert asked(client, tokens).json()["name"] == name
        assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (900, 30 * 86_400)


def test_the_access_token_of_before_counts_until_it_ends(client, log_in):
    _, first = log_in()
    renewed(client, first)

    assert asked(client, first).status_code == 200


def test_a_replayed_refresh_token_ends_the_login(client, engine, log_in):
    """Whoever shows it, thief or owner: one of them has the other's."""
    _, first = log_in()
    second = renewed(client, first).json()
    grace_is_over(engine)

    refused = renewed(client, first)

    assert refused.status_code == 401
    assert renewed(client, second).status_code == 401
    assert asked(client, second).status_code == 401


def test_one_of_long_before_ends_it_too(client, log_in):
    _, first = log_in()
    third = renewed(client, renewed(client, first).json()).json()

    assert renewed(client, first).status_code == 401  # no accident: another one came between
    assert asked(client, third).status_code == 401


def test_another_login_of_the_same_person_stays(client, engine, log_in):
    name, first = log_in()
    _, other = log_in(name)
    renewed(client, first)
    grace_is_over(engine)
    renewed(client, first)

    assert renewed(client, other).status_code == 200


def grace_is_over(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE user_session SET renewed_at = renewed_at - interval '6 s'")


def test_of_many_who_renew_at_once_one_succeeds_and_the_login_lives(client, log_in, monkeypatch):
    monkeypatch.setattr(sessions, "GRACE", timedelta(minutes=5))  # at once, however long this machine takes for eight
    _, first = log_in()
    answers, ready = [], threading.Barrier(8)

    def renew():
        ready.wait()
        answers.append(renewed(client, first))

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    won = [answer for answer in answers if answer.status_code == 200]
    assert sorted(answer.status_code for answer in answers) == [200, *[401] * 7]
    assert renewed(client, won[0].json()).status_code == 200


@pytest.mark.parametrize("forged", ["anr_x.y", "anr_x", ".", "anr_" + "x" * 43 + "." + "y" * 43])
def test_what_was_never_handed_out_is_refused(client, yards, forged):
    assert client.post("/v1/refresh", json={"refresh_token": forged}).status_code == 401


def test_a_guess_at_a_known_family_is_refused(client, log_in):
    _, tokens = log_in()
    family = tokens["refresh_token"].partition(".")[0]

    assert client.post("/v1/refresh", json={"refresh_token": f"{family}.guess"}).status_code == 401


def test_an_access_token_is_no_refresh_token_and_the_reverse(client, log_in):
    _, tokens = log_in()

    assert client.post("/v1/refresh", json={"refresh_token": tokens["access_token"][:256]}).status_code == 401
    assert asked(client, {"access_token": tokens["refresh_token"]}).status_code == 401


def test_logging_out_bites_at_once(client, log_in):
    name, tokens = log_in()
    _, other = log_in(name)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    assert client.post("/v1/logout", headers=headers).status_code == 204

    assert asked(client, tokens).status_code == 401
    assert renewed(client, tokens).status_code == 401
    assert asked(client, other).status_code == 200


@pytest.mark.parametrize("age", [0, 1], ids=["the_latest", "one_of_before"])
def test_a_refresh_token_is_enough_to_log_out(client, log_in, age):
    """As when the access token is over: none is shown."""
    name, first = log_in()
    _, other = log_in(name)
    following = renewed(client, first).json()
    shown = (following, first)[age]["refresh_token"]

    assert client.post("/v1/logout", json={"refresh_token": shown}).status_code == 204

    for tokens in (first, following):
        assert asked(client, tokens).status_code == 401
        assert renewed(client, tokens).status_code == 401
    assert asked(client, other).status_code == 200
    assert client.post("/v1/logout", json={"refresh_token": shown}).status_code == 204


@pytest.mark.parametrize("sent", [{"headers": {"Authorization": "Bearer over"}}, {}])
def test_an_access_token_that_is_over_is_not_in_the_way(client, log_in, sent):
    _, tokens = log_in()

    assert client.post("/v1/logout", **sent).status_code == 401
    given = {"refresh_token": tokens["refresh_token"]}
    assert client.post("/v1/logout", json=given, **sent).status_code == 204
    assert renewed(client, tokens).status_code == 401


@pytest.mark.parametrize("wrong", [{}, {"refresh_token": ""}, {"refresh_token": "anr_x.y", "more": 1}])
def test_a_body_without_a_refresh_token_logs_nobody_out(client, log_in, wrong):
    _, tokens = log_in()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    assert client.post("/v1/logout", json=wrong, headers=headers).status_code == 422
    assert asked(client, tokens).status_code == 200


def test_a_login_elsewhere_can_be_seen_and_ended(client, log_in):
    name, here = log_in()
    _, elsewhere = log_in(name)
    listed = asked(client, here, "/v1/me/sessions").json()["items"]
    assert sorted(one["current"] for one in listed) == [False, True]
    (other,) = [one["id"] for one in listed if not one["current"]]
    headers = {"Authorization": f"Bearer {here['access_token']}"}

    assert client.delete(f"/v1/me/sessions/{other}", headers=headers).status_code == 204

    assert asked(client, elsewhere).status_code == 401
    assert client.delete(f"/v1/me/sessions/{other}", headers=headers).status_code == 404


def test_nobody_ends_the_login_of_somebody_else(client, log_in):
    _, mine = log_in()
    _, theirs = log_in()
    (other,) = [one["id"] for one in asked(client, theirs, "/v1/me/sessions").json()["items"]]

    headers = {"Authorization": f"Bearer {mine['access_token']}"}
    assert client.delete(f"/v1/me/sessions/{other}", headers=headers).status_code == 404
    assert asked(client, theirs).status_code == 200


def test_a_change_of_password_ends_every_login(client, log_in, password):
    name, here = log_in()
    _, elsewhere = log_in(name)
    headers = {"Authorization": f"Bearer {here['access_token']}"}
    change = {"present": password, "new": "another password"}

    assert client.put("/v1/me/password", json=change | {"present": "wrong"}, headers=headers).status_code == 403
    assert client.put("/v1/me/password", json=change | {"new": "short"}, headers=headers).status_code == 422
    assert client.put("/v1/me/password", json=change, headers=headers).status_code == 204

    for tokens in (here, elsewhere):
        assert asked(client, tokens).status_code == 401
        assert renewed(client, tokens).status_code == 401
    tried = [client.post("/v1/login", json={"username": name, "password": each}) for each in (password, change["new"])]
    assert [answer.status_code for answer in tried] == [401, 200]


def test_a_login_that_was_checked_against_an_old_password_does_not_begin(engine, api_engine, person):
    name = person()
    with opened(api_engine) as connection:
        found = users.find_login(connection, name)
    with engine.begin() as connection:
        users.set_password(connection, found.user_id, "another")

    with opened(api_engine) as connection:
        assert not users.still_the_password(connection, found, name)


def test_sessions_end_by_themselves(engine, person):
    with engine.begin() as connection:
        user = users.find_login(connection, person()).user_id
        begun = sessions.begin(connection, user, "tokens", NOW)
        idle, whole = sessions.LIVES["tokens"]

        assert sessions.renew(connection, begun.secret, NOW + idle) is None
        at = NOW
        while (following := sessions.renew(connection, begun.secret, at := at + idle / 2)) is not None:
            begun = following
        assert at >= NOW + whole > at - idle / 2
        assert sessions.sessions_of(connection, user, at) == []


def test_a_cookie_lives_on_use(engine, person):
    with engine.begin() as connection:
        user = users.find_login(connection, person()).user_id
        begun = sessions.begin(connection, user, "browser", NOW)
        idle = sessions.LIVES["browser"].idle
        sessions.note_use(connection, begun.id, NOW + timedelta(seconds=30))
        (session,) = sessions.sessions_of(connection, user, NOW)
        assert session.used_at == NOW  # at most once a minute

        sessions.note_use(connection, begun.id, NOW + idle / 2)

        (session,) = sessions.sessions_of(connection, user, NOW + idle)
        assert session.expires_at == NOW + idle / 2 + idle
