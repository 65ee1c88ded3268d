"""From batches to records: everything once, within its limits, settled when Kafka has it and not before."""

import asyncio
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from animov.ports import free_port
from bench.kafka import kafka_in
from core.delivery import Batch
from core.errors import ConflictError
from core.readings import Message
from ingest.kafka import topic as topics
from ingest.kafka.bridge import bridging
from ingest.kafka.lanes import OVERHEAD_BYTES, Lanes, Limits, partition_of
from ingest.kafka.refusals import UnmakeableTopicError
from ingest.kafka.silence import Silence
from ingest.kafka.topic import FRAME_BYTES, Topic, ensure, ensured
from storage.evidence.packs import unpack

sizes = st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), min_size=1, max_size=8), max_size=8)


def message(collar, size):
    return Message(f"animov/v1/barn/{collar}/samples", 1, bytes(size))


@given(sizes, st.integers(1, 5), st.randoms())
def test_every_message_is_in_one_pack_and_a_batch_is_settled_with_the_last_of_its_packs(sizes, most, order):
    packs, settled = [], []
    lanes = Lanes(3, Limits(most, 150), packs.append)
    batches = [[message(collar, size) for collar, size in batch] for batch in sizes]
    for number, messages in enumerate(batches):
        lanes.add(Batch(messages, lambda number=number: settled.append(number)))
    lanes.close_all()

    sent = [one for batch in batches for one in batch]
    for partition in range(3):
        here = [one for one in sent if partition_of(one.topic, 3) == partition]
        assert [one for pack in packs if pack.partition == partition for one in pack.messages] == here
    for pack in packs:
        size = sum(len(one.topic) + len(one.payload) + OVERHEAD_BYTES for one in pack.messages)
        assert 1 <= len(pack.messages) <= most
        assert size <= 150 or len(pack.messages) == 1
    assert settled == []
    order.shuffle(packs)
    for done, pack in enumerate(packs, 1):
        pack.settle()
        landed = {id(one) for pack in packs[:done] for one in pack.messages}
        assert set(settled) == {n for n, messages in enumerate(batches) if {id(one) for one in messages} <= landed}
    assert sorted(settled) == list(range(len(batches)))


def test_a_collar_has_one_partition_whatever_it_sends():
    for kind in ("samples", "posture", "status"):
        assert partition_of(f"animov/v1/barn/tag-1/{kind}", 12) == partition_of("animov/v1/barn/tag-1/samples", 12)
    assert len({partition_of(f"animov/v1/barn/tag-{n}/samples", 12) for n in range(200)}) == 12


