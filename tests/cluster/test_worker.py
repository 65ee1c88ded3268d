"""A Faust worker on a real Kafka and a real database: nothing is passed over, nothing is acknowledged too early."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from animov.edge import decoder_for
from bench.kafka import kafka_in
from core.readings import Message
from core.settings import Settings
from ingest.kafka.topic import Topic, ensured
from storage.evidence import sink
from storage.evidence.packs import pack
from stream.cluster import worker as worker_module
from stream.cluster.group import Membership
from stream.cluster.records import refusing_records
from stream.cluster.watchdog import StuckError
from stream.cluster.worker import WorkerError, working
from stream.runner import Runner, running

pytestmark = pytest.mark.kafka

T0 = 1_710_000_000
RECEIVED = (T0 + 86_400) * 1000


def message(second, collar="a"):
    payload = {"t": (T0 + second) * 1000, "x": 0.1, "y": 1.0, "z": 0.1}
    return Message(f"animov/v1/barn/{collar}/samples", RECEIVED, json.dumps(payload).encode())


@asynccontextmanager
async def producing(broker, topic_name, partitions=2):
    await ensured(Topic(broker.address, topic_name, partitions, 1, 262_144))
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await producer.start()

    async def send(value, partition=0):
        await producer.send_and_wait(topic_name, value, partition=partition)

    try:
        yield send
    finally:
        await producer.stop()


@asynccontextmanager
async def a_worker(broker, topic_name, url, **options):
    runner = Runner(url, lambda known: refusing_records(decoder_for(Settings(), known)), most_keys=2000)
    membership = Membership(brokers=broker.address, topic=topic_name, group=topic_name, session_s=6, **options)
    async with running(runner):
        await runner.loaded()
        async with working(membership, runner) as worker:
            yield worker


def received(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT coalesce(sum(bit_count(received)), 0) FROM evidence")).scalar()


async def test_records_become_evidence_and_are_not_read_again(broker, topic_name, engine, database_url, eventually):
    async with producing(broker, topic_name) as send:
        for second in range(20):
            await send(pack([message(second)]), second % 2)
        async with a_worker(broker, topic_name, database_url) as worker:
            await eventually(lambda: received(engine) == 20)
            assert worker.counts.records == 20
        await send(pack([message(20), message(21)]))
        async with a_worker(broker, topic_name, database_url) as second:
            await eventually(lambda: received(engine) == 22)
            assert (second.counts.records, second.counts.messages) == (1, 2)


async def test_a_flush_that_fails_is_read_again(
    broker, topic_name, engine, database_url, eventually, monkeypatch, left_behind
):
    """A mistake of our own in a flush ends the worker; nothing was acknowledged, so the next has it all."""
    commit, failed = sink.commit, []

    async def fail_once(connection, unit):
        if not failed:
            failed.append(True)
            raise RuntimeError("a mistake of our own")
        await commit(connection, unit)

    monkeypatch.setattr(sink, "commit", fail_once)
    async with producing(broker, topic_name) as send:
        for second in range(6):
            await send(pack([message(second)]), second % 2)
        with pytest.raises(ExceptionGroup) as ended:
            async with a_worker(broker, topic_name, database_url):
                await eventually(lambda: False)
        assert ended.group_contains(RuntimeError, match="a mistake of our own")
        assert received(engine) == 0
        assert await left_behind(broker.address, topic_name) == 6
        async with a_worker(broker, topic_name, database_url):
            await eventually(lambda: received(engine) == 6)
        assert await left_behind(broker.address, topic_name) == 0


async def stuck(kafka, topic_name, url, eventually, told):
    """A worker whose commits stand still, and what it tells before it ends, until it tells of that."""
    async with a_worker(kafka, topic_name, url, patience_s=6) as worker:
        await eventually(lambda: told.extend(worker.ailments()) or any("none was committed" in one for one in told))
        await eventually(lambda: False)


async def test_nothing_is_acknowledged_before_it_is_committed(
    broker, topic_name, engine, database_url, eventually, monkeypatch, left_behind
):
    """And a worker whose commits stand still ends itself, so that another has a go."""
    commit, may_commit, told = sink.commit, asyncio.Event(), []

    async def wait(connection, unit):
        await may_commit.wait()
        await commit(connection, unit)

    monkeypatch.setattr(sink, "commit", wait)
    async with producing(broker, topic_name) as send:
        await send(pack([message(0)]))
        with pytest.raises(ExceptionGroup) as ended:
            await stuck(broker, topic_name, database_url, eventually, told)
        assert any("none was committed" in one for one in told)
        assert ended.group_contains(StuckError)
        assert await left_behind(broker.address, topic_name) == 1
        may_commit.set()
        async with a_worker(broker, topic_name, database_url):
            await eventually(lambda: received(engine) == 1)


async def test_a_record_that_cannot_be_opened_is_kept_whole_and_holds_nothing_up(
    broker, topic_name, engine, database_url, eventually, left_behind
):
    impossible = pack([message(1)._replace(received_at=2**63)])
    async with producing(broker, topic_name) as send:
        for value in (pack([message(0)]), b"no pack", impossible, b"", pack([]), pack([message(2)])):
            await send(value)
        async with a_worker(broker, topic_name, database_url):
            await eventually(lambda: received(engine) == 2)
        assert await left_behind(broker.address, topic_name) == 0
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT code, payload, topic FROM rejected_message ORDER BY size")).all()
    assert [tuple(row) for row in kept] == [
        ("unreadable_record", value, f"kafka/{topic_name}/0") for value in (b"", b"no pack", impossible)
    ]


async def test_a_worker_without_partitions_asks_kafka_too(broker, topic_name, engine, database_url, eventually):
    """It is well as long as it is answered; what it has is no lag."""
    async with (
        producing(broker, topic_name, partitions=1) as send,
        a_worker(broker, topic_name, database_url, patience_s=4) as one,
        a_worker(broker, topic_name, database_url, patience_s=4) as other,
    ):
        await send(pack([message(0)]))
        await eventually(lambda: received(engine) == 1)
        began = [worker._answered_at for worker in (one, other)]
        await eventually(lambda: sorted(len(worker.counts.lag) for worker in (one, other)) == [0, 1])
        await eventually(lambda: all(worker._answered_at > at for worker, at in zip((one, other), began, strict=True)))
        await eventually(lambda: not [*one.ailments(), *other.ailments()])


async def frozen_under(kafka, topic_name, url, eventually):
    """A worker whose Kafka stands still once it has partitions."""
    async with a_worker(kafka, topic_name, url, patience_s=1) as worker:
        await eventually(lambda: worker.counts.lag)
        kafka.freeze()
        try:
            await eventually(lambda: False)
        finally:
            kafka.thaw()  # or leaving takes its time, too


async def test_a_worker_that_kafka_does_not_answer_ends_and_says_so(
    tmp_path, topic_name, database_url, eventually, monkeypatch
):
    monkeypatch.setattr(worker_module, "_ANSWER_S", 1)
    with kafka_in(tmp_path / "kafka") as kafka:
        async with producing(kafka, topic_name):
            pass
        with pytest.raises(ExceptionGroup) as ended:
            await frozen_under(kafka, topic_name, database_url, eventually)
    assert ended.group_contains(WorkerError, match="has not answered for 1 s; this worker ends")
