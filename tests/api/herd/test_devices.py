"""Devices of network servers become collars by HTTP, and what they had sent before is read then."""

import asyncio
import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from animov import rejects
from animov.edge import decoder_for
from api.app import create_app
from bench.waiting import wait_until
from core.readings import Message
from core.settings import Settings
from core.timeline import BUCKET, bucket_start, from_ms, to_ms
from storage.engine import database, queue
from storage.evidence import sink
from storage.evidence.registry import EMPTY
from storage.herds import herd
from storage.upkeep.provision import Access

EUI = "chirpstack:0011223344aabbcc"
TOPIC = "application/7/device/{}/event/up"


@pytest.fixture
def alone(own_database, signing_key, hasher):
    """The only farm of a node: a client, headers of its people, and the database's URL."""
    url, yard = own_database
    engine = database.engine_for(database.as_role(url, "animov_api"))
    with TestClient(create_app(engine=engine, signing_key=signing_key, hasher=hasher)) as client:
        yield client, yard, url
    engine.dispose()


@pytest.fixture
def ask(alone, password):
    """Ask for a path of the farm as one of its people."""
    client, yard, _ = alone

    def request(role, verb, path, *, status=200, **sent):
        login = client.post("/v1/login", json={"username": f"{yard.farm}-{role}", "password": password})
        headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
        answer = client.request(verb, f"/v1/farms/{yard.farm}{path}", headers=headers, **sent)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    return request


def uplinks(last, eui, numbers):
    """Messages of a device, each of a quarter of an hour in which its animal lay."""
    for number in numbers:
        start = to_ms(bucket_start(last) - (number + 1) * BUCKET)
        span = {"t0": start, "t1": start + 900_000, "posture": "lying"}
        payload = json.dumps({"deviceInfo": {"devEui": eui}, "object": span}).encode()
        yield Message(TOPIC.format(eui), start + 900_000, payload)


def hear(url, messages):
    """Hand in what network servers bring, as the edge does that knows no device."""
    decode = decoder_for(Settings(), EMPTY)

    async def commit():
        connection = await sink.connect(url)
        await sink.commit(connection, sink.Unit(rejected=[(message, decode(message)) for message in messages]))
        await connection.close()

    asyncio.run(commit())


def try_again(url):
    """Do the retries that were asked for, as the node does."""
    access = Access(owner=url, app=database.as_role(url, "animov_app"), api=database.as_role(url, "animov_api"))
    engine = database.engine_for(url)

    def done():
        with engine.connect() as connection:
            query = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = :name AND status IN ('todo', 'doing')"
            return not connection.execute(text(query), {"name": rejects.RETRY}).scalar_one()

    async def work():
        async with queue.opened(access.app) as jobs:
            rejects.offer(jobs, access, Settings())
            working = asyncio.create_task(jobs.work("background"))
            await asyncio.to_thread(wait_until, done)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    asyncio.run(work())
    engine.dispose()


def test_a_device_that_speaks_is_shown_and_assigned_and_what_it_had_said_is_read(alone, ask, last):
    url = alone[2]
    heard = [*uplinks(last, "0011223344aabbcc", range(3)), *uplinks(last, "ffffffffffffffff", [5])]
    hear(url, heard)

    found = ask("manager", "GET", "/unknown-devices")["items"]
    assert [(one["device"], one["messages"]) for one in found] == [(EUI, 3), ("chirpstack:ffffffffffffffff", 1)]
    assert found[0]["topic"] == TOPIC.format("0011223344aabbcc")
    times = [from_ms(message.received_at).strftime("%Y-%m-%dT%H:%M:%SZ") for message in (heard[2], heard[0])]
    assert [found[0]["first_received"], found[0]["last_received"]] == times

    collar = ask("manager", "POST", "/collars", status=201, json={"name": "tag-7", "mount": "leg"})["id"]
    animal = ask("manager", "POST", "/animals", status=201, json={"name": "Brune"})["id"]
    ask("manager", "POST", "/assignments", status=201, json={"collar": collar, "animal": animal})
    named = {"device": EUI.upper().replace("CHIRPSTACK", "chirpstack")}
    made = ask("manager", "POST", f"/collars/{collar}/devices", status=201, json=named)
    assert (made["device"], made["retried"]) == (EUI, 3)
    try_again(url)

    rest = ask("manager", "GET", "/unknown-devices")["items"]
    assert [one["device"] for one in rest] == ["chirpstack:ffffffffffffffff"]
    engine = database.engine_for(url)
    with engine.connect() as connection:
        query = "SELECT sum(known_s), sum(standing_s) FROM posture_window WHERE animal_id = :animal"
        assert tuple(connection.execute(text(query), {"animal": animal}).one()) == (2700, 0)
    engine.dispose()


