"""How long a message takes through a whole cluster, from its publication to its row, and what the cluster bears."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from sqlalchemy import text

from bench import herds
from bench.broker import Mosquitto
from bench.cluster import cluster
from bench.generator import Order, generator
from bench.loads import Load
from bench.processes import cpu_seconds
from bench.waiting import wait_until
from ingest.publisher import Publisher
from storage.engine.database import Engine

LOAD: Final = Load(farm="whole", collars=100, size=1, hz=1, seed=2)
PROBED: Final = "probed"
"""A farm with one tag, whose messages are looked for one by one."""

_WINDOW: Final = 4000
_PATIENCE_S: Final = 300.0
_LOOK_S: Final = 0.005
_QUIET_S: Final = 0.4  # 2.5 probes a second
_PROBE_S: Final = 0.04
_SETTLED_S: Final = 2.0  # until a load runs evenly
_QUIET_SHARE: Final = 10  # a probe of so many of those beside a load: each takes ten times as long


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """From publish to row, of messages sent at a steady pace beside a load, in milliseconds.

    Attributes:
        load_per_s: Messages of the load a second; 0 is none but these.
        probes: How many were timed.
        p50_ms: Half of them had their row within this time.
        p99_ms: 99 of 100.
        bridge_cpu: Share of a processor that the bridge took meanwhile.
        worker_cpu: The same of the worker.
    """

    load_per_s: float
    probes: int
    p50_ms: float
    p99_ms: float
    bridge_cpu: float
    worker_cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A broker, a bridge, Kafka, a worker and the database on one machine, which they share.

    Attributes:
        messages_per_s: From the first publication to the last row, of wall time.
        quiet: Latency at 2.5 messages a second.
        half: At half of what the cluster bears.
        full: At all of it, where whatever falls behind stays behind.
        half_to_quiet: Ratio of the 99 of 100 at half to those in quiet.
        full_to_quiet: The same at all.
    """

    messages_per_s: float
    quiet: Latency
    half: Latency
    full: Latency
    half_to_quiet: float
    full_to_quiet: float


