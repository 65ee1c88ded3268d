"""Broker, bridge, Kafka and two workers give the rows that one machine gives, bit for bit."""

import asyncio
import random
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from animov.edge import decoder_for
from bench.broker import mosquitto_in
from bench.cluster import cluster
from bench.waiting import wait_until
from core.delivery import Batch
from core.readings import CollarName
from core.settings import Settings
from ingest.publisher import Publisher
from ingest.recording import RecordingReader
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading
from stream.runner import Runner, running

pytestmark = [pytest.mark.kafka, pytest.mark.mosquitto]

RECORDING = Path(__file__).parents[1] / "data" / "dst_night.jsonl.gz"
MOUNTS = {"leg-01": Reading("leg", hold_s=10), "leg-02": Reading("leg", hold_s=10), "leg-03": Reading("leg", hold_s=10)}
DAY_MS = 86_400_000


def recorded():
    with RecordingReader(RECORDING) as reader:
        return [message for message, _, _ in reader]


def take_into_service(engine):
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "f")
        for name, reading in MOUNTS.items():
            collar_id = herd.ensure_collar(connection, CollarName("f", name))
            calibrations.append(connection, collar_id, 0, reading, None)
            herd.assign(connection, collar_id, herd.ensure_animal(connection, farm_id, name))


def rows(url):
    """Evidence and windows, by name, whole."""
    evidence = """SELECT c.name, e.bucket, e.method, e.received::text, e.standing::text, e.lying::text
      FROM evidence e JOIN collar c ON c.id = e.collar_id ORDER BY 1, 2, 3"""
    windows = """SELECT a.name, w.bucket, w.received_s, w.known_s, w.standing_s, w.standing_ratio, w.standing::text,
      w.lying::text FROM posture_window w JOIN animal a ON a.id = w.animal_id ORDER BY 1, 2"""
    refused = "SELECT key, code FROM rejected_message ORDER BY 1"
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in (evidence, windows, refused)]


def one_machine(url, messages):
    """What one machine makes of messages in the order in which they were recorded."""

    async def work():
        runner = Runner(url, partial(decoder_for, Settings()), most_keys=2000)
        async with running(runner):
            runner.intake(Batch(messages, lambda: None))
            await runner.drained()

    asyncio.run(work())
    return rows(url)


def start_over(engine):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE farm, rejected_message RESTART IDENTITY CASCADE"))


def damaged(messages, seed):
    """The same messages, a third of them twice, in another order; a morning comes a day late, after all others."""
    chance = random.Random(seed)
    sent = messages + chance.sample(messages, len(messages) // 3)
    chance.shuffle(sent)
    first = min(message.received_at for message in messages)
    return sorted(sent, key=lambda message: message.received_at < first + DAY_MS // 8)


def test_two_bridges_and_two_workers_give_the_rows_of_one_machine(
    engine, database_url, broker, topic_name, tmp_path, left_behind
):
    """Through a shared subscription, with duplicates, out of order, and what a collar uploads a day late."""
    messages = recorded()
    take_into_service(engine)
    expected = one_machine(database_url, messages)
    start_over(engine)
    take_into_service(engine)

    with (
        mosquitto_in(tmp_path, "persistence false") as mqtt,
        cluster(broker.address, topic_name, database_url=database_url, kafka_partitions="4") as parts,
    ):
        for number in (1, 2):
            parts.bridge(f"bridge-{number}", broker=f"mqtt://127.0.0.1:{mqtt.port}")
            parts.worker(f"worker-{number}")
        parts.ready()
        with Publisher(f"mqtt://127.0.0.1:{mqtt.port}", "collars") as publisher:
            for topic, _, payload in damaged(messages, seed=1):
                publisher.publish(topic, payload)
            publisher.drain(60)
        wait_until(lambda: rows(database_url) == expected, 120, look_again_s=0.2)
        wait_until(lambda: asyncio.run(left_behind(broker.address, topic_name)) == 0, 60, look_again_s=0.2)

    assert [len(part) for part in expected] == [len(part) for part in rows(database_url)]
    assert all(expected)
    assert rows(database_url) == expected
