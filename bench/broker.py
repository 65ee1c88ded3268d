"""What Mosquitto delivers to a subscriber written in C: the measure of the endpoint."""

import getpass
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from animov.ports import free_port
from bench.generator import Order, generator
from bench.processes import cpu_seconds
from bench.waiting import answers, wait_until

SUBSCRIBER: Final = Path(__file__).with_name("subscriber.c")
_CONFIGURATION: Final = """
listener {port} 127.0.0.1
allow_anonymous true
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
    with tempfile.TemporaryDirectory() as name, mosquitto_in(Path(name), "persistence false") as broker:
        program = Path(name) / "subscriber"
        subprocess.run([str(_program("cc")), "-O2", "-o", program, SUBSCRIBER], check=True)
        count = order.stop - order.start
        argv = [str(program), str(broker.port), "animov/#", str(count)]
        with (
            subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as subscriber,
            generator(replace(order, port=broker.port)) as load,
        ):
            if subscriber.stdout is None or subscriber.stdout.readline() != "subscribed\n":
                raise OSError("the subscriber can't subscribe")
            before = cpu_seconds(broker.pid)
            load.publish()
            came, seconds = subscriber.stdout.readline().split()
            return Delivered(int(came), float(seconds), cpu_seconds(broker.pid) - before, _version())


class Mosquitto:
    """A broker in a folder of its own; stopped in order and started again it keeps its port, and what it holds."""

    def __init__(self, folder: Path, *lines: str) -> None:
        """Prepare a broker with further lines of configuration."""
        self.port = free_port("127.0.0.1")
        self._configuration = folder / "mosquitto.conf"
        held = f"persistence true\npersistence_location {folder}/\nuser {getpass.getuser()}\n"
        text = _CONFIGURATION.format(port=self.port) + (held if not lines else "\n".join(lines) + "\n")
        self._configuration.write_text(text)
        folder.chmod(0o755)  # as root it may become another user before it reads
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running broker."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the broker and wait until it listens."""
        argv = [str(_program("mosquitto")), "-c", str(self._configuration)]
        self._process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port))

    def stop(self) -> None:
        """Stop the broker in order: what it holds for subscribers is kept."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


@contextmanager
def mosquitto_in(folder: Path, *lines: str) -> Iterator[Mosquitto]:
    """Run a broker for the time of the block; with lines of configuration it forgets what it holds when it ends."""
    broker = Mosquitto(folder, *lines)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _version() -> str:
    shown = subprocess.run([str(_program("mosquitto")), "-h"], check=False, capture_output=True, text=True).stdout
    return shown.splitlines()[0].removeprefix("mosquitto version ") if shown else "unknown"
