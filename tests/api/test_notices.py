"""Who is told of alerts and when, as set by HTTP; test messages are sent by the node."""

import time
from itertools import count

import pytest
from sqlalchemy import text

from core.settings import Settings
from storage.access import users
from storage.alerting import notice_channels, notice_settings
from storage.herds import herd
from stream.notifying.jobs import sender
from stream.notifying.trials import send_trial

_farms = count()


@pytest.fixture
def ask(engine, yards, hasher, client, password):
    """Ask about the notices of a farm of one's own, as somebody of a role there."""
    farm = f"told-{next(_farms)}"
    headers = {}
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, farm)
        for role in ("viewer", "manager", "administrator"):
            user = users.create_user(connection, f"{farm}-{role}", hasher.hash(password))
            users.set_role(connection, user, farm_id, role)

    def request(role, verb, path="", *, status=200, **sent):
        if role not in headers:
            answer = client.post("/v1/login", json={"username": f"{farm}-{role}", "password": password})
            headers[role] = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        answer = client.request(verb, f"/v1/farms/{farm}/notifications{path}", headers=headers[role], **sent)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    request.farm_id = farm_id
    return request


def test_a_rule_is_changed_in_part_and_the_rest_stays(ask):
    usual = ask("viewer", "GET")
    assert (usual["language"], usual["quiet_from"], usual["digest_at"]) == ("fr", None, "07:00")

    ask("manager", "PATCH", json={"quiet_from": "22:00", "quiet_until": "06:30"})
    changed = ask("manager", "PATCH", json={"critical_anytime": True, "digest_at": None})

    assert changed == {
        **usual,
        "quiet_from": "22:00",
        "quiet_until": "06:30",
        "critical_anytime": True,
        "digest_at": None,
    }
    assert ask("viewer", "GET") == changed


@pytest.mark.parametrize(
    "wanted",
    [
        {"quiet_from": "24:00", "quiet_until": "06:00"},
        {"digest_at": "7"},
        {"language": "de"},
        {"loud": True},
    ],
)
def test_rules_that_say_nothing_are_refused(ask, wanted):
    ask("manager", "PATCH", status=422, json=wanted)


@pytest.mark.parametrize("wanted", [{"quiet_from": "22:00"}, {"quiet_from": "22:00", "quiet_until": "22:00"}])
def test_rules_that_contradict_themselves_are_refused(ask, wanted):
    assert ask("manager", "PATCH", status=409, json=wanted)["type"].endswith(":contradiction")


def test_a_webhook_is_told_its_secret_once_and_a_mailbox_has_none(ask, engine):
    hook = ask("administrator", "POST", "/channels", status=201, json={"address": "https://example.org/hook"})
    mail = ask("administrator", "POST", "/channels", status=201, json={"address": "ada@example.org"})

    with engine.connect() as connection:
        known = {one.address: one.secret for one in notice_channels.channels_of(connection, ask.farm_id)}
    assert known == {hook["address"]: hook["secret"], mail["address"]: ""}
    assert (hook["kind"], mail["kind"], mail["secret"]) == ("webhook", "mail", None)
    listed = ask("manager", "GET", "/channels")["items"]
    assert [one["id"] for one in listed] == [hook["id"], mail["id"]]
    assert "secret" not in listed[0]


def test_who_is_told_is_for_administrators_to_say_and_for_managers_to_see(ask):
    ask("manager", "POST", "/channels", status=403, json={"address": "ada@example.org"})
    made = ask("administrator", "POST", "/channels", status=201, json={"address": "ada@example.org"})["id"]
    ask("administrator", "POST", "/channels", status=409, json={"address": "ada@example.org"})

    assert ask("viewer", "GET", "/channels")["items"] == []
    ask("viewer", "GET", f"/channels/{made}", status=404)
    ask("manager", "DELETE", f"/channels/{made}", status=403)
    ask("administrator", "DELETE", f"/channels/{made}", status=204)
    ask("administrator", "DELETE", f"/channels/{made}", status=404)


@pytest.mark.parametrize(
    "address", ["ada", "ftp://example.org", "http://u:p@example.org", "Ada <a@b.org>", "a b@c.org"]
)
def test_what_is_no_address_is_refused(ask, address):
    ask("administrator", "POST", "/channels", status=422, json={"address": address})


def test_a_test_message_is_sent_by_the_node_and_what_came_of_it_is_told(ask, engine, postbox):
    made = ask("administrator", "POST", "/channels", status=201, json={"address": "ada@example.org"})["id"]
    asked = ask("administrator", "POST", f"/channels/{made}/test", status=202)
    assert asked["trial_asked_at"] is not None
    assert asked["trial_ended_at"] is None

    send_waiting(engine, postbox)

    tried = ask("manager", "GET", f"/channels/{made}")
    assert tried["trial_ended_at"] is not None
    assert tried["trial_error"] == ""
    (mail,) = postbox.mails
    assert mail["X-To"] == "ada@example.org"


def test_why_a_test_message_was_not_taken_is_told(ask, engine, postbox):
    made = ask("administrator", "POST", "/channels", status=201, json={"address": "ada@example.org"})["id"]
    ask("administrator", "POST", f"/channels/{made}/test", status=202)
    postbox.says["RCPT"] = "550 nobody here"

    send_waiting(engine, postbox)

    assert "550" in ask("manager", "GET", f"/channels/{made}")["trial_error"]


def send_waiting(engine, postbox):
    settings = Settings(smtp_url=f"smtp://127.0.0.1:{postbox.port}")
    with engine.connect() as connection:
        (channel,) = notice_settings.trials(connection)
    send_trial(engine, channel, sender(settings, time.time), time.time)
    with engine.connect() as connection:
        assert notice_settings.trials(connection) == []


def test_the_role_of_the_api_can_not_read_a_secret(api_engine):
    with api_engine.connect() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute(text("SELECT secret FROM notice_channel"))
