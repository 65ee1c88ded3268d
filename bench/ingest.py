"""What the edge costs: from the endpoint into committed rows, in real processes; the rows are checked in the same run.

Processor time is that of the edge's process, PostgreSQL's stands beside it. It hardly depends on what else the machine
does, unlike messages a second of wall time. Latency is counted from when a message was due to its PUBACK, which comes
after the commit.
"""

import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from bench import broker, herds
from bench.generator import Order, Outcome, generator
from bench.loads import Load
from bench.machine import processor
from bench.nodes import EdgeNode, edge_node
from bench.processes import cpu_seconds, forget_peak, memory_bytes
from core.errors import AnimovError
from core.settings import Settings
from storage.embedded.leftovers import servers_on

WINDOW: Final = 4000
WARM_UP: Final = 2000
"""Messages before the measurement, so that plans are made and pages are warm."""
SHARES: Final = (0.1, 0.5)
PACED_S: Final = 5.0

LOADS: Final = {
    "single events": (1, Load(farm="single", collars=20, size=1, hz=10, seed=1)),
    "batches of 25": (5, Load(farm="batches", collars=20, size=25, hz=10, seed=2)),
    "1,000 animals": (1, Load(farm="thousand", collars=1000, size=1, hz=1, seed=3)),
}
"""What is measured; the number divides how many messages are sent."""


class WrongRowsError(AnimovError):
    """The rows are not what the messages come to; no figure of such a run counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long committing took at a share of the limit, in milliseconds."""

    share: float
    rate: float
    p50_ms: float
    p99_ms: float
    worst_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One load.

    Attributes:
        name: What it is.
        messages: Sent at full speed.
        samples: In them.
        seconds: From the first byte to the last PUBACK.
        edge_cpu_s: Processor time of the edge.
        database_cpu_s: Processor time of all processes of PostgreSQL.
        messages_per_edge_cpu_s: Messages committed in a second of the edge's processor time.
        samples_per_edge_cpu_s: Samples, likewise.
        messages_per_s: Messages committed in a second of wall time: the limit of which `latencies` take a share.
        peak_bytes: Most memory of the edge during this load.
        latencies: At shares of the limit.
        evidence: Rows compared with the oracle, all equal.
        windows: The same.
    """

    name: str
    messages: int
    samples: int
    seconds: float
    edge_cpu_s: float
    database_cpu_s: float
    messages_per_edge_cpu_s: float
    samples_per_edge_cpu_s: float
    messages_per_s: float
    peak_bytes: int
    latencies: list[Latency]
    evidence: int
    windows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The edge beside a broker that delivers the same messages to a subscriber written in C.

    Attributes:
        broker: Its version; why there is no comparison, if there is none.
        messages_per_s: What it delivers, per second of wall time.
        messages_per_cpu_s: Per second of its own processor time.
        ratio: Messages that the edge commits in a second to those that the broker delivers.
        cpu_ratio: The same by processor time, edge alone.
    """

    broker: str
    messages_per_s: float | None = None
    messages_per_cpu_s: float | None = None
    ratio: float | None = None
    cpu_ratio: float | None = None


