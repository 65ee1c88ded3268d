"""Three brokers of Kafka, each record on all of them: one may die at work, and without two nothing is acknowledged."""

import asyncio
import threading
import urllib.request

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from bench import herds
from bench.broker import mosquitto_in
from bench.cluster import READY_S, cluster
from bench.kafka import three_in
from bench.loads import Load
from bench.waiting import wait_until
from ingest.publisher import Publisher

LOAD = Load(farm="three", collars=20, size=1, hz=1, seed=4)
PACE_S = 0.005
SHARES = (range(200), range(200, 1600), range(1600, 1800))
LONG_S = 180


async def copies_of(address, topic):
    """On how many brokers each partition is, and how many of them must have a record."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    finally:
        await admin.close()
    ((_, _, _, _, entries),) = answer.resources
    least = next(value for key, value, *_ in entries if key == "min.insync.replicas")
    return [len(one["replicas"]) for one in described["partitions"]], least


def figure(address, name):
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return next(one.value for family in families for one in family.samples if one.name == name)


class Region:
    """Publishes shares of a load, and compares."""

    def __init__(self, engine, publisher):
        self.engine, self.publisher = engine, publisher

    def publish(self, share):
        for topic, payload in LOAD.messages(share.start, share.stop):
            self.publisher.publish(topic, payload)
            threading.Event().wait(PACE_S)
        self.publisher.drain(60)

    def committed(self):
        with self.engine.connect() as connection:
            return connection.execute(text("SELECT coalesce(sum(bit_count(received)), 0) FROM evidence")).scalar()

    def has(self, messages):
        wait_until(lambda: self.committed() >= messages, LONG_S, look_again_s=0.1)
        evidence = herds.expected(LOAD.events(messages))
        assert herds.stored_evidence(self.engine, LOAD.farm) == evidence
        assert herds.stored_windows(self.engine, LOAD.farm) == herds.windows_of(evidence)


@pytest.mark.kafka
@pytest.mark.mosquitto
@pytest.mark.timeout(600)
def test_one_of_three_may_die_and_without_two_nothing_is_acknowledged_and_nothing_lost(
    engine, database_url, topic_name, tmp_path, left_behind
):
    herds.take_into_service(engine, LOAD.farm, LOAD.collars)
    (tmp_path / "mqtt").mkdir()
    settings = {"database_url": database_url, "kafka_partitions": "6", "kafka_copies": "3", "metrics_port": "0"}
    with three_in(tmp_path / "kafka") as brokers, mosquitto_in(tmp_path / "mqtt") as mqtt:
        address = ",".join(broker.address for broker in brokers)
        url = f"mqtt://127.0.0.1:{mqtt.port}"
        with cluster(address, topic_name, **settings) as parts, Publisher(url, "collars") as publisher:
            parts.bridge("bridge", broker=url)
            parts.ready()
            for name in ("worker-1", "worker-2"):
                parts.worker(name)
            parts.ready()
            assert asyncio.run(copies_of(address, topic_name)) == ([3] * 6, "2")
            region = Region(engine, publisher)
            region.publish(SHARES[0])
            region.has(SHARES[0].stop)

            sending = threading.Thread(target=region.publish, args=[SHARES[1]])
            sending.start()
            wait_until(lambda: region.committed() > SHARES[1].start + 100, LONG_S)
            brokers[0].kill()
            sending.join()
            region.has(SHARES[1].stop)
            brokers[0].start()
            wait_until(lambda: asyncio.run(left_behind(address, topic_name)) == 0, LONG_S, look_again_s=0.2)

            bridge = parts.supervisor.await_ready("bridge", READY_S)["metrics"]
            for broker in brokers[1:]:
                broker.kill()
            region.publish(SHARES[2])
            unsettled = "animov_mqtt_unsettled_messages"
            wait_until(lambda: figure(bridge, unsettled) == len(SHARES[2]), LONG_S, look_again_s=0.1)
            wait_until(lambda: figure(bridge, "animov_bridge_oldest_waiting_seconds") > 3, LONG_S, look_again_s=0.1)
            assert figure(bridge, "animov_bridge_messages_total") == region.committed() == SHARES[1].stop
            assert figure(bridge, unsettled) == len(SHARES[2])
            for broker in brokers[1:]:
                broker.launch()
            region.has(SHARES[2].stop)
            wait_until(lambda: asyncio.run(left_behind(address, topic_name)) == 0, LONG_S, look_again_s=0.2)
