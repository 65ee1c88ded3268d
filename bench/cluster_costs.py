"""What the parts of a cluster cost: the bridge beside what Mosquitto delivers, the worker beside bare aiokafka.

Processor time of the part alone, which hardly depends on what else the machine does.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from animov.node import database_of
from bench import broker, cluster_latency, herds
from bench.broker import Mosquitto, mosquitto_in
from bench.cluster import Cluster, cluster
from bench.generator import Order, generator
from bench.kafka import kafka_in
from bench.kafka_records import left_behind, messages_in
from bench.loads import Load
from bench.machine import machine
from bench.processes import cpu_seconds
from bench.waiting import wait_until
from core.delivery import Batch
from core.readings import Message
from core.settings import Settings
from ingest.kafka.topic import Topic, ensured
from storage.engine.database import engine_for
from storage.evidence.packs import pack, unpack
from stream.cluster.group import Membership
from stream.cluster.worker import working
from stream.runner import FlushCounts

LOAD: Final = Load(farm="cluster", collars=100, size=1, hz=1, seed=1)
SIZES: Final = (1, 25, 500)
"""Messages of a record."""
_PARTITIONS: Final = 4
_RECEIVED_MS: Final = (herds.T0 + 864_000) * 1000
_READ: Final = 20
"""How many times as many messages are read as go through the bridge: one fetch brings up to 300,000 small records."""
_WINDOW: Final = 4000
_PATIENCE_S: Final = 300.0
_BARE_GROUP: Final = "bare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridged:
    """The bridge beside the broker; messages a second of processor time, each of its own process.

    Attributes:
        messages: How many went through.
        bridge_per_cpu_s: What a bridge brings to Kafka.
        broker_per_cpu_s: What Mosquitto delivers to a subscriber written in C.
        ratio: The first to the second.
    """

    messages: int
    bridge_per_cpu_s: float
    broker_per_cpu_s: float
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A worker at one size of records; messages a second of processor time.

    Attributes:
        size: Messages of a record.
        messages: How many were read; a 20th of them by the whole worker.
        bare_per_cpu_s: By aiokafka in a group, opening each record.
        faust_per_cpu_s: By the worker, with nothing behind it.
        whole_per_cpu_s: By a worker's process that commits what they say; the database's time is not in it.
        ratio: Of Faust's path to the bare one.
    """

    size: int
    messages: int
    bare_per_cpu_s: float
    faust_per_cpu_s: float
    whole_per_cpu_s: float
    ratio: float