def test_unknown_devices_are_told_page_by_page_the_last_first(alone, ask, last):
    url = alone[2]
    for number in range(5):
        hear(url, uplinks(last, f"{number:016x}", [number // 2]))  # two at one instant
    whole = [one["device"] for one in ask("manager", "GET", "/unknown-devices")["items"]]
    told, cursor = [], None
    while cursor or not told:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = ask("manager", "GET", "/unknown-devices", params=query)
        told += [one["device"] for one in page["items"]]
        cursor = page["next"]

    assert told == whole == [f"chirpstack:{number:016x}" for number in (1, 0, 3, 2, 4)]


def test_who_only_looks_sees_no_devices_that_are_nobodys(alone, ask, last):
    hear(alone[2], uplinks(last, "0011223344aabbcc", [0]))
    assert ask("viewer", "GET", "/unknown-devices")["items"] == []


def test_where_farms_share_a_node_only_who_administers_it_sees_whose_devices_are_unknown(
    database_url, yards, client, headers_of, last
):
    hear(database_url, uplinks(last, "00000000000000aa", [0]))
    seen = {
        name: [
            one["device"]
            for one in client.get("/v1/farms/barn/unknown-devices", headers=headers_of(name)).json()["items"]
        ]
        for name in ("barn-administrator", "root")
    }
    assert seen == {"barn-administrator": [], "root": ["chirpstack:00000000000000aa"]}


@pytest.fixture
def collars(manager):
    """Ids of two collars of a farm."""
    return [manager.ask("POST", "/collars", status=201, json={"name": name})["id"] for name in ("c-1", "c-2")]


def test_devices_are_listed_told_and_taken_back_each_change_on_record(people, engine):
    farm = people()
    manager = farm["manager"]
    collar = manager.ask("POST", "/collars", status=201, json={"name": "c-1"})["id"]
    path = f"/collars/{collar}/devices"
    made = [
        manager.ask("POST", path, status=201, json={"device": device})["id"]
        for device in ("tts:a", "senml:urn:dev/b", "tts:a")
    ]
    assert made[0] == made[2]
    assert farm["viewer"].items(path) == [
        {"id": made[0], "device": "tts:a"},
        {"id": made[1], "device": "senml:urn:dev/b"},
    ]
    assert farm["viewer"].ask("GET", f"{path}/{made[1]}")["device"] == "senml:urn:dev/b"

    farm["viewer"].ask("DELETE", f"{path}/{made[0]}", status=403)
    farm["viewer"].ask("POST", path, status=403, json={"device": "tts:c"})
    manager.ask("DELETE", f"{path}/{made[0]}", status=204)
    manager.ask("DELETE", f"{path}/{made[0]}", status=404)
    manager.ask("GET", f"{path}/{made[0]}", status=404)

    assert [one["device"] for one in manager.items(path)] == ["senml:urn:dev/b"]
    noted = farm["administrator"].items("/audit")
    assert [(one["action"], one["change"].get("device")) for one in noted[:2]] == [
        ("collar.device_removed", "tts:a"),
        ("collar.device_added", "tts:a"),
    ]


def test_edges_hear_of_each_change(people, engine):
    manager = people()["manager"]
    collar = manager.ask("POST", "/collars", status=201, json={"name": "c-1"})["id"]
    versions = [version_of(engine, manager.farm_id)]
    made = manager.ask("POST", f"/collars/{collar}/devices", status=201, json={"device": "tts:v"})["id"]
    versions.append(version_of(engine, manager.farm_id))
    manager.ask("DELETE", f"/collars/{collar}/devices/{made}", status=204)
    versions.append(version_of(engine, manager.farm_id))

    assert versions == sorted(set(versions))


def version_of(engine, farm_id):
    with engine.connect() as connection:
        query = "SELECT registry_version FROM farm WHERE id = :farm"
        return connection.execute(text(query), {"farm": farm_id}).scalar_one()


def test_a_device_is_one_collars_only_also_over_farms(people, manager, collars):
    manager.ask("POST", f"/collars/{collars[0]}/devices", status=201, json={"device": "tts:one"})
    told = manager.ask("POST", f"/collars/{collars[1]}/devices", status=409, language="fr", json={"device": "tts:one"})
    assert told["detail"] == "l'appareil 'tts:one' est déjà celui d'un autre collier"

    other = people()["manager"]
    foreign = other.ask("POST", "/collars", status=201, json={"name": "c-1"})["id"]
    other.ask("POST", f"/collars/{foreign}/devices", status=409, json={"device": "tts:one"})
    other.ask("POST", f"/collars/{collars[0]}/devices", status=404, json={"device": "tts:two"})


@pytest.mark.parametrize("device", ["", "tag-7", "tts:", "lora:tag", "chirpstack:12", "tts:a b", "tts:" + "a" * 191])
def test_what_is_no_device_is_refused(manager, collars, device):
    told = manager.ask("POST", f"/collars/{collars[0]}/devices", status=422, json={"device": device})
    assert [fault["field"] for fault in told["errors"]] == ["device"]


def test_names_too_long_for_an_index_are_rejected_like_others(engine, database_url, last):
    name = "a" * 5000
    base = to_ms(bucket_start(last)) / 1000
    pack = [{"bn": f"{name}:", "bt": base, "n": "posture", "vs": "lying", "ut": 60}]
    hear(database_url, [Message("senml", to_ms(bucket_start(last)), json.dumps(pack).encode())])
    with engine.connect() as connection:
        query = "SELECT code, device FROM rejected_message WHERE topic = 'senml'"
        assert connection.execute(text(query)).all() == [("unmapped_device", None)]


def test_the_command_line_moves_a_device_from_collar_to_collar(engine, manager, collars):
    with engine.begin() as connection:
        for collar in collars:
            herd.name_device(connection, collar, "tts:moved")
    assert [manager.items(f"/collars/{collar}/devices") == [] for collar in collars] == [True, False]
