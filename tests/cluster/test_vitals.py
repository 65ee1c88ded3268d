"""Bridges and workers tell what they have done, and whether they work: what they say is so."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from animov import figures
from animov.forecaster import PATIENCE_S, Ticker
from animov.lifeline import parse_ready
from animov.ports import free_port
from animov.vitals import shown
from bench.broker import mosquitto_in
from bench.cluster import READY_S, cluster
from bench.kafka import kafka_in
from bench.waiting import wait_until
from core.settings import Settings
from ingest.mqtt.endpoint import Statistics
from ingest.publisher import Publisher
from ingest.subscription import SubscriberStatistics
from stream.cluster.worker import WorkerCounts
from stream.runner import FlushCounts

T0 = 1_710_000_000_000
TOKEN = "a token of this test"


def ask(address, page, token=None):
    """The status and what is said."""
    request = urllib.request.Request(f"{address}{page}", headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def figures_at(address):
    """By name and labels, as Prometheus reads them."""
    families = text_string_to_metric_families(ask(address, "/metrics")[1])
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


async def test_a_process_is_not_well_before_it_has_begun_and_while_anything_ails_it():
    async with shown(Settings(metrics_port=0)) as vitals:
        address = vitals.facts["metrics"]
        assert await asyncio.to_thread(ask, address, "/health") == (503, vitals.ailments()[0] + "\n")
        vitals.ailments = tuple
        assert await asyncio.to_thread(ask, address, "/health") == (200, "it works\n")
        vitals.ailments = lambda: iter(["no Kafka", "no broker"])
        assert await asyncio.to_thread(ask, address, "/health") == (503, "no Kafka\nno broker\n")
    with pytest.raises(urllib.error.URLError, match="refused"):
        await asyncio.to_thread(ask, address, "/health")


async def test_metrics_are_for_this_machine_or_for_who_shows_the_token():
    async with shown(Settings(metrics_port=0, host="0.0.0.0")) as vitals:
        assert vitals.facts["metrics"].startswith("http://127.0.0.1:")
        assert (await asyncio.to_thread(ask, vitals.facts["metrics"], "/metrics"))[0] == 200
    async with shown(Settings(metrics_port=0, host="127.0.0.2", metrics_token=TOKEN)) as vitals:
        vitals.ailments = tuple
        address = vitals.facts["metrics"]
        assert address.startswith("http://127.0.0.2:")
        statuses = [(await asyncio.to_thread(ask, address, "/metrics", shown))[0] for shown in (None, "wrong", TOKEN)]
        assert statuses == [401, 401, 200]
        assert (await asyncio.to_thread(ask, address, "/health"))[0] == 200


async def test_without_a_port_nothing_is_served():
    async with shown(Settings()) as vitals:
        assert vitals.facts == {}


def test_each_figure_has_one_name_and_the_number_that_was_counted():
    flushes = FlushCounts(flushes=4, messages=30, rejected=2, dropped=1, keys=9, retries=3, seconds=0.5)
    worker = WorkerCounts(records=5, messages=30, offset_commits=2, lag={3: 7, 1: 0})
    endpoint = Statistics(1, 2, 3, 4, 5, 6, paused=False, pauses=7, refused={"banned": 8})
    subscriber = SubscriberStatistics(connected=True, subscribed=True, connections=2, messages=9, broker_dropped=3)
    told = {}
    for found in (
        figures.of_flushes(flushes),
        figures.of_worker(worker),
        figures.of_subscriber(subscriber),
    ):
        told |= {(one.name, *one.labels.values()): one.value for family in found for one in family.samples}
    assert told == {
        ("animov_flush_seconds_count",): 4,
        ("animov_flush_seconds_sum",): 0.5,
        ("animov_flush_messages_total",): 30,
        ("animov_flush_keys_total",): 9,
        ("animov_flush_rejected_messages_total",): 2,
        ("animov_flush_dropped_messages_total",): 1,
        ("animov_flush_retries_total",): 3,
        ("animov_worker_records_total",): 5,
        ("animov_worker_messages_total",): 30,
        ("animov_worker_offset_commits_total",): 2,
        ("animov_worker_partitions",): 2,
        ("animov_worker_lag_records", "1"): 0,
        ("animov_worker_lag_records", "3"): 7,
        ("animov_mqtt_subscribed",): 1,
        ("animov_mqtt_messages_total",): 9,
        ("animov_mqtt_unsettled_messages",): 0,
        ("animov_mqtt_connections_total",): 2,
        ("animov_mqtt_sessions_lost_total",): 0,
        ("animov_mqtt_taken_over_total",): 0,
        ("animov_mqtt_broker_dropped_messages_total",): 3,
    }
    own = [(one.name, *one.labels.values()) for family in figures.of_endpoint(endpoint) for one in family.samples]
    assert ("animov_mqtt_refusals_total", "banned") in own
    assert len(own) == len(set(own)) == 7


def test_a_ticker_that_stands_still_ails():
    now = [0.0]
    ticker = Ticker(lambda: now[0])
    now[0] = PATIENCE_S
    assert not list(ticker.ailments())
    now[0] += 1
    assert len(list(ticker.ailments())) == 1
    ticker.ticked()
    assert not list(ticker.ailments())


def test_a_forecast_worker_is_well_and_ends_in_order(database_url, tmp_path):
    own = {"ANIMOV_DATA_DIR": str(tmp_path)}
    settings = {"ANIMOV_DATABASE_URL": database_url, "ANIMOV_METRICS_PORT": "0", **own}
    argv = [sys.executable, "-m", "animov", "forecast"]
    with subprocess.Popen(argv, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = parse_ready(process.stdout.readline())["metrics"]
            assert ask(address, "/health") == (200, "it works\n")
            assert figures_at(address)["process_cpu_seconds_total",] > 0
            process.terminate()
            assert process.wait(120) == 0  # it finishes the job that it has begun
        finally:
            process.kill()


def publish(mqtt, seconds):
    with Publisher(f"mqtt://127.0.0.1:{mqtt.port}", "collars") as publisher:
        for second in seconds:
            payload = json.dumps({"t": T0 + 1000 * second, "x": 0.0, "y": 1.0, "z": 0.0}).encode()
            publisher.publish(f"animov/v1/barn/tag-{second % 7}/samples", payload)
        publisher.drain(60)


def seconds_in(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT coalesce(sum(bit_count(received)), 0) FROM evidence")).scalar()


def health(parts, name):
    """What a part says of itself; one that ended meanwhile is started again, and serves elsewhere."""
    try:
        return ask(parts.supervisor.await_ready(name, READY_S)["metrics"], "/health")
    except OSError:
        return None, ""


def wait_until_well(parts, *names):
    for name in names:
        wait_until(lambda name=name: health(parts, name) == (200, "it works\n"), look_again_s=0.1)


def wait_until_told(parts, name, what):
    """Wait until a part is not well for a reason."""

    def is_told():
        status, said = health(parts, name)
        return status == 503 and what in said

    wait_until(is_told, look_again_s=0.1)


@pytest.mark.kafka
@pytest.mark.mosquitto
def test_bridge_and_worker_count_what_came_and_are_not_well_while_kafka_or_the_broker_is_away(
    engine, database_url, topic_name, tmp_path
):
    (tmp_path / "mqtt").mkdir()
    settings = {"database_url": database_url, "kafka_partitions": "2", "metrics_port": "0", "commit_patience": "6"}
    with (
        kafka_in(tmp_path / "kafka") as kafka,
        mosquitto_in(tmp_path / "mqtt") as mqtt,
        cluster(kafka.address, topic_name, **settings) as parts,
    ):
        parts.bridge("bridge", broker=f"mqtt://127.0.0.1:{mqtt.port}")
        parts.worker("worker")
        bridge, worker = (parts.supervisor.await_ready(name, READY_S)["metrics"] for name in ("bridge", "worker"))
        publish(mqtt, range(300))
        settled = {
            ("animov_flush_messages_total",): 300,
            ("animov_worker_lag_records", "0"): 0,
            ("animov_worker_lag_records", "1"): 0,
        }
        wait_until(lambda: settled.items() <= figures_at(worker).items())
        wait_until(lambda: figures_at(worker)["animov_worker_offset_commits_total",] > 0)
        wait_until(lambda: figures_at(bridge)["animov_bridge_messages_total",] == 300)
        assert seconds_in(engine) == 300

        sent, done = figures_at(bridge), figures_at(worker)
        assert sent["animov_mqtt_messages_total",] == 300
        assert sent["animov_bridge_records_total",] == done["animov_worker_records_total",] > 0
        assert sent["animov_bridge_waiting_records",] == sent["animov_bridge_waiting_bytes",] == 0
        assert done["animov_worker_messages_total",] == 300
        assert done["animov_worker_partitions",] == 2
        assert done["animov_flush_seconds_count",] > 0 < done["animov_flush_seconds_sum",]
        wait_until_well(parts, "bridge", "worker")

        kafka.freeze()
        publish(mqtt, range(300, 310))
        for name in ("bridge", "worker"):
            wait_until_told(parts, name, "Kafka at ")
        wait_until_told(parts, "bridge", "the oldest for ")
        assert figures_at(bridge)["animov_bridge_waiting_bytes",] > 0
        kafka.thaw()
        wait_until_well(parts, "bridge", "worker")
        wait_until(lambda: seconds_in(engine) == 310, look_again_s=0.1)

        kafka.kill()
        wait_until_told(parts, "bridge", "Kafka at ")
        kafka.start()
        wait_until_well(parts, "bridge", "worker")

        mqtt.stop()
        wait_until_told(parts, "bridge", "is away")
        mqtt.start()
        wait_until_well(parts, "bridge")


@pytest.mark.kafka
def test_a_worker_that_waits_for_kafka_is_not_well_and_says_so(database_url, topic_name):
    port = free_port("127.0.0.1")
    settings = {"database_url": database_url, "metrics_port": str(port)}
    with cluster(f"127.0.0.1:{free_port('127.0.0.1')}", topic_name, **settings) as parts:
        parts.worker("worker")

        heard = []

        def said():
            try:
                heard.append(ask(f"http://127.0.0.1:{port}", "/health"))
            except OSError:
                return False
            return True

        wait_until(said, READY_S, look_again_s=0.1)
        assert heard == [(503, "it is still starting: what it needs does not answer yet\n")]
