"""The endpoint on real sockets: beginning, bounds, TLS and its end."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager

import pytest

from core.errors import UnavailableError
from ingest.mqtt.endpoint import serve
from ingest.mqtt.reasons import V3, V5
from ingest.mqtt.shared import Limits
from ingest.mqtt.testing import NOW_MS, Ledger, connect, publish, until

HOST = "127.0.0.1"


@asynccontextmanager
async def talking(port, packets=None, *, version=V3, tls=None, client_id="c"):
    reader, writer = await asyncio.open_connection(HOST, port, ssl=tls, server_hostname="localhost" if tls else None)
    writer.write(packets or connect(client_id, version=version))
    head = await reader.readexactly(2)
    await reader.readexactly(head[1])
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def listen(ledger, **options):
    return serve(HOST, 0, intake=ledger, now_ms=lambda: NOW_MS, **options)


async def test_a_taken_port_is_told_in_one_sentence():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(UnavailableError, match=f"^MQTT cannot listen on {HOST}:{port} "):
            async with serve(HOST, port, intake=Ledger(), now_ms=lambda: NOW_MS):
                pass


async def test_memory_is_bounded_and_every_message_arrives_once_the_inbox_has_room():
    ledger, limits = Ledger(at_once=False), Limits(inbox_bytes=1_048_576)
    packets = b"".join(publish("t", b"x" * 200, qos=1, packet_id=i % 60_000 + 1) for i in range(60_000))
    async with listen(ledger, limits=limits) as endpoint, talking(endpoint.port) as (reader, writer):
        writer.write(packets)
        await until(lambda: endpoint.statistics.paused)
        for _ in range(20):
            await asyncio.sleep(0)
        assert endpoint.statistics.unsettled_bytes <= limits.inbox_bytes + 65_536
        settling = asyncio.create_task(settle_all(ledger))
        acknowledged = await reader.readexactly(4 * 60_000)
        settling.cancel()

        assert endpoint.statistics.pauses >= 1
        assert endpoint.statistics.unsettled_messages == 0

    assert len(ledger.messages) == 60_000
    assert acknowledged == b"".join(b"\x40\x02" + (i % 60_000 + 1).to_bytes(2, "big") for i in range(60_000))


async def settle_all(ledger):
    done = 0
    while True:
        for batch in ledger.batches[done:]:
            batch.settle()
            done += 1
        await asyncio.sleep(0)


async def test_a_payload_of_10_mb_is_refused_and_the_client_hears_it():
    async with listen(Ledger()) as endpoint, talking(endpoint.port, version=V5) as (reader, writer):
        writer.write(publish("t", b"x" * 10_000_000, qos=1, version=V5))

        assert await reader.read() == bytes.fromhex("e00195")
        assert endpoint.statistics.refused == {"packet_too_large": 1}


async def test_a_client_that_breaks_off_in_the_middle_of_a_packet_leaves_nothing_behind():
    ledger = Ledger()
    async with listen(ledger) as endpoint:
        async with talking(endpoint.port) as (reader, writer):
            writer.write(publish("t", b"whole", qos=1) + publish("t", b"half", qos=1)[:-2])
            await reader.readexactly(4)
        await until(lambda: endpoint.statistics.connections == 0)

    assert [message.payload for message in ledger.messages] == [b"whole"]


async def test_what_was_read_before_the_connection_broke_is_delivered_and_its_settling_is_harmless():
    ledger = Ledger(at_once=False)
    async with listen(ledger) as endpoint:
        async with talking(endpoint.port) as (_, writer):
            writer.write(publish("t", b"x", qos=1))
            await until(lambda: ledger.batches)
        await until(lambda: endpoint.statistics.connections == 0)
        assert endpoint.statistics.unsettled_messages == 1
        ledger.settle()
        assert endpoint.statistics.unsettled_messages == 0


async def test_keep_alive_and_slow_connect_are_watched_without_being_asked():
    async with listen(Ledger(), limits=Limits(connect_s=1.5)) as endpoint:
        reader, writer = await asyncio.open_connection(HOST, endpoint.port)
        silent = connect(keep_alive_s=1)
        async with talking(endpoint.port, silent) as (quiet, _):
            assert await reader.read() == b""
            assert await quiet.read() == b""
        writer.close()

        assert endpoint.statistics.refused == {"connect_timeout": 1, "keep_alive_timeout": 1}


# -- the end


@pytest.mark.parametrize(("version", "goodbye"), [(V3, b""), (V5, bytes.fromhex("e0018b"))])
async def test_closing_waits_for_what_was_delivered_and_says_goodbye(version, goodbye):
    ledger = Ledger(at_once=False)
    serving = listen(ledger)
    endpoint = await serving.__aenter__()
    async with talking(endpoint.port, version=version) as (reader, writer):
        writer.write(publish("t", qos=1, version=version))
        await until(lambda: ledger.batches)
        closing = asyncio.create_task(serving.__aexit__(None, None, None))
        await asyncio.sleep(0)
        writer.write(publish("t", qos=1, packet_id=2, version=version))
        assert not closing.done()
        ledger.settle()
        assert await reader.read() == bytes.fromhex("40020001") + goodbye
    await closing

    assert len(ledger.messages) == 1
    assert endpoint.statistics.connections == 0


async def test_closing_does_not_wait_for_ever():
    ledger = Ledger(at_once=False)
    async with listen(ledger, limits=Limits(drain_s=0)) as endpoint, talking(endpoint.port) as (_, writer):
        writer.write(publish("t", qos=1))
        await until(lambda: ledger.batches)

    ledger.settle()
    assert endpoint.statistics.unsettled_messages == 0


async def test_nobody_is_let_in_after_the_end():
    async with listen(Ledger()) as endpoint:
        port = endpoint.port

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, port)


# -- TLS


@pytest.fixture
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


async def test_tls_carries_every_message_and_pauses_too(tls, certificate):
    ledger = Ledger(at_once=False)
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    payload = bytes(range(256)) * 1000
    async with (
        listen(ledger, tls=tls, limits=Limits(inbox_bytes=2_000_000)) as endpoint,
        talking(endpoint.port, tls=trusting) as (reader, writer),
    ):
        writer.write(b"".join(publish("t", payload, qos=1, packet_id=i) for i in range(1, 31)))
        await until(lambda: endpoint.statistics.paused)
        settling = asyncio.create_task(settle_all(ledger))
        acknowledged = await reader.readexactly(4 * 30)
        settling.cancel()

    assert acknowledged == b"".join(b"\x40\x02" + i.to_bytes(2, "big") for i in range(1, 31))
    assert {message.payload for message in ledger.messages} == {payload}


async def test_a_client_without_tls_is_not_understood(tls):
    async with listen(Ledger(), tls=tls) as endpoint:
        reader, writer = await asyncio.open_connection(HOST, endpoint.port)
        writer.write(connect())

        answer = await reader.read()
        writer.transport.abort()
        assert not answer.startswith(b"\x20")
        assert endpoint.statistics.accepted == 0
