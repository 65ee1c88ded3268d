"""A cluster whose parts are killed, stopped, added and taken away at random while it works, and what is left of it.

Every fault falls while messages that the broker has acknowledged to the collars are not committed yet; a fault of a
worker while Kafka has records that no worker has committed, one of a bridge while Kafka takes nothing of what it reads.
The order of the faults, and whom they hit, follow from the seed.
"""

import asyncio
import os
import random
import signal
import tempfile
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from animov.node import database_of
from bench import herds
from bench.broker import Mosquitto, mosquitto_in
from bench.cluster import PROGRAM, READY_S, Cluster, cluster
from bench.kafka import Kafka, kafka_in
from bench.kafka_records import left_behind, messages_in
from bench.loads import Load
from bench.waiting import wait_until
from core.errors import AnimovError
from core.settings import Settings
from ingest.publisher import Publisher
from storage.embedded.leftovers import postmaster_pid, servers_on
from storage.engine.database import Engine, engine_for

TOPIC: Final = "chaos"
FARM: Final = "chaos"
COLLARS: Final = 20
_WITNESS_S: Final = 120.0
_LOST_S: Final = 120.0
"""After how long what is not committed counts as lost, in seconds."""

_SETTINGS: Final = {"kafka_partitions": "6", "metrics_port": "0"}
_LOOK_S: Final = 0.05
_HASTE_S: Final = 1.0
"""What a part that stands before a closed door has, to acknowledge too early what it has read, in seconds."""

_SHARE_S: Final = 10.0
"""How long the messages of one fault would take to come, at the pace of the first half of them."""

_PAUSE_S: Final = 1.0
"""Between two of the others, if the fault has not struck by then, in seconds."""


class LostError(AnimovError):
    """Rows differ from those of an undisturbed run, or something is left behind."""


@dataclass(slots=True)
class Scene:
    """Everything that can be harmed.

    Attributes:
        cluster: Bridges and workers.
        kafka: The broker of records.
        mosquitto: The broker of messages.
        postgres: Folder of the database.
        engine: Connects to it.
        publisher: Speaks for the collars.
        chance: Draws who is hit.
        faults: How often what was done.
        workers: Number of the last worker that was started.
    """

    cluster: Cluster
    kafka: Kafka
    mosquitto: Mosquitto
    postgres: Path
    engine: Engine
    publisher: Publisher
    chance: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    workers: int = 0

    def add_worker(self) -> None:
        """Start one worker more."""
        self.workers += 1
        self.cluster.worker(f"worker-{self.workers}")

    def unfinished(self) -> int:
        """Return how many messages are acknowledged to collars and not committed."""
        query = "SELECT coalesce(sum(bit_count(received)), 0) FROM evidence"
        with self.engine.connect() as connection:
            return self.publisher.acknowledged - int(connection.execute(text(query)).scalar_one())

    def waiting_in_kafka(self) -> int:
        """Return how many records no worker has committed."""
        return asyncio.run(left_behind(self.kafka.address, TOPIC, TOPIC))


