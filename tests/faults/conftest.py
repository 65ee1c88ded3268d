"""Whole nodes of real processes, made for the tests of what goes wrong."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from animov.lifeline import parse_ready
from bench.nodes import EdgeNode, edge_node
from bench.processes import Process, command_line, descendants, is_alive
from bench.waiting import wait_until
from core import backoff
from core.settings import Settings
from storage.engine.database import Engine, engine_for
from storage.upkeep.provision import find_access

ROOT = Path(__file__).parents[2]

UP = "from core import backoff; backoff.LONGEST_S = 0.4; from animov.cli import main; main()"
"""`animov up`, but who is killed again and again does not wait up to ten seconds for the next start."""


class Up(NamedTuple):
    """A node that `animov up` runs."""

    process: subprocess.Popen
    settings: Settings
    engine: Engine
    port: int
    api: str

    def edge(self) -> int | None:
        """The process of the edge, if it is there now."""
        found = [one.pid for one in descendants(self.process.pid) if "ingest" in command_line(one.pid)[3:4]]
        return found[0] if found else None

    def processes(self) -> set[Process]:
        """Everything that the node runs now."""
        return descendants(self.process.pid)

    def end(self) -> int:
        """Tell the node to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def animov_up(data_dir: Path) -> Iterator[Up]:
    argv = [sys.executable, "-c", UP, "up", "--data-dir", str(data_dir), "--mqtt-port", "0", "--api-port", "0"]
    environment = {**os.environ, "ANIMOV_LOG_LEVEL": "WARNING"}
    with subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            facts = parse_ready(process.stdout.readline())
            assert facts, "the node did not start"
            settings = Settings(data_dir=data_dir)
            engine = engine_for(find_access(settings).app)
            yield Up(process, settings, engine, int(facts["mqtt"].rpartition(":")[2]), facts["api"])
            engine.dispose()
        finally:
            process.kill()


@pytest.fixture
def quick_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who dies is started again at once."""
    monkeypatch.setattr(backoff, "LONGEST_S", 0.4)


@pytest.fixture(scope="session")
def shared_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeNode]:
    """A node of this test process that nobody harms; each test has a farm of its own."""
    with edge_node(Settings(data_dir=tmp_path_factory.mktemp("node"), mqtt_port=0, log_level="WARNING")) as node:
        yield node


@pytest.fixture
def in_background() -> Callable:
    """Run something beside the test."""

    @contextmanager
    def run(work: Callable[[], object]) -> Iterator[threading.Thread]:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield thread

    return run


@pytest.fixture
def up() -> Callable:
    return animov_up


@pytest.fixture
def wait() -> Callable:
    return wait_until


@pytest.fixture
def still() -> Callable:
    """Wait until something was the same in 400 looks, two seconds at least, and return it."""

    def wait(look: Callable[[], object]) -> object:
        seen = [look()]

        def settled() -> bool:
            seen.append(look())
            return len(seen) > 400 and len(set(seen[-400:])) == 1

        wait_until(settled)
        return seen[-1]

    return wait


@pytest.fixture
def left_behind() -> Callable:
    """Which of these processes still run, given a while to go."""

    def look(processes: set[Process]) -> list[list[str]]:
        with suppress(TimeoutError):
            wait_until(lambda: not any(map(is_alive, processes)))
        return [command_line(one.pid) for one in processes if is_alive(one)]

    return look