def run(messages: int, sizes: Sequence[int] = SIZES, probes: int = 1000) -> dict[str, Any]:
    """Measure with so many messages, at these numbers of messages a record.

    Args:
        messages: Of each load; 20 times as many where only reading is measured.
        sizes: Messages of a record.
        probes: Messages whose way to their row is timed beside each load, 25 a second.
    """
    with tempfile.TemporaryDirectory(prefix="animov-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "mqtt").mkdir()
        access = stack.enter_context(database_of(Settings(data_dir=folder / "node")))
        engine = engine_for(access.app)
        stack.callback(engine.dispose)
        herds.take_into_service(engine, LOAD.farm, LOAD.collars)
        kafka = stack.enter_context(kafka_in(folder / "kafka"))
        mqtt = stack.enter_context(mosquitto_in(folder / "mqtt", "persistence false"))
        bridged = _bridged(kafka.address, mqtt, folder / "node", messages)
        whole = cluster_latency.measure(kafka.address, mqtt, engine, folder / "node", messages=messages, probes=probes)
        worked = [_worked(kafka.address, folder / "node", size, messages) for size in sizes]
    return {
        "machine": machine(),
        "bridge": asdict(bridged),
        "workers": [asdict(one) for one in worked],
        "whole": asdict(whole),
    }


def _cluster(kafka: str, topic: str, node: Path) -> Any:
    return cluster(kafka, topic, data_dir=str(node), kafka_partitions=str(_PARTITIONS))


def _bridged(kafka: str, mqtt: Mosquitto, node: Path, messages: int) -> Bridged:
    with _cluster(kafka, "bridged", node) as parts:
        parts.bridge("bridge", broker=f"mqtt://127.0.0.1:{mqtt.port}")
        parts.ready()
        pid = _pid_of(parts, "bridge")
        before = cpu_seconds(pid)
        order = Order(load=LOAD, start=0, stop=messages, port=mqtt.port, window=_WINDOW)
        with generator(order) as load:
            load.publish()
        wait_until(lambda: asyncio.run(messages_in(kafka, "bridged")) >= messages, _PATIENCE_S, look_again_s=1)
        bridge = messages / (cpu_seconds(pid) - before)
    delivered = broker.delivered(Order(load=LOAD, start=0, stop=messages, port=0, window=_WINDOW))
    limit = delivered.messages / delivered.broker_cpu_s
    return Bridged(messages=messages, bridge_per_cpu_s=bridge, broker_per_cpu_s=limit, ratio=bridge / limit)


def _worked(kafka: str, node: Path, size: int, messages: int) -> Worked:
    topic, read = f"read-of-{size}", _READ * messages
    asyncio.run(_fill(kafka, topic, size, read))
    bare = read / asyncio.run(_bare(kafka, topic, read))
    faust = read / asyncio.run(_path(kafka, topic, read))
    topic = f"committed-of-{size}"
    asyncio.run(_fill(kafka, topic, size, messages))
    whole = messages / _whole(kafka, topic, node)
    return Worked(
        size=size,
        messages=read,
        bare_per_cpu_s=bare,
        faust_per_cpu_s=faust,
        whole_per_cpu_s=whole,
        ratio=faust / bare,
    )


async def _fill(kafka: str, topic: str, size: int, messages: int) -> None:
    await ensured(Topic(kafka, topic, _PARTITIONS, 1, 262_144))
    producer = AIOKafkaProducer(bootstrap_servers=kafka, compression_type="zstd")
    await producer.start()
    sent = (Message(name, _RECEIVED_MS, payload) for name, payload in LOAD.messages(0, messages))
    partitions = cycle(range(_PARTITIONS))
    batch = producer.create_batch()
    while packed := list(islice(sent, size)):
        value = pack(packed)
        if batch.append(key=None, value=value, timestamp=None) is None:  # it is full
            await producer.send_batch(batch, topic, partition=next(partitions))
            batch = producer.create_batch()
            batch.append(key=None, value=value, timestamp=None)
    await producer.send_batch(batch, topic, partition=next(partitions))
    await producer.stop()


class _Meter:
    """Processor time from when a fifth of the messages has come, so that joining a group is not in it."""

    def __init__(self, messages: int) -> None:
        self.count = self._had = 0
        self._messages, self._began = messages, time.process_time()

    def took(self, count: int) -> None:
        """Count messages."""
        self.count += count
        if not self._had and self._messages // 5 <= self.count < self._messages:
            self._had, self._began = self.count, time.process_time()

    def spent(self) -> float:
        """Return what all messages would have taken."""
        return (time.process_time() - self._began) * self._messages / (self._messages - self._had)


async def _bare(kafka: str, topic: str, messages: int) -> float:
    """Return the processor time of reading and opening every record."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, group_id=_BARE_GROUP, auto_offset_reset="earliest")
    await consumer.start()
    meter = _Meter(messages)
    while meter.count < messages:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            meter.took(sum(len(unpack(record.value)) for record in records))
    spent = meter.spent()
    await consumer.stop()
    return spent


class _Nothing:
    """A runner that commits nothing."""

    def __init__(self, meter: _Meter) -> None:
        self.counts = FlushCounts()
        self._meter = meter

    def intake(self, batch: Batch) -> None:
        self._meter.took(len(batch.messages))
        batch.settle()

    async def drained(self) -> None:
        """Have nothing to wait for."""


async def _path(kafka: str, topic: str, messages: int) -> float:
    """Return the processor time of the same by a worker."""
    membership = Membership(brokers=kafka, topic=topic, group=f"{topic}-path")
    meter = _Meter(messages)
    async with working(membership, _Nothing(meter)):  # type: ignore[arg-type]
        while meter.count < messages:  # noqa: ASYNC110 - a bench may look
            await asyncio.sleep(0.01)
        return meter.spent()


def _whole(kafka: str, topic: str, node: Path) -> float:
    with _cluster(kafka, topic, node) as parts:
        parts.worker("worker")
        parts.ready()
        pid = _pid_of(parts, "worker")
        before = cpu_seconds(pid)
        wait_until(lambda: not asyncio.run(left_behind(kafka, topic, topic)), _PATIENCE_S, look_again_s=0.5)
        return cpu_seconds(pid) - before


def _pid_of(parts: Cluster, name: str) -> int:
    return parts.supervisor.pid(name) or 0


def told(found: dict[str, Any]) -> str:
    """Write what was measured for people."""
    bridge = found["bridge"]
    beside = (
        f"bridge: {bridge['bridge_per_cpu_s']:,.0f} messages/CPU-s of {bridge['messages']:,}; Mosquitto delivers "
        f"{bridge['broker_per_cpu_s']:,.0f} to a subscriber in C: ratio {bridge['ratio']:.2f}"
    )
    lines = [
        beside,
        "",
        f"{'messages a record':>18}{'aiokafka':>14}{'Faust path':>14}{'ratio':>8}{'whole worker':>14}  messages/CPU-s",
        *(
            f"{one['size']:>18}{one['bare_per_cpu_s']:>14,.0f}{one['faust_per_cpu_s']:>14,.0f}{one['ratio']:>8.2f}"
            f"{one['whole_per_cpu_s']:>14,.0f}"
            for one in found["workers"]
        ),
    ]
    whole = found["whole"]
    lines += ["", f"a whole cluster on this machine: {whole['messages_per_s']:,.0f} messages/s"]
    lines += [
        f"from publish to row beside {one['load_per_s']:,.0f} messages/s: p50 {one['p50_ms']:.0f} ms, p99 "
        f"{one['p99_ms']:.0f} ms of {one['probes']}; bridge {one['bridge_cpu']:.2f}, worker {one['worker_cpu']:.2f} CPU"
        for one in (whole["quiet"], whole["half"], whole["full"])
    ]
    ratios = (
        f"p99 beside half of what it bears is {whole['half_to_quiet']:.1f} times that in quiet, beside all of it "
        f"{whole['full_to_quiet']:.1f} times"
    )
    return "\n".join([*lines, ratios, ""])