async def records_of(address, name, count):
    consumer = AIOKafkaConsumer(name, bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    found = []
    try:
        async with asyncio.timeout(60):
            while sum(len(unpack(record.value)) for record in found) < count:
                found.append(await consumer.getone())
    finally:
        await consumer.stop()
    return found


@pytest.mark.kafka
async def test_what_comes_while_kafka_is_away_is_kept_and_settled_when_it_is_back(tmp_path, topic_name, eventually):
    sent = [
        [message(f"{number % 7}-{number}", 100) for number in range(start, start + 50)] for start in range(0, 900, 50)
    ]
    settled = []
    with kafka_in(tmp_path / "kafka") as kafka:
        topic = Topic(kafka.address, topic_name, 4, 1, 262_144)
        async with bridging(topic, refuse=pytest.fail) as bridge:
            bridge.intake(Batch(sent[0], lambda: settled.append(0)))
            await eventually(lambda: settled == [0])
            await asyncio.to_thread(kafka.kill)
            for number, batch in enumerate(sent[1:], 1):
                bridge.intake(Batch(batch, lambda number=number: settled.append(number)))
            await eventually(lambda: bridge.counts.waiting)
            assert settled == [0]
            await asyncio.to_thread(kafka.start)
            await eventually(lambda: len(settled) == len(sent))
        records = await records_of(kafka.address, topic_name, 900)

    came = [one for record in records for one in unpack(record.value)]
    assert set(came) == {one for batch in sent for one in batch}
    assert len(came) == 900
    assert all(partition_of(one.topic, 4) == record.partition for record in records for one in unpack(record.value))


@pytest.mark.kafka
async def test_what_no_record_can_hold_is_refused_and_the_rest_goes_on(broker, topic_name, eventually):
    topic = Topic(broker.address, topic_name, 2, 1, 4096)
    largest = (await ensured(topic)).batch_bytes
    refused, settled = [], []
    messages = [message("a", 10), message("b", largest), message("c", 10)]
    async with bridging(topic, refuse=refused.append) as bridge:
        bridge.intake(Batch(messages, lambda: settled.append(True)))
        await eventually(lambda: bridge.counts.messages == 2)
        assert settled == []
        refused[0].settle()
        assert settled == [True]
        bridge.intake(Batch([message("d", bridge.largest_payload)], lambda: settled.append(True)))
        await eventually(lambda: len(settled) == 2)
    assert [one.messages for one in refused] == [[messages[1]]]


@pytest.mark.kafka
@pytest.mark.parametrize("limit", [100_000, 4096 + FRAME_BYTES - 1])
async def test_a_topic_that_does_not_take_the_largest_payload_is_not_begun_with(broker, topic_name, limit):
    """What is refused is acknowledged: all that collars send would go to the rejected messages, or most of it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic_name, 1, 1, topic_configs={"max.message.bytes": str(limit)})])
    finally:
        await admin.close()
    topic = Topic(broker.address, topic_name, 1, 1, 4096)
    with pytest.raises(ConflictError, match=f"{topic_name} has max.message.bytes={limit}.* need {4096 + FRAME_BYTES}"):
        async with bridging(topic, refuse=pytest.fail):
            pass
    assert (await ensure(replace(topic, payload_bytes=limit))).batch_bytes == limit  # a worker only reads


@pytest.mark.kafka
async def test_a_topic_that_kafka_can_not_make_is_told_in_one_sentence(broker, topic_name, monkeypatch):
    monkeypatch.setattr(topics, "JOIN_S", 0.5)
    with pytest.raises(UnmakeableTopicError, match=r"ANIMOV_KAFKA_COPIES=3: .*[Rr]eplication") as told:
        await asyncio.wait_for(ensured(Topic(broker.address, topic_name, 1, 3, 4096)), 60)
    assert "\n" not in str(told.value)
    with pytest.raises(UnmakeableTopicError, match=r"ANIMOV_KAFKA_TOPIC=\.\.: "):
        await asyncio.wait_for(ensured(Topic(broker.address, "..", 1, 1, 4096)), 60)


async def test_who_finds_no_kafka_is_asked_whether_tls_is_right(eventually):
    topic = Topic(f"127.0.0.1:{free_port('127.0.0.1')}", "readings", 1, 1, 4096)
    with capture_logs() as logs:
        looking = asyncio.create_task(ensured(topic))
        await eventually(lambda: looking.done() or sum(line["event"] == "kafka.unavailable" for line in logs) > 1)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
    (hint,) = [line for line in logs if line["event"] == "kafka.is_it_there"]
    assert (hint["brokers"], hint["tls"]) == (topic.brokers, False)


def test_silence_is_told_once_and_its_length_when_it_is_over():
    silence = Silence()
    with capture_logs() as logs:
        for now, waited_s in [(0, 0), (5, 5), (11, 11), (12, 12), (31, 31), (32, 2), (33, 0), (50, 11), (51, 0)]:
            silence.look(waited_s, 3, now)
    told = [(line["event"], line.get("oldest_s") or line.get("silent_s")) for line in logs]
    silent, back = "bridge.kafka_silent", "bridge.kafka_back"
    assert told == [(silent, 11), (back, 32), (silent, 11), (back, 12)]


@pytest.mark.kafka
async def test_a_bridge_tells_that_kafka_is_silent_and_that_it_is_back(tmp_path, topic_name, eventually, monkeypatch):
    monkeypatch.setattr("ingest.kafka.silence.SILENT_S", 0.5)
    with kafka_in(tmp_path / "kafka") as kafka, capture_logs() as logs:

        def came(event):
            return any(line["event"] == event for line in logs)

        async with bridging(Topic(kafka.address, topic_name, 1, 1, 4096), refuse=pytest.fail) as bridge:
            kafka.freeze()
            bridge.intake(Batch([message("a", 10)], lambda: None))
            await eventually(lambda: came("bridge.kafka_silent"))
            assert not came("bridge.kafka_back")
            kafka.thaw()
            await eventually(lambda: came("bridge.kafka_back"))
