"""The clients that people use, each publishing the same messages: all arrive, in order, and each client is content."""

import asyncio
import logging
import shutil

import aiomqtt
import gmqtt
import pytest
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from paho.mqtt.client import Client as Paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties

from ingest.mqtt.endpoint import serve
from ingest.mqtt.testing import NOW_MS, Ledger, until

HOST = "127.0.0.1"
MESSAGES = [
    (f"animov/v1/farm/collar-{i % 7}/samples", f'{{"seq": {i}}}'.encode() * (1 + 50 * (i % 5)), i % 3)
    for i in range(150)
]


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
async def port(ledger):
    async with serve(HOST, 0, intake=ledger, now_ms=lambda: NOW_MS) as endpoint:
        yield endpoint.port


async def publish_with_paho(port, messages, protocol, **options):
    def run():
        client = Paho(CallbackAPIVersion.VERSION2, "paho", protocol=protocol)
        client.connect(HOST, port, **options)
        client.loop_start()
        sent = [client.publish(topic, payload, qos) for topic, payload, qos in messages]
        for info in sent:
            info.wait_for_publish(20)
        client.disconnect()
        client.loop_stop()

    await asyncio.to_thread(run)


async def publish_with_aiomqtt(port, messages, protocol):
    async with aiomqtt.Client(HOST, port, identifier="aiomqtt", protocol=protocol) as client:
        for topic, payload, qos in messages:
            await client.publish(topic, payload, qos)


async def publish_with_gmqtt(port, messages, version):
    client = gmqtt.Client("gmqtt")
    await client.connect(HOST, port, version=version)
    for topic, payload, qos in messages:
        client.publish(topic, payload, qos=qos)
    await client._persistent_storage.wait_empty()
    await client.disconnect()


CLIENTS = {
    "paho 3.1.1": lambda port, messages: publish_with_paho(port, messages, MQTTProtocolVersion.MQTTv311),
    "paho 5": lambda port, messages: publish_with_paho(port, messages, MQTTProtocolVersion.MQTTv5),
    "aiomqtt 3.1.1": lambda port, messages: publish_with_aiomqtt(port, messages, aiomqtt.ProtocolVersion.V311),
    "aiomqtt 5": lambda port, messages: publish_with_aiomqtt(port, messages, aiomqtt.ProtocolVersion.V5),
    "gmqtt 3.1.1": lambda port, messages: publish_with_gmqtt(port, messages, MQTTv311),
    "gmqtt 5": lambda port, messages: publish_with_gmqtt(port, messages, MQTTv50),
}


def of_quality(messages, *qualities):
    return [(topic, payload) for topic, payload, qos in messages if qos in qualities]


@pytest.mark.parametrize("name", CLIENTS)
async def test_every_client_delivers_every_message(name, port, ledger):
    await CLIENTS[name](port, MESSAGES)

    arrived = [(message.topic, message.payload) for message in ledger.messages]
    assert sorted(arrived) == sorted(of_quality(MESSAGES, 0, 1, 2))
    acknowledged = set(of_quality(MESSAGES, 1))
    assert [message for message in arrived if message in acknowledged] == of_quality(MESSAGES, 1)
    assert {message.received_at for message in ledger.messages} == {NOW_MS}


@pytest.mark.parametrize("name", CLIENTS)
async def test_no_client_is_content_before_the_commit(name):
    ledger = Ledger(at_once=False)
    message = ("animov/v1/farm/collar/samples", b"{}", 1)
    async with serve(HOST, 0, intake=ledger, now_ms=lambda: NOW_MS) as endpoint:
        publishing = asyncio.create_task(CLIENTS[name](endpoint.port, [message]))
        await until(lambda: ledger.batches)
        assert not publishing.done()
        ledger.settle()
        await publishing


def mosquitto_pub():
    """Path of mosquitto's publisher."""
    path = shutil.which("mosquitto_pub")
    assert path, "the mark skips or fails this test where mosquitto_pub is absent"
    return path


@pytest.mark.mosquitto
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_mosquitto_pub_delivers_every_line(version, qos, port, ledger):
    command = [mosquitto_pub(), "-h", HOST, "-p", port, "-V", version, "-q", qos, "-t", "animov/v1/f/c/samples", "-l"]
    lines = b"".join(b"line %d\n" % i for i in range(200))
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )

    _, errors = await process.communicate(lines)

    assert (process.returncode, errors) == (0, b"")
    await until(lambda: len(ledger.messages) == 200)  # QoS 0 may still be on its way
    assert b"".join(message.payload + b"\n" for message in ledger.messages) == lines


@pytest.mark.mosquitto
async def test_mosquitto_pub_is_told_that_its_version_is_not_served(port):
    command = [mosquitto_pub(), "-h", HOST, "-p", port, "-V", "mqttv31", "-q", 1, "-t", "t", "-m", "x"]
    process = await asyncio.create_subprocess_exec(*map(str, command), stderr=asyncio.subprocess.PIPE)

    _, errors = await process.communicate()

    assert b"unacceptable protocol version" in errors


async def test_gmqtt_sends_again_what_was_not_acknowledged_when_its_connection_broke(caplog):
    """It throws such messages away when the session is said to be gone, so the endpoint must remember it."""
    caplog.set_level(logging.CRITICAL, "gmqtt")
    ledger = Ledger(at_once=False)
    async with serve(HOST, 0, intake=ledger, now_ms=lambda: NOW_MS) as endpoint:
        client = gmqtt.Client("gmqtt", clean_session=False, session_expiry_interval=60)
        client.set_config({"reconnect_retries": -1, "reconnect_delay": 0})
        await client.connect(HOST, endpoint.port)
        client.publish("animov/v1/farm/collar/samples", b"kept", qos=1)
        await until(lambda: ledger.batches)
        client._connection._transport.abort()
        await until(lambda: len(ledger.batches) == 2)
        ledger.settle()
        await client._persistent_storage.wait_empty()
        await client.disconnect()

    assert {message.payload for message in ledger.messages} == {b"kept"}


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
async def test_a_subscriber_learns_that_it_is_refused(port, protocol):
    def subscribe():
        codes = []
        client = Paho(CallbackAPIVersion.VERSION2, "subscriber", protocol=protocol)
        client.on_connect = lambda client, *_: client.subscribe("animov/#", 1)

        def on_subscribe(client, _userdata, _mid, reasons, properties):
            codes.extend(reason.value for reason in reasons)
            if isinstance(properties, Properties) and hasattr(properties, "ReasonString"):
                codes.append(properties.ReasonString)
            client.disconnect()

        client.on_subscribe = on_subscribe
        client.connect(HOST, port)
        client.loop_forever()
        return codes

    codes = await asyncio.to_thread(subscribe)

    if protocol == MQTTProtocolVersion.MQTTv5:
        assert codes == [0x83, "this endpoint takes messages and serves no subscriptions"]
    else:
        assert codes == [0x80]
