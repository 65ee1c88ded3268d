"""What a mailbox refused is told again when somebody asks by HTTP; webhooks into private networks are never set."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from core.private_networks import parse_allowed
from core.settings import Settings
from storage.alerting import findings, notice_channels, notifications
from storage.alerting.findings import Finding, Subject
from storage.engine import clocks
from storage.herds import herd
from stream.notifying.delivery import deliver
from stream.notifying.jobs import sender


def wall():
    return time.time() + 60  # what came just now has settled


@pytest.fixture
def deliver_all(engine, postbox):
    """Do what the node does each second for one farm."""

    def look(channel):
        send = sender(Settings(smtp_url=f"smtp://127.0.0.1:{postbox.port}"), wall)
        while channel in due(engine) and deliver(engine, channel, send, wall):
            pass

    return look


def due(engine):
    with engine.connect() as connection:
        return [one.channel_id for one in notifications.due(connection, datetime.fromtimestamp(wall(), UTC))]


def raise_alert(engine, farm_id):
    with engine.begin() as connection:
        now = clocks.read(connection).now()
        found = Finding(
            subject=Subject(), since=now, opened_at=now, last_evidence_at=now, until=None, ended_by="",
            severity="critical", evidence={}, expected={}, causes=[],
        )  # fmt: skip
        findings.add(connection, farm_id, "coverage", found)


@pytest.fixture
def told(engine, yard_of):
    """A farm that tells one mailbox, which has been sent nothing yet."""
    yard = yard_of("resent")
    with engine.begin() as connection:
        rule = replace(notice_channels.Rule(), language="en", digest_at=None)
        notice_channels.set_rule(connection, yard.farm_id, rule)
    return yard


def test_what_was_refused_is_told_again_and_on_record(told, engine, client, headers_of, postbox, deliver_all):
    channel = told.facts["channel"]
    path = f"/v1/farms/{told.farm}/notifications/channels/{channel}"
    postbox.says["RCPT"] = "550 nobody here"
    raise_alert(engine, told.farm_id)
    deliver_all(channel)
    refused = client.get(path, headers=headers_of(f"{told.farm}-manager")).json()
    assert (postbox.mails, "550" in refused["error"]) == ([], True)
    postbox.says.clear()
    deliver_all(channel)
    assert postbox.mails == []

    assert client.post(f"{path}/resend", headers=headers_of(f"{told.farm}-manager")).status_code == 403
    administrator = headers_of(f"{told.farm}-administrator")
    asked = client.post(f"{path}/resend", headers=administrator)
    assert (asked.status_code, asked.json()) == (202, {"waiting": 1})
    deliver_all(channel)

    (mail,) = postbox.mails
    assert mail["X-To"] == f"{told.farm}@example.org"
    assert client.get(path, headers=administrator).json()["failures"] == 0
    assert client.post(f"{path}/resend", headers=administrator).json() == {"waiting": 0}
    noted = client.get(f"/v1/farms/{told.farm}/audit", headers=administrator).json()["items"][0]
    assert (noted["actor"], noted["action"]) == (f"{told.farm}-administrator", "notices.resent")


def test_nobody_has_other_farms_told_again(yards, client, headers_of):
    path = f"/v1/farms/barn/notifications/channels/{yards['other'].facts['channel']}/resend"
    assert client.post(path, headers=headers_of("barn-administrator")).status_code == 404


PRIVATE = [
    "http://127.0.0.1/x",
    "http://localhost:1/hook",
    "http://169.254.169.254/latest",
    "https://192.168.1.5:8123/",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_a_webhook_into_the_nodes_own_network_is_refused_and_why_is_said(yards, client, headers_of, url):
    headers = {**headers_of("barn-administrator"), "Accept-Language": "fr"}
    answer = client.post("/v1/farms/barn/notifications/channels", headers=headers, json={"address": url})

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:animov:problem:contradiction")
    assert [fault["field"] for fault in answer.json()["errors"]] == ["address"]
    assert "l'exploitant du nœud peut l'autoriser" in answer.json()["detail"]
    listed = client.get("/v1/farms/barn/notifications/channels", headers=headers).json()["items"]
    assert url not in [one["address"] for one in listed]


def test_whoever_runs_the_node_may_allow_it(api_engine, engine, signing_key, hasher, yards, password):
    allowed = parse_allowed("192.168.1.0/24")
    app = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher, webhooks_allowed=allowed)
    with TestClient(app) as client:
        login = client.post("/v1/login", json={"username": "barn-administrator", "password": password})
        headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
        ends = [
            client.post("/v1/farms/barn/notifications/channels", headers=headers, json={"address": url}).status_code
            for url in PRIVATE
        ]
    assert ends == [409, 409, 409, 201]
    with engine.begin() as connection:
        notice_channels.remove_channel(connection, herd.find_farm(connection, "barn"), PRIVATE[-1])


def test_a_name_that_nobody_knows_is_judged_when_it_is_called(yards, client, headers_of, engine):
    headers, url = headers_of("barn-administrator"), "https://homeassistant.invalid/hook"
    answer = client.post("/v1/farms/barn/notifications/channels", headers=headers, json={"address": url})
    assert answer.status_code == 201
    with engine.begin() as connection:
        notice_channels.remove_channel(connection, yards["barn"].farm_id, url)
