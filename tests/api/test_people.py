"""Administrators say who may do what; nobody comes by more than was given, and nobody knows another's password."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from storage.access import users

numbers = count()


@pytest.fixture
def invite(sending, yards):
    """Add somebody new to the farm `barn`; return name, path and code."""

    def add(role="viewer", by="barn-administrator", **terms):
        name = f"invited-{next(numbers)}"
        answer = sending(by)("post", "/v1/farms/barn/people", {"name": name, "role": role, **terms})
        assert answer.status_code == 201, answer.text
        return name, answer.headers["Location"], answer.json()["invitation"]["code"]

    return add


@pytest.fixture
def choose(client):
    """Choose a password with a code."""

    def chosen(code, password):
        return client.post("/v1/password", json={"code": code, "password": password}).status_code

    return chosen


def test_somebody_invited_chooses_a_password_once_and_comes_in(client, invite, choose, password, as_user):
    name, _, code = invite()
    assert client.post("/v1/login", json={"username": name, "password": "x"}).status_code == 401
    assert choose(code, "short") == 422

    assert [choose(code, password), choose(code, "another password")] == [204, 401]

    assert [farm["role"] for farm in as_user(name)("/v1/farms").json()["items"]] == ["viewer"]


def test_a_code_that_nobody_was_given_is_refused(choose, yards, password):
    assert choose("ani_" + "x" * 43, password) == 401


def test_a_role_counts_at_once_until_its_end_and_until_it_is_taken_away(engine, invite, choose, password, sending):
    name, path, code = invite("manager")
    choose(code, password)
    own, boss = sending(name), sending("barn-administrator")

    def role():
        return [farm["role"] for farm in own("get", "/v1/me").json()["farms"]]

    until = datetime.now(UTC) + timedelta(days=1)
    assert role() == ["manager"]
    assert boss("put", path, {"role": "viewer", "until": until.isoformat()}).status_code == 200
    assert role() == ["viewer"]
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE app_user_farm SET until = now() WHERE until IS NOT NULL")
    assert role() == []
    assert boss("put", path, {"role": "viewer"}).status_code == 200
    assert role() == ["viewer"]
    assert boss("delete", path).status_code == 204
    assert role() == []


def test_an_end_that_is_over_is_refused(sending, yards):
    body = {"name": "late", "role": "viewer", "until": "2020-01-01T00:00:00Z"}
    assert sending("barn-administrator")("post", "/v1/farms/barn/people", body).status_code == 409


def test_who_is_known_is_added_without_an_invitation_and_once(sending, person):
    name = person()
    body = {"name": name, "role": "administrator"}

    send = sending("other-administrator")
    answer = send("post", "/v1/farms/other/people", body)
    assert (answer.status_code, answer.json()["invitation"]) == (201, None)
    assert send("post", "/v1/farms/other/people", body).status_code == 409


@pytest.mark.parametrize("name", ["barn-viewer", "barn-manager", "other-administrator", "nobody"])
def test_who_does_not_administer_gives_nothing(engine, sending, yards, name):
    send = sending(name)
    with engine.connect() as connection:
        own = users.find_login(connection, name).user_id
    for answer in (
        send("post", "/v1/farms/barn/people", {"name": name, "role": "administrator"}),
        send("put", f"/v1/farms/barn/people/{own}", {"role": "administrator"}),
        send("delete", f"/v1/farms/barn/people/{yards['barn'].facts['user']}"),
        send("post", "/v1/users", {"name": "mallory", "platform": True}),
        send("patch", f"/v1/users/{own}", {"platform": True}),
        send("delete", f"/v1/users/{yards['barn'].facts['user']}"),
        send("post", f"/v1/users/{yards['barn'].facts['user']}/reset"),
    ):
        assert answer.status_code in {403, 404}, answer.url


def test_the_last_administrator_stays(engine, sending, yards):
    with engine.connect() as connection:
        user = users.find_login(connection, "other-administrator").user_id
    send, path = sending("other-administrator"), f"/v1/farms/other/people/{user}"
    for given in ({"role": "viewer"}, {"role": "administrator", "until": "2199-01-01T00:00:00Z"}):
        before = send("get", "/v1/farms/other/people").json()["items"]
        others = [one for one in before if one["role"] == "administrator" and one["id"] != user]
        for one in others:
            send("delete", f"/v1/farms/other/people/{one['id']}")
        assert send("put", path, given).status_code == 409
    assert send("delete", path).status_code == 409
    assert send("put", path, {"role": "administrator"}).status_code == 200


def test_a_reset_ends_logins_and_lets_choose_anew(client, invite, choose, password, sending, as_user):
    name, path, code = invite()
    choose(code, password)
    get = as_user(name)
    answer = sending("barn-administrator")("post", path.replace("/farms/barn/people", "/users") + "/reset")

    assert answer.status_code == 200
    assert get("/v1/me").status_code == 401
    assert client.post("/v1/login", json={"username": name, "password": password}).status_code == 401
    assert choose(answer.json()["code"], "another password") == 204


def test_an_administrator_of_one_farm_does_not_come_by_another_through_a_reset(engine, sending, person, yards):
    name = person()
    with engine.begin() as connection:
        user = users.find_login(connection, name).user_id
        users.set_role(connection, user, yards["other"].farm_id, "viewer")

    assert sending("barn-administrator")("post", f"/v1/users/{user}/reset").status_code == 403
    assert sending("root")("post", f"/v1/users/{user}/reset").status_code == 200


def test_a_platform_administrator_makes_and_forgets_people(sending, yards):
    send = sending("root")
    made = send("post", "/v1/users", {"name": f"invited-{next(numbers)}", "platform": True})
    path = made.headers["Location"]
    assert made.status_code == 201
    assert send("post", "/v1/users", {"name": made.json()["name"]}).status_code == 409
    assert send("get", path).json()["platform"] is True
    assert send("patch", path, {"platform": False}).json()["platform"] is False
    assert send("delete", path).status_code == 204
    assert send("get", path).status_code == 404

    own = send("get", "/v1/users").json()["items"]
    (root,) = [one["id"] for one in own if one["platform"]]
    assert send("delete", f"/v1/users/{root}").status_code == 409
    assert send("patch", f"/v1/users/{root}", {"platform": False}).status_code == 409


def test_what_was_changed_is_recorded_with_who_did_it(invite, sending):
    name, path, _ = invite("manager")
    send = sending("barn-administrator")
    send("put", path, {"role": "viewer"})
    send("delete", path)

    found = [one for one in send("get", "/v1/farms/barn/audit").json()["items"] if one["subject"] == f"user {name}"]
    assert [(one["action"], one["actor"]) for one in found] == [
        (action, "barn-administrator") for action in ("person.removed", "person.changed", "person.added")
    ]
    assert found[1]["change"] == {"role": "viewer", "until": None}
