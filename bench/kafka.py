"""A Kafka of one's own: one node or three, from its published artefacts, in folders and on ports of its own.

Maven resolves the artefacts that `tests/kafka/pom.xml` names, once for all; they are kept in the user's cache with a
formatted, empty storage folder beside them, which is copied for each broker that is alone and knows no users.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from animov.ports import free_port
from bench.waiting import answers, wait_until
from core.errors import UnavailableError

POM: Final = Path(__file__).parents[1] / "tests" / "kafka" / "pom.xml"
_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_CLUSTER: Final = "AniMOVsKafkaForTests0A"
_START_S: Final = 120.0
_JVM: Final = (
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
_ORPHAN: Final = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execvp(sys.argv[1], sys.argv[1:])"
"""Runs a program that is killed when whoever started it is gone."""

_PROPERTIES: Final = """
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""

_OF_THREE: Final = (
    "offsets.topic.replication.factor=3",
    "min.insync.replicas=2",
    "broker.heartbeat.interval.ms=500",
    "broker.session.timeout.ms=3000",
)
"""What a broker of three has beside: copies of what groups have read, and a quick end for who is gone."""


class Seat(NamedTuple):
    """A node's place in its cluster.

    Attributes:
        node: Its number, from 1.
        controllers: Port of each node's controller, in the order of their numbers.
    """

    node: int
    controllers: Sequence[int]

    @property
    def properties(self) -> dict[str, object]:
        """What stands for it in the properties."""
        voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in enumerate(self.controllers, 1))
        return {"node": self.node, "voters": voters, "controller": self.controllers[self.node - 1]}


class Kafka:
    """A broker that can be stopped, killed and started again; its ports stay the same."""

    def __init__(self, folder: Path, *lines: str, seat: Seat | None = None, users: Sequence[str] = ()) -> None:
        """Prepare a broker that keeps everything in a folder, which does not exist yet.

        Args:
            folder: Where.
            lines: Further properties, of which the last one counts; `{broker}` is the port of its clients, `{spare}`
                one more that is free.
            seat: Among others; alone if not given.
            users: That it knows by SCRAM from the first start, such as `SCRAM-SHA-512=[name=me,password=secret]`.
        """
        self.port = free_port("127.0.0.1")
        self._jars = provided()
        folder.mkdir(exist_ok=True)
        self._properties = folder / "server.properties"
        told = {
            **(seat or Seat(1, [free_port("127.0.0.1")])).properties,
            "broker": self.port,
            "spare": free_port("127.0.0.1"),
            "folder": folder / "data",
        }
        self._properties.write_text("\n".join((_PROPERTIES, *lines)).format(**told))
        if seat is None and not users:
            shutil.copytree(self._jars / "formatted", folder / "data")
        else:
            _format(self._jars, self._properties, users)
        self._log = folder / "kafka.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients begin."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the broker and wait until it listens."""
        self.launch()
        self.await_listening()

    def launch(self) -> None:
        """Start the broker; alone among three it does not get far."""
        argv = [sys.executable, "-c", _ORPHAN, *_java(self._jars), "kafka.Kafka", str(self._properties)]
        with self._log.open("ab") as said:
            self._process = subprocess.Popen(argv, stdout=said, stderr=said)

    def await_listening(self) -> None:
        """Wait until the broker listens."""
        wait_until(lambda: answers(self.port) or self._ended(), _START_S)

    def stop(self) -> None:
        """Stop the broker in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the broker."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let the broker stand still: its connections stay, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _ended(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise UnavailableError(f"Kafka has ended: {self._log.read_text()[-2000:]}")
        return False

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None


@contextmanager
def kafka_in(folder: Path, *lines: str, users: Sequence[str] = ()) -> Iterator[Kafka]:
    """Run a broker for the time of the block; with further properties and users if some are given, as in `Kafka`."""
    kafka = Kafka(folder, *lines, users=users)
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.kill()


@contextmanager
def three_in(folder: Path) -> Iterator[list[Kafka]]:
    """Run three brokers that form one cluster for the time of the block; each is a controller as well."""
    controllers = [free_port("127.0.0.1") for _ in range(3)]
    folder.mkdir(exist_ok=True)
    brokers = [Kafka(folder / str(node), *_OF_THREE, seat=Seat(node, controllers)) for node in (1, 2, 3)]
    with ExitStack() as stack:
        for broker in brokers:
            stack.callback(broker.kill)
            broker.launch()
        for broker in brokers:
            broker.await_listening()
        yield brokers


def missing() -> list[str]:
    """Return the programs that a broker needs and this machine has not."""
    return [name for name in ("java", "mvn") if shutil.which(name) is None and not _is_whole(_kept())]


def provided() -> Path:
    """Return the folder of the artefacts, resolved once, by one process while others wait.

    Raises:
        UnavailableError: they can't be resolved.
    """
    kept = _kept()
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_whole(kept):
            with tempfile.TemporaryDirectory(dir=kept.parent) as name:
                folder = Path(name) / "whole"
                _resolve(folder)
                _format_once(folder)
                folder.rename(kept)
    return kept


def _kept() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "animov" / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:16]}"


def _is_whole(kept: Path) -> bool:
    return (kept / "formatted").is_dir()


def _resolve(folder: Path) -> None:
    copy = (_COPY, "-DincludeScope=runtime", f"-DoutputDirectory={folder}")
    _run("mvn", "--batch-mode", "--quiet", f"--file={POM}", *copy)


def _format_once(folder: Path) -> None:
    properties = folder / "format.properties"
    told = Seat(1, [2]).properties
    properties.write_text(_PROPERTIES.format(**told, broker=1, folder=folder / "formatted"))
    _format(folder, properties)


def _format(jars: Path, properties: Path, users: Sequence[str] = ()) -> None:
    known = [word for user in users for word in ("--add-scram", user)]
    _run(*_java(jars), "kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(properties), *known)


def _java(jars: Path) -> list[str]:
    return ["java", *_JVM, "-cp", f"{jars}/*"]


def _run(*argv: str) -> None:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise UnavailableError(f"{argv[0]} failed: {(done.stdout + done.stderr)[-2000:]}")


if __name__ == "__main__":
    provided()
