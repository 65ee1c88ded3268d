"""Rejected messages are listed, shown, and tried again as they came."""

import json

import psycopg
import pytest

from animov.edge import decoder_for
from core.readings import CollarName, Message
from core.settings import Settings
from core.timeline import from_ms
from ingest.decoding import posture_payload
from storage.engine.database import engine_for
from storage.evidence.registry import EMPTY
from storage.evidence.sink import Unit, commit, connect
from storage.herds import herd

AT = 1_780_000_000_000
DEVICE = "application/a/device/0011223344556677/event/up"
SPAN = {"t0": AT - 900_000, "t1": AT, "posture": "standing"}
UPLINK = json.dumps({"deviceInfo": {"devEui": "0011223344556677"}, "object": SPAN}).encode()
HOPELESS = Message("animov/v1/barn/a/samples", AT + 1000, b"nonsense \x1b[2J")


async def keep(url, *messages):
    """Keep messages as the edge would have."""
    decode = decoder_for(Settings(), EMPTY)
    connection = await connect(url)
    for message in messages:
        await commit(connection, Unit(rejected=[(message, decode(message))]))
    await connection.close()


@pytest.fixture
async def kept(database_url):
    await keep(database_url, Message(DEVICE, AT - 5, UPLINK), Message(DEVICE, AT, UPLINK), HOPELESS)


def map_device(url):
    engine = engine_for(url)
    with engine.begin() as connection:
        collar_id = herd.ensure_collar(connection, CollarName("barn", "a"))
        herd.assign(connection, collar_id, herd.ensure_animal(connection, herd.find_farm(connection, "barn"), "Brune"))
    engine.dispose()
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO device_alias VALUES ('chirpstack:0011223344556677', %s)", (collar_id,))


def listed(node):
    return json.loads(node("rejected", "list", "--json").out)


def test_the_list_begins_with_the_one_that_came_last(node, kept):
    newest, oldest = listed(node)

    assert (newest["code"], newest["topic"], newest["count"]) == ("malformed", HOPELESS.topic, 1)
    assert (oldest["code"], oldest["topic"], oldest["count"]) == ("unmapped_device", DEVICE, 2)
    assert oldest["last_received"] == from_ms(AT).isoformat()
    lines = node("rejected", "list").out.splitlines()
    assert [line[:12] for line in lines] == [newest["key"][:12], oldest["key"][:12]]
    assert node("rejected", "list", "--limit", 1).out.splitlines() == lines[:1]


def test_a_payload_is_shown_without_moving_the_cursor(node, kept):
    key = listed(node)[0]["key"]

    shown = node("rejected", "show", key[:9])

    assert "nonsense \\x1b[2J" in shown.out
    assert json.loads(node("rejected", "show", key, "--json").out)["payload"] == "nonsense \x1b[2J"


def test_what_is_admitted_now_is_in_the_windows_and_forgotten_here(node, kept, database_url):
    """The mapping comes after the message: a retry gives the rows that it would have given at once."""
    map_device(database_url)

    retried = node("rejected", "retry", "--all", "--json")

    outcomes = {one["admitted"]: one["why"] for one in json.loads(retried.out)}
    assert retried.code == 0
    assert outcomes[True] == ""
    assert outcomes[False].startswith("still rejected, malformed: ")
    assert [one["count"] for one in listed(node)] == [1]  # a retry is no arrival
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT sum(standing_s) FROM posture_window").fetchone() == (900,)
        (received,) = connection.execute("SELECT last_received FROM raw_pack").fetchone()
        assert received == from_ms(AT)


def test_one_that_stays_rejected_stays_with_code_1(node, kept):
    key = listed(node)[1]["key"]

    retried = node("rejected", "retry", key[:8])

    assert retried.code == 1
    assert "still rejected, unmapped_device" in retried.out
    assert "0 of 1 admitted" in retried.out
    assert [one["count"] for one in listed(node)] == [1, 2]


def test_a_message_from_the_future_is_admitted_once_the_limit_allows_it(node, database_url, monkeypatch, early):
    assert node("rejected", "retry", "--all").code == 1

    monkeypatch.setenv("ANIMOV_FUTURE_LIMIT", "02:00:00")

    assert node("rejected", "retry", "--all").out.endswith("1 of 1 admitted\n")
    assert listed(node) == []


@pytest.fixture
async def early(database_url):
    payload = posture_payload(AT, AT + 3_600_000, "standing")
    await keep(database_url, Message("animov/v1/barn/a/posture", AT, payload))


def test_what_was_not_kept_whole_is_not_retried(node, database_url, long):
    retried = node("rejected", "retry", "--all")

    assert retried.code == 1
    assert "only 65,536 of its 70,000 bytes were kept" in retried.out
    assert [one["size"] for one in listed(node)] == [70_000]


@pytest.fixture
async def long(database_url):
    await keep(database_url, Message("animov/v1/barn/a/posture", AT, b"x" * 70_000))


@pytest.fixture
async def crowd(database_url):
    """Seventeen messages: two keys at least begin with the same of sixteen digits."""
    await keep(database_url, *(Message(f"animov/v1/barn/c{number}/posture", AT, b"x") for number in range(17)))


def test_a_key_is_named_by_its_first_digits_if_they_are_its_own(node, crowd):
    keys = [one["key"] for one in listed(node)]
    shared = next(key[0] for key in keys if sum(other[0] == key[0] for other in keys) > 1)
    absent = next(digits for digits in ("00000000", "11111111") if not any(key.startswith(digits) for key in keys))

    assert "several rejected messages" in node("rejected", "show", shared).err
    assert node("rejected", "show", absent).err == f"animov: there is no rejected message '{absent}'\n"
    assert node("rejected", "show", keys[0]).code == 0