def run(
    messages: int, faults: int, seed: int, *, bridge_program: str = PROGRAM, worker_program: str = PROGRAM
) -> dict[str, Any]:
    """Let so many messages through so many faults and compare every row.

    Raises:
        LostError: something is missing, doubled or left behind.
    """
    load = Load(farm=FARM, collars=COLLARS, size=1, hz=1, seed=seed)
    programs = bridge_program, worker_program
    with tempfile.TemporaryDirectory(prefix="animov-chaos-") as name, _scene(Path(name), programs, seed) as scene:
        herds.take_into_service(scene.engine, FARM, COLLARS)
        schedule = _schedule(faults, seed)
        for number, fault in enumerate(schedule):
            share = range(messages * number // len(schedule), messages * (number + 1) // len(schedule))
            with _publishing(scene, load, share):
                fault(scene)
                scene.faults[fault.__name__.strip("_")] += 1
        scene.cluster.ready()
        _compare(scene, load, messages)
        doubled = asyncio.run(messages_in(scene.kafka.address, TOPIC)) - messages
    return {"messages": messages, "seed": seed, "faults": dict(scene.faults), "doubled_in_kafka": doubled}


@contextmanager
def _scene(folder: Path, programs: tuple[str, str], seed: int) -> Iterator[Scene]:
    data = folder / "node"
    (folder / "mqtt").mkdir()
    with ExitStack() as stack:
        access = stack.enter_context(database_of(Settings(data_dir=data)))
        kafka = stack.enter_context(kafka_in(folder / "kafka"))
        mqtt = stack.enter_context(mosquitto_in(folder / "mqtt"))
        parts = stack.enter_context(cluster(kafka.address, TOPIC, data_dir=str(data), **_SETTINGS))
        parts.bridge_program, parts.worker_program = programs
        engine = engine_for(access.app)
        stack.callback(engine.dispose)
        for number in (1, 2):
            parts.bridge(f"bridge-{number}", broker=f"mqtt://127.0.0.1:{mqtt.port}")
        parts.ready()
        publisher = stack.enter_context(Publisher(f"mqtt://127.0.0.1:{mqtt.port}", "collars"))
        scene = Scene(parts, kafka, mqtt, data / "postgres", engine, publisher, random.Random(seed))
        for _ in range(2):
            scene.add_worker()
        parts.ready()
        yield scene


@contextmanager
def _publishing(scene: Scene, load: Load, share: range) -> Iterator[None]:
    """Publish a share of the messages beside the block; when that ends, the broker has acknowledged all of them.

    They come spread, the last ones over minutes, so that something is under way whenever the block looks; what is left
    when it ends comes at once.
    """
    hurry = threading.Event()

    def publish() -> None:
        for number, (topic, payload) in enumerate(load.messages(share.start, share.stop)):
            hurry.wait(_SHARE_S / len(share) if 2 * number < len(share) else _PAUSE_S)
            scene.publisher.publish(topic, payload)

    scene.cluster.ready()
    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    try:
        yield
    finally:
        hurry.set()
        thread.join()
    scene.publisher.drain(_WITNESS_S)


def _schedule(faults: int, seed: int) -> list[Callable[[Scene], None]]:
    """Draw faults: each kind once, then any, in random order."""
    chance = random.Random(seed)
    drawn = [*_KINDS[:faults], *chance.choices(_KINDS, k=max(faults - len(_KINDS), 0))]
    chance.shuffle(drawn)
    return drawn


def _kill_a_bridge(scene: Scene) -> None:
    """It has read what Kafka can't take, and may not have acknowledged it."""
    name = scene.chance.choice(["bridge-1", "bridge-2"])
    pid = _pid_of(scene, name)
    scene.kafka.freeze()
    try:
        _let_read(scene, [name], "animov_mqtt_messages_total")
        _kill(scene, name, pid)
    finally:
        scene.kafka.thaw()


def _kill_a_worker(scene: Scene) -> None:
    with _behind(scene) as pids:
        _kill(scene, *scene.chance.choice(list(pids.items())))


def _kill_a_worker_without_database(scene: Scene) -> None:
    """It has read what it can't commit, and may not have acknowledged it."""
    pids = {name: _pid_of(scene, name) for name in _workers(scene)}
    servers = partial(servers_on, scene.postgres)
    with _frozen(servers()), _frozen(servers()):  # again: one may have been started between the look and the signal
        _let_read(scene, pids, "animov_worker_messages_total")
        for name, pid in pids.items():
            _kill(scene, name, pid)


def _add_a_worker(scene: Scene) -> None:
    with _behind(scene):
        scene.add_worker()


def _take_a_worker_away(scene: Scene) -> None:
    """It is told to end while it is frozen, and hears of it with records that nobody has committed."""
    with _behind(scene) as pids:
        name, pid = scene.chance.choice(list(pids.items()))
        stopping = threading.Thread(target=scene.cluster.stop, args=(name,))
        stopping.start()
        wait_until(lambda: _is_told_to_end(pid), _WITNESS_S)
    stopping.join()
    if not _workers(scene):
        scene.add_worker()


def _stop_kafka(scene: Scene) -> None:
    wait_until(scene.unfinished, _WITNESS_S, look_again_s=_LOOK_S)
    scene.kafka.stop()
    scene.kafka.start()


def _kill_kafka(scene: Scene) -> None:
    wait_until(scene.unfinished, _WITNESS_S, look_again_s=_LOOK_S)
    scene.kafka.kill()
    scene.kafka.start()


def _stop_mosquitto(scene: Scene) -> None:
    wait_until(lambda: scene.publisher.unacknowledged, _WITNESS_S, look_again_s=0.001)
    scene.mosquitto.stop()
    scene.mosquitto.start()


def _restart_the_database(scene: Scene) -> None:
    """Who runs it starts it again."""
    wait_until(scene.unfinished, _WITNESS_S, look_again_s=_LOOK_S)
    before = postmaster_pid(scene.postgres)
    _signal([before] if before else [], signal.SIGINT)
    wait_until(lambda: postmaster_pid(scene.postgres) not in {before, None}, _WITNESS_S, look_again_s=_LOOK_S)
    wait_until(lambda: _answers(scene), _WITNESS_S, look_again_s=_LOOK_S)


_KINDS: Final[tuple[Callable[[Scene], None], ...]] = (
    _kill_a_worker_without_database,
    _kill_a_bridge,
    _kill_a_worker,
    _add_a_worker,
    _stop_kafka,
    _restart_the_database,
    _stop_mosquitto,
    _take_a_worker_away,
    _kill_kafka,
)


@contextmanager
def _behind(scene: Scene) -> Iterator[dict[str, int]]:
    """Freeze the workers until Kafka has records that none of them has committed, and for the time of the block."""
    pids = {name: _pid_of(scene, name) for name in _workers(scene)}
    with _frozen(pids.values()):
        wait_until(scene.waiting_in_kafka, _WITNESS_S, look_again_s=_LOOK_S)
        yield pids


@contextmanager
def _frozen(pids: Iterable[int]) -> Iterator[None]:
    """Let processes stand still for the time of the block."""
    _signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _answers(scene: Scene) -> bool:
    """Tell whether the database can be asked; connections of before are found out and forgotten by this."""
    with suppress(OperationalError):
        scene.unfinished()
        return True
    return False


def _workers(scene: Scene) -> list[str]:
    return [name for name in scene.cluster.roles if name.startswith("worker")]


def _let_read(scene: Scene, names: Iterable[str], figure: str) -> None:
    """Wait until one of some roles has read messages from now on, and has had the time to acknowledge them."""
    before = {name: _figure(scene, name, figure) for name in names}
    wait_until(
        lambda: any(_figure(scene, name, figure) > count for name, count in before.items()),
        _WITNESS_S,
        look_again_s=_LOOK_S,
    )
    threading.Event().wait(_HASTE_S)  # nobody tells of an acknowledgement that must not be


def _figure(scene: Scene, name: str, figure: str) -> float:
    """Return what a role says of itself; nothing of a life that has ended."""
    address = scene.cluster.supervisor.await_ready(name, READY_S)["metrics"]
    with suppress(OSError), urllib.request.urlopen(f"{address}/metrics", timeout=_WITNESS_S) as answer:  # noqa: S310 - its own
        families = text_string_to_metric_families(answer.read().decode())
        return sum(one.value for family in families for one in family.samples if one.name == figure)
    return 0.0


def _pid_of(scene: Scene, name: str) -> int:
    """Return the process of a role; waits for it while it is being started again."""
    while True:
        scene.cluster.ready(name)
        if pid := scene.cluster.supervisor.pid(name):
            return pid
        threading.Event().wait(_LOOK_S)


def _kill(scene: Scene, name: str, pid: int) -> None:
    """Kill the process of a role and wait until that was noticed, or the next fault might hit who is dead."""
    _signal([pid], signal.SIGKILL)
    wait_until(lambda: scene.cluster.supervisor.pid(name) != pid, _WITNESS_S)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _is_told_to_end(pid: int) -> bool:
    """Tell whether a frozen process has a SIGTERM before it, or has ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
        pending = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd:", "ShdPnd:"))]
        return any(mask >> (signal.SIGTERM - 1) & 1 for mask in pending)
    return True


def _compare(scene: Scene, load: Load, messages: int) -> None:
    expected = herds.expected(load.events(messages))
    try:
        wait_until(lambda: not scene.unfinished(), _LOST_S, look_again_s=0.2)
        wait_until(lambda: not scene.waiting_in_kafka(), _LOST_S, look_again_s=0.2)
    except TimeoutError as late:
        raise LostError(f"{scene.unfinished()} of {messages} messages have no rows after {scene.faults}") from late
    if herds.stored_evidence(scene.engine, FARM) != expected:
        raise LostError("evidence differs from that of an undisturbed run")
    if herds.stored_windows(scene.engine, FARM) != herds.windows_of(expected):
        raise LostError("windows differ from those of an undisturbed run")