def measure(kafka: str, mqtt: Mosquitto, engine: Engine, node: Path, *, messages: int, probes: int) -> Whole:
    """Measure with so many messages as fast as they go, then beside half of that rate, and beside all of it.

    Args:
        kafka: Where its clients begin.
        mqtt: The broker.
        engine: Connects to the database.
        node: Folder of the database.
        messages: Published as fast as they go.
        probes: Messages whose way to their row is timed beside a load, 25 a second; in quiet it is a tenth of them.
    """
    herds.take_into_service(engine, LOAD.farm, LOAD.collars)
    herds.take_into_service(engine, PROBED, 1)
    with ExitStack() as stack:
        parts = stack.enter_context(cluster(kafka, "whole", data_dir=str(node), kafka_partitions="4"))
        parts.bridge("bridge", broker=f"mqtt://127.0.0.1:{mqtt.port}")
        parts.worker("worker")
        parts.ready()
        pids = [parts.supervisor.pid(name) or 0 for name in ("bridge", "worker")]
        prober = stack.enter_context(_Prober(mqtt, engine))
        prober.latencies_s(1, 0)  # by then partitions are assigned
        per_s = _full_speed(mqtt, engine, messages)
        quiet = _probed(prober, pids, max(probes // _QUIET_SHARE, 1), every_s=_QUIET_S, load_per_s=0)
        beside = partial(_beside, prober, pids, probes, mqtt.port)
        half, began = beside(load_per_s=per_s / 2, start=messages)
        full, _ = beside(load_per_s=per_s, start=began)
    return Whole(
        messages_per_s=per_s,
        quiet=quiet,
        half=half,
        full=full,
        half_to_quiet=half.p99_ms / quiet.p99_ms,
        full_to_quiet=full.p99_ms / quiet.p99_ms,
    )


def _full_speed(mqtt: Mosquitto, engine: Engine, messages: int) -> float:
    order = Order(load=LOAD, start=0, stop=messages, port=mqtt.port, window=_WINDOW)
    with generator(order) as load:
        began = time.perf_counter()
        load.publish()
        wait_until(lambda: _seconds_of(engine, LOAD.farm) >= messages, _PATIENCE_S, look_again_s=0.02)
    return messages / (time.perf_counter() - began)


def _beside(
    prober: "_Prober", pids: Sequence[int], probes: int, port: int, *, load_per_s: float, start: int
) -> tuple[Latency, int]:
    """Probe beside a load that lasts as long; return also where it ends."""
    stop = start + ceil(load_per_s * (_SETTLED_S + probes * _PROBE_S))
    order = Order(load=LOAD, start=start, stop=stop, port=port, window=_WINDOW, rate=load_per_s)
    with generator(order) as load, ThreadPoolExecutor(1) as beside:
        publishing = beside.submit(load.publish)
        time.sleep(_SETTLED_S)
        found = _probed(prober, pids, probes, every_s=_PROBE_S, load_per_s=load_per_s)
        publishing.result()
    return found, stop


def _probed(prober: "_Prober", pids: Sequence[int], probes: int, *, every_s: float, load_per_s: float) -> Latency:
    before, began = [cpu_seconds(pid) for pid in pids], time.perf_counter()
    found = [1000 * each for each in prober.latencies_s(probes, every_s)]
    elapsed_s = time.perf_counter() - began
    bridge, worker = ((cpu_seconds(pid) - had) / elapsed_s for pid, had in zip(pids, before, strict=True))
    p50, p99 = np.quantile(found, [0.5, 0.99])
    return Latency(
        load_per_s=load_per_s,
        probes=len(found),
        p50_ms=float(p50),
        p99_ms=float(p99),
        bridge_cpu=bridge,
        worker_cpu=worker,
    )


class _Prober:
    """Says one second after the other for the probed tag, and sees when each has its bit."""

    def __init__(self, mqtt: Mosquitto, engine: Engine) -> None:
        self._publisher = Publisher(f"mqtt://127.0.0.1:{mqtt.port}", "prober")
        self._engine = engine
        self._said = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._publisher.close()

    def latencies_s(self, probes: int, every_s: float) -> list[float]:
        """Send messages at a steady pace, whatever becomes of them, and return the seconds until each had its row.

        A collar's messages keep their order on all the way, so the rows are counted.

        Raises:
            TimeoutError: some have none after minutes.
        """
        had, began = self._said, time.perf_counter()
        sent: list[float] = []
        found: list[float] = []
        while len(found) < probes:
            if len(sent) < probes and time.perf_counter() >= began + len(sent) * every_s:
                sent.append(self._say())
            rows = _seconds_of(self._engine, PROBED) - had
            now = time.perf_counter()
            found += [now - at for at in sent[len(found) : rows]]
            if now > began + probes * every_s + _PATIENCE_S:
                raise TimeoutError(f"{probes - len(found)} of {probes} messages have no row after {now - began:.0f} s")
            time.sleep(_LOOK_S)
        return found

    def _say(self) -> float:
        payload = json.dumps({"t": (herds.T0 + self._said) * 1000, "x": 0.0, "y": 1.0, "z": 0.0}).encode()
        self._said += 1
        at = time.perf_counter()
        self._publisher.publish(f"animov/v1/{PROBED}/tag-0/samples", payload)
        return at


def _seconds_of(engine: Engine, farm: str) -> int:
    query = """SELECT coalesce(sum(bit_count(e.received)), 0)
      FROM evidence e JOIN collar c ON c.id = e.collar_id JOIN farm f ON f.id = c.farm_id WHERE f.name = :farm"""
    with engine.connect() as connection:
        return int(connection.execute(text(query), {"farm": farm}).scalar_one())
