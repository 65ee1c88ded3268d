"""At a real Mosquitto: it comes to keep what is shown and nothing else of ours, whatever happens to it meanwhile."""

import asyncio
import socket
import ssl
from contextlib import suppress

import aiomqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import backoff
from ingest.broker import Broker
from ingest.homeassistant.link import ONLINE, linked
from ingest.homeassistant.topics import Topics
from tests.mosquitto import HOST, Mosquitto, running

pytestmark = pytest.mark.mosquitto

TOPICS = Topics()
A, B, C = (TOPICS.state(TOPICS.group(number)) for number in (1, 2, 3))
D = TOPICS.config(TOPICS.group(1))
FOREIGN = {"homeassistant/device/zigbee/config": b"z", "homeassistant/device/other-group1/config": b"o"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(backoff, "LONGEST_S", 0.2)


def with_status(messages, status=ONLINE):
    return {**messages, TOPICS.status: status}


async def settled(link):
    await asyncio.wait_for(link.settled(), 60)


async def heard(capsys, event):
    """Whatever was said until an event was."""
    said = ""
    while event not in said:
        await asyncio.sleep(0)
        said += "".join(capsys.readouterr())
    return said


async def test_what_is_shown_is_kept_and_what_is_no_longer_shown_is_removed(tmp_path):
    async with running(tmp_path) as server, linked(server.broker(), TOPICS) as link:
        link.show({A: b"1", B: b"1", D: b"d"})
        await settled(link)
        assert await server.kept() == with_status({A: b"1", B: b"1", D: b"d"})
        link.show({A: b"2"})
        await settled(link)
        assert await server.kept() == with_status({A: b"2"})


async def test_what_an_earlier_life_left_is_removed_and_what_is_others_is_left_alone(tmp_path):
    async with running(tmp_path) as server:
        for topic, payload in {**FOREIGN, C: b"old", TOPICS.config(TOPICS.farm(9)): b"old", A: b"old"}.items():
            await server.publish(topic, payload)
        async with linked(server.broker(), TOPICS) as link:
            link.show({A: b"1"})
            await settled(link)
            assert await server.kept() == with_status({A: b"1", **FOREIGN})


async def test_nothing_is_removed_before_it_is_known_what_is_to_be_shown(tmp_path):
    """Home Assistant would forget what people have made of the entities."""
    async with running(tmp_path) as server:
        await server.publish(A, b"old")
        async with linked(server.broker(), TOPICS):
            assert await server.kept() == {A: b"old"}
        assert await server.kept() == {A: b"old"}


@pytest.mark.parametrize("birth", ["homeassistant/status", "own/prefix/status"])
async def test_a_birth_is_answered_by_telling_all_again_farms_first(birth, tmp_path):
    topics = Topics("own/prefix")
    config = topics.config(topics.farm(1))
    async with running(tmp_path) as server, linked(server.broker(), topics) as link:
        link.show({config: b"d", A: b"1"})
        await settled(link)
        async with aiomqtt.Client(HOST, server.port) as home_assistant:
            await home_assistant.subscribe("#", 1)
            await home_assistant.publish(birth, b"offline", 1)
            await home_assistant.publish(birth, b"online", 1)
            told = []
            async for message in home_assistant.messages:
                told += [] if message.retain or message.topic.value == birth else [message.topic.value]
                if len(told) == 3:
                    break
    assert told == [config, A, topics.status]


async def test_what_is_told_again_is_published_though_it_has_not_changed(tmp_path):
    async with running(tmp_path) as server, linked(server.broker(), TOPICS) as link:
        link.show({A: b"1", B: b"1"})
        await settled(link)
        async with aiomqtt.Client(HOST, server.port) as home_assistant:
            await home_assistant.subscribe(A, 1)
            await home_assistant.subscribe(B, 1)
            link.show({A: b"1", B: b"1"}, again=[B])
            async for message in home_assistant.messages:
                if not message.retain:
                    break
    assert (message.topic.value, message.payload) == (B, b"1")


@pytest.mark.parametrize("kill", [False, True])
async def test_a_broker_that_was_away_is_told_the_latest_and_nothing_of_before(kill, tmp_path):
    async with running(tmp_path) as server, linked(server.broker(), TOPICS) as link:
        link.show({A: b"1", B: b"1"})
        await settled(link)
        await server.stop(kill=kill)
        for number in range(2000):
            link.show({A: str(number).encode()})
        assert len(link._mirror._wanted) == 3
        await server.start()
        await settled(link)
        assert await server.kept() == with_status({A: b"1999"})


async def test_a_broker_that_comes_after_us_is_waited_for(tmp_path):
    server = Mosquitto(tmp_path, "allow_anonymous true")
    async with linked(server.broker(), TOPICS) as link:
        link.show({A: b"1"})
        await server.start()
        await settled(link)
        assert await server.kept() == with_status({A: b"1"})
    await server.stop()


async def test_an_end_in_order_and_one_without_say_that_the_node_is_away(tmp_path):
    async with running(tmp_path) as server:
        async with linked(server.broker(), TOPICS) as link:
            link.show({A: b"1"})
            await settled(link)
        assert await server.kept() == with_status({A: b"1"}, b"offline")

        async with linked(server.broker(), TOPICS) as link, aiomqtt.Client(HOST, server.port) as home_assistant:
            link.show({A: b"1"})
            await settled(link)
            await home_assistant.subscribe(TOPICS.status, 1)
            link._client.socket().shutdown(socket.SHUT_RDWR)  # as a power cut ends it: without DISCONNECT
            said = []
            async for message in home_assistant.messages:
                said.append(message.payload)
                if len(said) == 3:
                    break
        assert said == [b"online", b"offline", b"online"]


async def test_the_late_will_of_an_earlier_connection_is_taken_back(tmp_path):
    """A broker notices a connection that was cut only when its keep-alive is over, and by then we are back."""
    async with running(tmp_path) as server, linked(server.broker(), TOPICS) as link:
        link.show({A: b"1"})
        await settled(link)
        async with aiomqtt.Client(HOST, server.port) as home_assistant:
            await home_assistant.subscribe(TOPICS.status, 1)
            await home_assistant.publish(TOPICS.status, b"offline", 1, retain=True)
            said = []
            async for message in home_assistant.messages:
                said.append(message.payload)
                if said[-2:] == [b"offline", b"online"]:
                    break


@pytest.mark.parametrize("host", [HOST, f"{'x' * 64}.lan"])
async def test_an_end_while_the_broker_is_away_takes_no_time(host, tmp_path, capsys):
    port = Mosquitto(tmp_path).port
    async with asyncio.timeout(30), linked(Broker(host, port), TOPICS) as link:
        link.show({A: b"1"})
        await heard(capsys, "unreachable")


async def test_all_can_be_taken_away(tmp_path):
    async with running(tmp_path) as server:
        async with linked(server.broker(), TOPICS) as link:
            link.show({A: b"1", D: b"d"})
            await settled(link)
        for topic, payload in FOREIGN.items():
            await server.publish(topic, payload)
        async with linked(server.broker(), TOPICS) as link:
            await asyncio.wait_for(link.clear(), 60)
        assert await server.kept() == FOREIGN


async def test_user_and_password_are_told_and_a_refusal_is_no_end(tmp_path, capsys):
    (tmp_path / "passwords").touch()
    making = await asyncio.create_subprocess_exec("mosquitto_passwd", "-b", tmp_path / "passwords", "me", "s3cret")
    assert await making.wait() == 0
    async with running(tmp_path, "allow_anonymous false", f"password_file {tmp_path / 'passwords'}") as server:
        async with linked(server.broker(user="me", password="s3cret"), TOPICS) as link:
            link.show({A: b"1"})
            await settled(link)
        async with linked(server.broker(user="me", password="wr0ng"), TOPICS) as link:
            link.show({A: b"2"})
            said = await heard(capsys, "homeassistant.not_let_in")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(link.settled(), 0.5)
    said += "".join(capsys.readouterr())
    assert said.count("homeassistant.not_let_in") == 1
    assert "s3cret" not in said
    assert "wr0ng" not in said


@pytest.mark.filterwarnings("ignore:.*SSLSocket:pytest.PytestUnraisableExceptionWarning")  # paho leaves it open
async def test_a_certificate_is_judged(tmp_path, certificate):
    tls = (f"certfile {certificate[0]}", f"keyfile {certificate[1]}")
    async with running(tmp_path, "allow_anonymous true", *tls) as server:
        broker = Broker("localhost", server.port, tls=True)
        trusted = ssl.create_default_context(cafile=certificate[0])
        async with linked(broker, TOPICS, trusted) as link:
            link.show({A: b"1"})
            await settled(link)
        async with linked(broker, TOPICS) as link:
            link.show({A: b"2"})
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(link.settled(), 0.5)


EVENTS = st.lists(
    st.dictionaries(st.sampled_from([A, B, C, D]), st.sampled_from([b"1", b"2"])) | st.sampled_from(["birth", "lost"]),
    max_size=8,
)


@given(events=EVENTS)
@settings(max_examples=25)
async def test_any_sequence_of_changes_leaves_what_a_fresh_publication_would(events, shared):
    """Lost connections and births between them; they follow as fast as they can."""
    shown = {}
    async with linked(shared.broker(), TOPICS) as link:
        for event in ({}, *events):
            if event == "birth":
                await shared.publish("homeassistant/status", b"online", retain=False)
            elif event == "lost":
                if link._client is not None and link._client.socket() is not None:
                    with suppress(OSError):
                        link._client.socket().shutdown(socket.SHUT_RDWR)
            else:
                shown = event
                link.show(event)
        await settled(link)
        assert await shared.kept() == with_status(shown)


@pytest.fixture
async def shared(tmp_path):
    """A broker that all examples of a test have."""
    async with running(tmp_path) as server:
        yield server
