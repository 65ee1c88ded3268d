"""What is posted by HTTP is what is published by MQTT: committed before it is answered, and read by a real edge."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text

from animov import node as nodes
from api import readings
from api.app import create_app
from bench import herds
from bench.nodes import edge_node
from bench.publisher import RawPublisher, encode
from core.settings import Settings
from storage.access import api_keys, users
from storage.engine import database
from storage.herds import herd

KEY = b"0123456789abcdef0123456789abcdef"
PASSWORD = "correct horse battery"
T0 = datetime.fromtimestamp(herds.T0, UTC)


@pytest.fixture(scope="module")
def hasher():
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


class Gateway:
    """Posts as a manager of a farm of its own."""

    def __init__(self, node, hasher, farm):
        self.farm, self.node = farm, node
        with node.engine.begin() as connection:
            self.farm_id = herd.ensure_farm(connection, farm)
            for role in ("manager", "viewer"):
                user = users.create_user(connection, f"{farm}-{role}", hasher.hash(PASSWORD))
                users.set_role(connection, user, self.farm_id, role)
        self.engine = database.engine_for(node.access.api)
        self.client = TestClient(create_app(engine=self.engine, signing_key=KEY, hasher=hasher))

    def post(self, *messages, role="manager", farm=None):
        login = self.client.post("/v1/login", json={"username": f"{self.farm}-{role}", "password": PASSWORD})
        headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
        sent = [
            {"topic": f"animov/v1/{farm or self.farm}/{collar}/{kind}", "payload": payload}
            for collar, kind, payload in messages
        ]
        return self.client.post("/v1/readings", json={"messages": sent}, headers=headers)

    def waiting(self):
        with self.node.engine.connect() as connection:
            query = "SELECT count(*) FROM posted_message WHERE farm_id = :farm"
            return connection.execute(text(query), {"farm": self.farm_id}).scalar_one()

    def evidence(self, farm=None):
        """Seconds of each collar and quarter of an hour, without the ids that tell farms apart."""
        query = """SELECT c.name, e.bucket, e.method, e.received, e.standing, e.lying
        FROM evidence e JOIN collar c ON c.id = e.collar_id JOIN farm f ON f.id = c.farm_id WHERE f.name = :farm"""
        with self.node.engine.connect() as connection:
            return {tuple(row) for row in connection.execute(text(query), {"farm": farm or self.farm})}


@pytest.fixture
def gateway(request, shared_node, hasher, monkeypatch):
    monkeypatch.setattr(readings, "PATIENCE_S", 60.0)  # an edge is there, however slow it may be
    made = Gateway(shared_node, hasher, request.function.__name__[:60])
    yield made
    made.engine.dispose()


def posture(minute, minutes=10, said="lying"):
    start = T0 + timedelta(minutes=minute)
    return {"t0": start.isoformat(), "t1": (start + timedelta(minutes=minutes)).isoformat(), "posture": said}


SAMPLES = {
    "t0": herds.T0 * 1000,
    "dt_ms": [0, 203, 401],
    "xyz": [[20, 980, 50], [30, 970.5, 40], [31, 968, 41]],
    "unit": "mg",
}


def test_what_is_answered_as_admitted_is_there_and_is_what_mqtt_would_have_brought(gateway):
    messages = [
        ("c-1", "posture", posture(0)),
        ("c-1", "posture", posture(10, 20, "standing")),
        ("c-2", "samples", SAMPLES),
    ]
    answer = gateway.post(*messages)

    assert answer.status_code == 200, answer.text
    assert {one["state"] for one in answer.json()["items"]} == {"admitted"}
    found = gateway.evidence()
    assert {row[0] for row in found} == {"c-1", "c-2"}
    topics = [
        (f"animov/v1/by-mqtt/{collar}/{kind}", json.dumps(payload).encode()) for collar, kind, payload in messages
    ]
    RawPublisher(gateway.node.port, encode(topics), window=10).run()
    assert gateway.evidence("by-mqtt") == found

    assert gateway.post(*messages).status_code == 200
    assert gateway.evidence() == found
    assert gateway.waiting() == 0


def test_what_says_nothing_is_told_so_with_its_reason_and_the_rest_is_admitted(gateway):
    ahead = {"t": round((time.time() + 3600) * 1000), "x": 0, "y": 1, "z": 0}
    answer = gateway.post(("c-1", "samples", ahead), ("c-1", "posture", posture(0)), ("c-1", "posture", {"posture": 3}))

    states = [(one["state"], one["code"]) for one in answer.json()["items"]]
    assert [state for state, _ in states] == ["rejected", "admitted", "rejected"]
    assert states[0][1] == "future"
    again = gateway.post(("c-1", "samples", ahead)).json()["items"]
    assert again[0] == answer.json()["items"][0] | {"detail": again[0]["detail"]}


def test_a_number_that_is_none_is_told_so_and_the_rest_is_admitted(gateway):
    """As MQTT would tell it: named as one that is too large."""
    login = gateway.client.post("/v1/login", json={"username": f"{gateway.farm}-manager", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {login.json()['access_token']}", "Content-Type": "application/json"}
    numbers = {"FIRST": "1e400", "SECOND": "-1e400", "THIRD": "1" * 400}
    payloads = [SAMPLES | {"xyz": [[20, 980, name], *SAMPLES["xyz"][1:]]} for name in numbers]
    sent = [{"topic": f"animov/v1/{gateway.farm}/c-1/samples", "payload": payload} for payload in payloads]
    sent.append({"topic": f"animov/v1/{gateway.farm}/c-1/posture", "payload": posture(0)})
    body = json.dumps({"messages": sent})
    for name, number in numbers.items():
        body = body.replace(f'"{name}"', number)

    answer = gateway.client.post("/v1/readings", content=body, headers=headers)

    assert answer.status_code == 200, answer.text
    *refused, admitted = answer.json()["items"]
    assert [one["state"] for one in refused] == ["rejected"] * len(numbers)
    assert admitted["state"] == "admitted"
    assert all("out of range" in one["detail"] for one in refused)


def test_who_may_not_speak_for_a_farm_is_refused_and_nothing_is_kept(gateway, shared_node, hasher):
    other = Gateway(shared_node, hasher, "foreign")
    said = ("c-1", "posture", posture(0))

    assert gateway.post(said, role="viewer").status_code == 403
    assert gateway.post(said, farm="foreign").status_code == 404
    assert gateway.post(said, farm="nowhere").status_code == 404
    assert gateway.client.post("/v1/readings", json={"messages": []}).status_code == 401
    for wrong in ({"messages": []}, {"messages": [{"topic": "v3/a@ttn/devices/b/up", "payload": {}}]}):
        login = gateway.client.post("/v1/login", json={"username": f"{gateway.farm}-manager", "password": PASSWORD})
        headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
        assert gateway.client.post("/v1/readings", json=wrong, headers=headers).status_code == 422
    assert gateway.evidence() == other.evidence() == set()
    other.engine.dispose()


def test_a_key_needs_the_scope_and_speaks_for_its_own_farm_only(gateway):
    with gateway.node.engine.begin() as connection:
        keys = {
            scope: api_keys.make_key(connection, gateway.farm_id, scope, scopes={scope}, by="ada", at=datetime.now(UTC))
            for scope in ("readings", "read", "write")
        }

    def posted(scope, farm):
        message = {"topic": f"animov/v1/{farm}/c-1/posture", "payload": posture(0)}
        headers = {"X-API-Key": keys[scope][1]}
        return gateway.client.post("/v1/readings", json={"messages": [message]}, headers=headers).status_code

    assert {scope: posted(scope, gateway.farm) for scope in keys} == {"readings": 200, "read": 403, "write": 403}
    assert posted("readings", "nowhere") == 404


def test_what_was_answered_is_read_once_an_edge_is_there(tmp_path, hasher, wait):
    with edge_node(Settings(data_dir=tmp_path, mqtt_port=0, log_level="WARNING")) as node:
        gateway = Gateway(node, hasher, "barn")
        node.supervisor.stop(nodes.EDGE)
        answer = gateway.post(("c-1", "posture", posture(0)))
        assert answer.status_code == 202
        assert answer.json()["items"][0]["state"] == "waiting"
        assert (gateway.waiting(), gateway.evidence()) == (1, set())

        nodes.start(node.supervisor, node.settings, nodes.EDGE)
        wait(lambda: not gateway.waiting() and gateway.evidence())
        gateway.engine.dispose()
