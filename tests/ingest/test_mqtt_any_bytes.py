"""Whatever comes, cut wherever: no exception, no early acknowledgement, and cuts change nothing."""

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ingest.mqtt.reasons import V3, V5
from ingest.mqtt.shared import Limits
from ingest.mqtt.testing import House, LastWords, Ledger, connect, cut, publish, pubrel

TOPICS = st.sampled_from(["t", "a/b", "animov/v1/farm/collar/samples", "ü"])
PAYLOADS = st.one_of(st.binary(max_size=3), st.sampled_from([b"x" * 130, b"y" * 20_000]))
PLACES = st.lists(st.one_of(st.integers(0, 60), st.integers(0, 25_000)), max_size=12)
VERSIONS = st.sampled_from([V3, V5])
ACKNOWLEDGEMENTS = {0x40, 0x50, 0x70}


@st.composite
def conversations(draw):
    """A version, the packets of a client that keeps the rules, and what they mean: messages and acknowledgements."""
    version, packets, messages, owed = draw(VERSIONS), [], [], []
    for packet_id in range(1, draw(st.integers(1, 12)) + 1):
        qos = draw(st.integers(0, 2))
        topic, payload = draw(TOPICS), draw(PAYLOADS)
        properties = draw(st.sampled_from([b"", b"\x01\x01", b"\x26\x00\x01k\x00\x01v"]))
        packets.append(
            publish(topic, payload, qos=qos, packet_id=packet_id, retain=draw(st.booleans()), version=version,
                    properties=properties)
        )  # fmt: skip
        messages.append((topic, payload))
        if qos:
            owed.append(bytes((0x30 + 0x10 * qos, 2)) + packet_id.to_bytes(2, "big"))
        if draw(st.booleans()):
            packets.append(b"\xc0\x00")
    return version, packets, messages, owed


async def hold(version, reads, *, batch=500):
    house = House(limits=Limits(batch_messages=batch))
    client = house.client()
    answers = await client.send(connect(version=version), *reads)
    return house, answers[1:]


@given(conversations(), PLACES, st.sampled_from([1, 2, 500]))
def test_cutting_a_stream_into_other_reads_changes_nothing(conversation, places, batch):
    version, packets, messages, owed = conversation

    house, answers = asyncio.run(hold(version, cut(b"".join(packets), places), batch=batch))

    assert [(message.topic, message.payload) for message in house.ledger.messages] == messages
    assert [answer for answer in answers if answer[0] in ACKNOWLEDGEMENTS] == owed
    assert answers.count(b"\xd0\x00") == packets.count(b"\xc0\x00")
    assert all(len(taken.messages) <= batch for taken in house.ledger.batches)


@st.composite
def damaged(draw):
    """The stream of an honest client in which some bytes were changed, inserted or lost."""
    version, packets, _, _ = draw(conversations())
    stream = bytearray(connect(version=version, will=LastWords("w", b"gone")) + b"".join(packets)[:500] + pubrel(1))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(stream)))
        stream[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(stream)


@given(st.one_of(st.binary(max_size=200), damaged(), st.binary(max_size=60).map(connect().__add__)), PLACES)
def test_no_bytes_raise_and_nothing_unsettled_is_acknowledged(stream, places):
    async def hear():
        house = House(Ledger(at_once=False))
        client = house.client()
        answers = await client.send(*cut(stream, places))
        client.vanish()
        await asyncio.sleep(0)
        return house, answers

    house, answers = asyncio.run(hear())

    assert Counter(answer[0] for answer in answers)[0x40] == 0
    assert Counter(answer[0] for answer in answers)[0x50] == 0
    house.ledger.settle()
    statistics = house.endpoint.statistics
    assert (statistics.connections, statistics.unsettled_messages, statistics.unsettled_bytes) == (0, 0, 0)


@given(st.binary(max_size=300), VERSIONS)
def test_bytes_after_connect_never_raise(stream, version):
    house, answers = asyncio.run(hold(version, [stream]))

    acknowledged = [answer for answer in answers if answer[0] in {0x40, 0x50}]
    assert len(acknowledged) <= len(house.ledger.messages)


@given(st.permutations(range(6)), st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_any_order_of_settling_keeps_the_order_of_acknowledgements(order, qualities):
    async def settle():
        house = House(Ledger(at_once=False))
        client = await house.guest()
        for i, qos in enumerate(qualities, 1):
            await client.send(publish("t", qos=qos, packet_id=i))
        seen = []
        for index in order:
            house.ledger.batches[index].settle()
            seen += client.wire.packets()
            settled = set(order[: order.index(index) + 1])
            done = next((i for i in range(6) if i not in settled), 6)
            assert [answer[3] for answer in seen] == [i + 1 for i in range(done) if qualities[i]]

    asyncio.run(settle())
