"""What Mosquitto delivers to a subscriber written in C: the measure of the endpoint."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from animov.node import free_port
from bench.generator import Order, generator
from bench.processes import cpu_seconds
from bench.waiting import answers, wait_until

SUBSCRIBER: Final = Path(__file__).with_name("subscriber.c")
_START_S: Final = 10.0
_CONFIGURATION: Final = """
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_inflight_messages 20000
max_queued_messages 1000000
set_tcp_nodelay true
log_type error
"""
"""The limits that Mosquitto needs so as not to lose what it has acknowledged."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came out of the broker.

    Attributes:
        messages: How many.
        seconds: From the first to the last.
        broker_cpu_s: Processor time of the broker.
        version: Of the broker.
    """

    messages: int
    seconds: float
    broker_cpu_s: float
    version: str


def missing() -> list[str]:
    """Return the programs that the comparison needs and this machine has not."""
    return [name for name in ("mosquitto", "cc") if _program(name) is None]


def delivered(order: Order) -> Delivered:
    """Publish an order through Mosquitto to the subscriber; its port is chosen here."""
    with tempfile.TemporaryDirectory() as name, _mosquitto(Path(name)) as (broker, port):
        program = Path(name) / "subscriber"
        subprocess.run([str(_program("cc")), "-O2", "-o", program, SUBSCRIBER], check=True)
        count = order.stop - order.start
        argv = [str(program), str(port), "animov/#", str(count)]
        with (
            subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as subscriber,
            generator(replace(order, port=port)) as load,
        ):
            if subscriber.stdout is None or subscriber.stdout.readline() != "subscribed\n":
                raise OSError("the subscriber can't subscribe")
            before = cpu_seconds(broker)
            load.publish()
            came, seconds = subscriber.stdout.readline().split()
            return Delivered(int(came), float(seconds), cpu_seconds(broker) - before, _version())


@contextmanager
def _mosquitto(folder: Path) -> Iterator[tuple[int, int]]:
    port = free_port("127.0.0.1")
    configuration = folder / "mosquitto.conf"
    configuration.write_text(_CONFIGURATION.format(port=port))
    folder.chmod(0o755)  # as root it becomes another user before it reads
    with subprocess.Popen([str(_program("mosquitto")), "-c", configuration], stderr=subprocess.DEVNULL) as broker:
        try:
            wait_until(lambda: answers(port), _START_S)
            yield broker.pid, port
        finally:
            broker.terminate()


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _version() -> str:
    shown = subprocess.run([str(_program("mosquitto")), "-h"], check=False, capture_output=True, text=True).stdout
    return shown.splitlines()[0].removeprefix("mosquitto version ") if shown else "unknown"
