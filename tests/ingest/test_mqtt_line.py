"""What a broker sends over one connection, however it is cut: heard once, in order, acknowledged in order."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ingest.broker import Broker
from ingest.mqtt.line import Line
from ingest.mqtt.reasons import V3, V5
from ingest.mqtt.requests import Request
from ingest.mqtt.testing import NOW_MS, Ledger, Wire, cut, publish, split
from ingest.mqtt.wire import packet
from ingest.subscription import DROPPED, Account, Subscription

VERSIONS = st.sampled_from([V3, V5])
CONTENT_TYPE = b"\x03\x00\x01j"
"""A property that makes a message unusual."""


def request(version):
    return Request(
        client_id="c",
        version=version,
        keep_alive_s=60,
        user="me",
        password="secret",
        session_s=1,
        window=9,
        largest=999,
    )


def line_on(wire, ledger, version=V5, **options):
    subscription = Subscription(version="5" if version == V5 else "3.1.1", **options)
    account = Account(Broker("broker", 1883), subscription)
    line = Line(request(version), subscription, account, intake=ledger, now_ms=lambda: NOW_MS)
    line.connection_made(wire)
    return line, account


def connack(version, reason=0, *, kept=False):
    return packet(0x20, bytes((kept, reason)) + (b"\0" if version == V5 else b""))


def suback(version, *codes):
    return packet(0x90, b"\0\1" + (b"\0" if version == V5 else b"") + bytes(codes))


def let_in(version):
    return connack(version) + suback(version, 1)


messages = st.lists(
    st.tuples(st.sampled_from(["a", "b/c"]), st.integers(0, 1), st.binary(max_size=200), st.booleans()), max_size=12
)


def written(sent, version):
    """Messages as a broker writes them, numbered from 1."""
    return b"".join(
        publish(topic, payload, qos=qos, packet_id=number, version=version, properties=CONTENT_TYPE * odd)
        for number, (topic, qos, payload, odd) in enumerate(sent, 1)
    )


@given(messages, VERSIONS, st.lists(st.integers(1, 3000), max_size=6), st.integers(1, 5), st.randoms())
async def test_every_message_is_heard_once_and_acknowledged_in_order(sent, version, places, window, chance):
    wire, ledger = Wire(), Ledger(at_once=False)
    line, account = line_on(wire, ledger, version, window=window)
    asked = wire.packets()
    for read in cut(let_in(version) + written(sent, version), places):
        line.data_received(read)
    open_ = []
    done = 0
    for _ in range(40):
        open_ += ledger.batches[done + len(open_) :]
        assert line.held == sum(len(batch.messages) for batch in open_)
        if open_:
            open_.pop(chance.randrange(len(open_))).settle()
            done += 1
        await asyncio.sleep(0)
    assert [tuple(one) for one in ledger.messages] == [(topic, NOW_MS, payload) for topic, _, payload, _ in sent]
    owed = [number for number, (_, qos, _, _) in enumerate(sent, 1) if qos]
    answers = wire.packets()
    assert [kind >> 4 for kind, *_ in asked] == [1]
    assert [kind >> 4 for kind, *_ in answers[:2]] == [8, 8]
    assert [int.from_bytes(answer[2:], "big") for answer in answers[2:]] == owed
    assert account.seen.unsettled == 0
    assert account.seen.messages == len(sent)
    assert line.idle.is_set()


@given(st.binary(max_size=60), VERSIONS, st.booleans())
async def test_whatever_bytes_come_the_worst_is_the_end_of_the_connection(noise, version, inside):
    wire = Wire()
    line, _ = line_on(wire, Ledger(), version)
    for read in (let_in(version) if inside else b"", noise):
        if read and not wire.closed:
            line.data_received(read)
    line.connection_lost(None)
    assert line.ended.done()


async def test_no_more_is_held_than_the_window_and_nobody_waits_for_what_is_not_acknowledged():
    wire, ledger = Wire(), Ledger(at_once=False)
    line, account = line_on(wire, ledger, window=2)
    line.data_received(let_in(V5) + b"".join(publish("a", qos=1, packet_id=n, version=V5) for n in (1, 2)))
    line.data_received(publish(DROPPED, b"7", version=V5))
    assert account.seen.broker_dropped == 0
    assert not wire.paused
    line.data_received(publish("a", qos=1, packet_id=3, version=V5))
    assert wire.paused
    assert line.held == 2
    ledger.batches[0].settle()
    await asyncio.sleep(0)
    assert not wire.paused
    assert len(ledger.messages) == 3


async def test_bytes_are_bounded_too():
    wire, ledger = Wire(), Ledger(at_once=False)
    line, _ = line_on(wire, ledger, window_bytes=100)
    line.data_received(let_in(V5) + publish("a", bytes(200), version=V5))
    line.data_received(publish("a", bytes(200), version=V5))
    assert wire.paused
    assert len(ledger.messages) == 1


@pytest.mark.parametrize("version", [V3, V5])
async def test_what_a_lost_connection_owed_is_forgotten(version):
    wire, ledger = Wire(), Ledger(at_once=False)
    line, _ = line_on(wire, ledger, version)
    line.data_received(let_in(version) + publish("a", qos=1, version=version))
    line.connection_lost(None)
    wire.written.clear()
    ledger.settle()
    assert not wire.written
    assert line.held == 0


async def test_who_is_not_let_in_asks_for_nothing():
    wire = Wire()
    line, account = line_on(wire, Ledger())
    wire.packets()
    line.data_received(connack(V5, 0x87))
    assert wire.closed
    assert not wire.written
    assert not account.seen.connected
    line.connection_lost(None)


async def test_a_refused_subscription_is_told():
    wire = Wire()
    line, account = line_on(wire, Ledger())
    line.data_received(connack(V5, kept=True) + suback(V5, 0x87))
    assert account.seen.refused == ("animov/v1/+/+/+",)
    assert account.seen.session_kept
    assert not account.seen.subscribed
    line.connection_lost(None)


async def test_connect_asks_for_a_session_that_stays_and_for_our_window():
    wire = Wire()
    line_on(wire, Ledger())
    (asked,) = split(bytes(wire.written))
    assert asked.startswith(b"\x10")
    assert asked[9] == 0b1100_0000  # user, password, no clean start
    assert b"\x21\x00\x09" in asked  # Receive Maximum 9
    assert asked.endswith(b"\x00\x01c\x00\x02me\x00\x06secret")


async def test_who_closes_without_an_answer_is_told_of():
    """A port that wants TLS closes on a CONNECT in clear; nothing else would tell."""
    line, _ = line_on(Wire(), Ledger())
    with capture_logs() as logs:
        line.connection_lost(None)
    (said,) = logs
    assert said["event"] == "subscriber.unreachable"
    assert "is TLS right for this port?" in said["reason"]


@pytest.mark.parametrize(("reason", "times"), [(0x8E, 1), (0x8B, 0)])
async def test_only_another_client_of_our_name_takes_our_session(reason, times):
    line, account = line_on(Wire(), Ledger())
    line.data_received(let_in(V5) + packet(0xE0, bytes((reason, 0))))
    line.connection_lost(None)
    assert account.seen.taken_over == times
    assert not account.seen.connected


@pytest.mark.parametrize(("ends", "times"), [([0, 1], 0), ([0, 1, 2], 1), ([0, 30, 61], 0), ([0, 50, 61, 70], 1)])
def test_a_broker_that_closes_again_and_again_without_a_word_has_another_client_of_our_name(ends, times):
    account = Account(Broker("broker", 1883), Subscription())
    for at in ends:
        account.ended_without_a_word(at)
    assert account.seen.taken_over == times