def run(messages: int) -> dict[str, Any]:
    """Measure everything, with about so many messages a load.

    Raises:
        WrongRowsError: a row differs from the oracle's.
    """
    with tempfile.TemporaryDirectory(prefix="animov-bench-") as folder:
        settings = Settings(data_dir=Path(folder), mqtt_port=0, log_level="WARNING")
        with edge_node(settings) as node:
            measured = [_measure(node, name, load, messages // part) for name, (part, load) in LOADS.items()]
            machine = _machine(node)
    compared = _compare(measured[0], messages)
    return {"machine": machine, "loads": [asdict(one) for one in measured], "mosquitto": asdict(compared)}


def _measure(node: EdgeNode, name: str, load: Load, messages: int) -> Measured:
    herds.take_into_service(node.engine, load.farm, load.collars)
    pid, cluster = node.pid, node.settings.data_dir / "postgres"
    _publish(node, load, 0, WARM_UP)
    forget_peak(pid)
    edge_s, database_s = cpu_seconds(pid), _cpu_of(servers_on(cluster))
    done = WARM_UP + messages
    outcome = _publish(node, load, WARM_UP, done)
    edge_s, database_s = cpu_seconds(pid) - edge_s, _cpu_of(servers_on(cluster)) - database_s
    limit, latencies = messages / outcome.seconds, []
    for share in SHARES:
        count = int(limit * share * PACED_S)
        latencies.append(_latency(share, limit * share, _publish(node, load, done, done + count, limit * share)))
        done += count
    evidence, windows = _check(node, load, done)
    return Measured(
        name=name,
        messages=messages,
        samples=messages * load.size,
        seconds=outcome.seconds,
        edge_cpu_s=edge_s,
        database_cpu_s=database_s,
        messages_per_edge_cpu_s=messages / edge_s,
        samples_per_edge_cpu_s=messages * load.size / edge_s,
        messages_per_s=limit,
        peak_bytes=memory_bytes(pid, peak=True),
        latencies=latencies,
        evidence=evidence,
        windows=windows,
    )


def _publish(node: EdgeNode, load: Load, start: int, stop: int, rate: float | None = None) -> Outcome:
    with generator(Order(load=load, start=start, stop=stop, port=node.port, window=WINDOW, rate=rate)) as publisher:
        return publisher.publish()


def _latency(share: float, rate: float, outcome: Outcome) -> Latency:
    p50, p99, worst = outcome.p50_ms or 0.0, outcome.p99_ms or 0.0, outcome.worst_ms or 0.0
    return Latency(share=share, rate=rate, p50_ms=p50, p99_ms=p99, worst_ms=worst)


def _check(node: EdgeNode, load: Load, messages: int) -> tuple[int, int]:
    expected = herds.expected(load.events(messages))
    evidence, windows = (
        herds.stored_evidence(node.engine, load.farm),
        herds.stored_windows(node.engine, load.farm),
    )
    if evidence != expected or windows != herds.windows_of(expected):
        raise WrongRowsError(f"rows of farm {load.farm} differ from what its {messages} messages come to")
    return len(evidence), len(windows)


def _compare(single: Measured, messages: int) -> Comparison:
    if lacking := broker.missing():
        return Comparison(broker=f"not compared: {' and '.join(lacking)} not installed")
    load = LOADS[single.name][1]
    found = broker.delivered(Order(load=load, start=0, stop=messages, port=0, window=WINDOW))
    by_wall, by_cpu = found.messages / found.seconds, found.messages / found.broker_cpu_s
    return Comparison(
        broker=f"mosquitto {found.version}",
        messages_per_s=by_wall,
        messages_per_cpu_s=by_cpu,
        ratio=single.messages_per_s / by_wall,
        cpu_ratio=single.messages_per_edge_cpu_s / by_cpu,
    )


def _cpu_of(pids: Sequence[int]) -> float:
    return sum(cpu_seconds(pid) for pid in pids)


def _machine(node: EdgeNode) -> dict[str, Any]:
    with node.engine.connect() as connection:
        postgresql = connection.execute(text("SHOW server_version")).scalar_one()
    return {
        "system": platform.platform(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "postgresql": postgresql,
        "seeds": {name: load.seed for name, (_, load) in LOADS.items()},
    }


def told(found: dict[str, Any]) -> str:
    """Write what was measured for people."""
    machine, compared = found["machine"], found["mosquitto"]
    head = (
        f"{'load':<16}{'messages/CPU-s':>16}{'samples/CPU-s':>16}{'PostgreSQL CPU':>16}{'messages/s':>12}"
        f"{'p50/p99 at 10 %':>18}{'p50/p99 at 50 %':>18}{'peak memory':>13}{'rows equal':>12}"
    )
    lines = [
        f"{machine['processor']}, {machine['processors']} processors, load {machine['load']}, {machine['system']}",
        f"Python {machine['python']}, PostgreSQL {machine['postgresql']}, seeds {machine['seeds']}",
        "CPU-s are those of the edge; PostgreSQL's are beside it, for one CPU-s of the edge.",
        "",
        head,
        *(_line(load) for load in found["loads"]),
        "",
    ]
    if compared["ratio"] is None:
        return "\n".join([*lines, compared["broker"], ""])
    beside = (
        f"{compared['broker']} delivers {compared['messages_per_s']:,.0f} single events/s to a subscriber in C, "
        f"{compared['messages_per_cpu_s']:,.0f} per CPU-s of its own.\n"
        f"Ratio of the edge to it: {compared['ratio']:.2f} by the wall, {compared['cpu_ratio']:.2f} by CPU."
    )
    return "\n".join([*lines, beside, ""])


def _line(load: dict[str, Any]) -> str:
    paced = [f"{one['p50_ms']:.0f} / {one['p99_ms']:.0f} ms" for one in load["latencies"]]
    return (
        f"{load['name']:<16}{load['messages_per_edge_cpu_s']:>16,.0f}{load['samples_per_edge_cpu_s']:>16,.0f}"
        f"{load['database_cpu_s'] / load['edge_cpu_s']:>14.2f} s{load['messages_per_s']:>12,.0f}"
        f"{paced[0]:>18}{paced[1]:>18}{load['peak_bytes'] / 1e6:>10.0f} MB{load['evidence'] + load['windows']:>12,}"
    )
