"""A load generator in a process of its own: encodes everything first, publishes when told, says what it saw.

`python -m bench.generator` reads an `Order` as one line of JSON, writes `ready`, waits for another line, publishes and
writes what came of it.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO

from bench.loads import Load
from bench.publisher import RawPublisher, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to publish and how fast.

    Attributes:
        load: The herd.
        start: First message, inclusive.
        stop: Last message, exclusive.
        port: Of the endpoint or broker on 127.0.0.1.
        window: Most messages that are not acknowledged.
        rate: Messages a second; `None` is as fast as the window allows.
    """

    load: Load
    start: int
    stop: int
    port: int
    window: int
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a generator saw.

    Attributes:
        seconds: From the first byte to the last PUBACK.
        p50_ms: Half of the messages were acknowledged within this time, counted from when each was due; only with a
            rate.
        p99_ms: 99 of 100.
        worst_ms: All.
        cpu_s: Processor time of the generator while it published.
    """

    seconds: float
    p50_ms: float | None
    p99_ms: float | None
    worst_ms: float | None
    cpu_s: float


class Generator:
    """A process that has everything encoded."""

    def __init__(self, process: "subprocess.Popen[str]", stdin: IO[str], stdout: IO[str]) -> None:
        self.pid = process.pid
        self._stdin, self._stdout = stdin, stdout

    def publish(self) -> Outcome:
        """Publish everything and wait for the last acknowledgement."""
        self._stdin.write("go\n")
        self._stdin.flush()
        return Outcome(**json.loads(self._stdout.readline()))


@contextmanager
def generator(order: Order) -> Iterator[Generator]:
    """Run a generator for the time of the block."""
    argv = [sys.executable, "-m", "bench.generator"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise OSError("a generator has no pipes")
        try:
            process.stdin.write(json.dumps(asdict(order)) + "\n")
            process.stdin.flush()
            process.stdout.readline()
            yield Generator(process, process.stdin, process.stdout)
        finally:
            process.kill()


def main() -> None:
    """Do as the standard input says."""
    told = json.loads(sys.stdin.readline())
    order = Order(**told | {"load": Load(**told["load"])})
    packets = encode(order.load.messages(order.start, order.stop))
    print("ready", flush=True)
    sys.stdin.readline()
    publisher = RawPublisher(order.port, packets, window=order.window, rate=order.rate)
    before = time.process_time()
    publisher.run()
    seconds, cpu_s = publisher.history[-1].at - publisher.begun_at, time.process_time() - before
    latencies = sorted(1000 * each for each in publisher.latencies()) if order.rate else []
    p50, p99, worst = (_quantile(latencies, share) for share in (0.5, 0.99, 1))
    print(json.dumps(asdict(Outcome(seconds, p50, p99, worst, cpu_s))), flush=True)


def _quantile(ordered: list[float], share: float) -> float | None:
    return ordered[int(share * (len(ordered) - 1))] if ordered else None


if __name__ == "__main__":
    main()
