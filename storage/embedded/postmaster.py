"""One life of the server's main process and the next: started, watched, started again, ended."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from core.backoff import next_delay
from core.errors import UnavailableError
from core.logs import get_logger
from storage.embedded.environment import server_environment
from storage.embedded.failures import explain
from storage.embedded.leftovers import PID_FILE, clear_leftovers
from storage.embedded.logfile import keep_small

_log = get_logger(__name__)

_STOP: Final = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
"""Fast shutdown, immediate shutdown, the kernel's; and how long each may take, in seconds."""

_START_S: Final = 120.0  # recovery after a power cut reads up to max_wal_size
_LOOK_AGAIN_S: Final = 0.01
_LOG_LOOK_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a server is started.

    Attributes:
        argv: The whole command.
        cluster: Its data, absolute.
        log: File that its output is appended to.
        port: Loopback port, for the words of an error; `None` if it does not listen there.
    """

    argv: tuple[str, ...]
    cluster: Path
    log: Path
    port: int | None


class Postmaster:
    """A running server that is started again when it dies by itself.

    A thread starts it and waits for it, because the kernel's parent-death signal
    fires when the *thread* that started a process ends.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._process: subprocess.Popen[bytes] | None = None
        self._ready_once = False
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._guard = threading.Thread(target=self._live, name="postgres", daemon=True)
        plan.log.touch(mode=0o600)
        self._said_from = plan.log.stat().st_size

    def start(self) -> None:
        """Start the server and wait until it takes connections.

        Raises:
            UnavailableError: it ended instead, or took longer than two minutes; nothing is left running.
        """
        try:
            self._guard.start()
            self._await_ready()
        except BaseException:
            self.stop()
            raise
        threading.Thread(target=self._tend_log, name="postgres-log", daemon=True).start()

    def stop(self) -> None:
        """End the server in order: open transactions are rolled back, what was committed is on disk."""
        with self._turn:
            self._stopping.set()
        for step, patience_s in _STOP:
            self._send(step)
            self._guard.join(patience_s)
            if not self._guard.is_alive():
                return
        _log.error("postgres.does_not_end", cluster=str(self._plan.cluster))

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self._is_ready():
            if not self._guard.is_alive():
                raise explain(self._said(), self._plan.cluster.parent, self._plan.port)
            if time.monotonic() > deadline:
                raise UnavailableError(f"the database was not ready after {_START_S:.0f} s; see {self._plan.log}")
            time.sleep(_LOOK_AGAIN_S)
        self._ready_once = True

    def _is_ready(self) -> bool:
        process = self._process
        return process is not None and reports_ready(self._plan.cluster, process.pid)

    def _said(self) -> str:
        with self._plan.log.open("rb") as file:
            file.seek(self._said_from)
            return file.read().decode(errors="replace")

    def _live(self) -> None:
        delay_s: float | None = None
        while not self._stopping.is_set():
            began = time.monotonic()
            end = self._one_life()
            if self._stopping.is_set() or not self._ready_once:
                return
            delay_s = next_delay(delay_s, time.monotonic() - began)
            _log.error("postgres.died", end=end, restart_in_s=delay_s)
            self._stopping.wait(delay_s)

    def _one_life(self) -> str:
        """Run the server until it ends, and return how it did."""
        try:
            clear_leftovers(self._plan.cluster)
            process = self._spawn()
        except (OSError, UnavailableError) as error:
            return str(error)
        return f"exit code {process.wait()}" if process else "not started"

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._turn, self._plan.log.open("ab") as log:
            if self._stopping.is_set():
                return None
            self._process = _spawned(self._plan.argv, self._plan.cluster, log)
            return self._process

    def _send(self, step: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(step)

    def _tend_log(self) -> None:
        while not self._stopping.wait(_LOG_LOOK_S):
            keep_small(self._plan.log)


def reports_ready(cluster: Path, pid: int) -> bool:
    """Tell whether the server `pid` says in its own pid file that it takes connections, as `pg_ctl` asks too."""
    try:
        lines = (cluster / PID_FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _spawned(argv: tuple[str, ...], cluster: Path, log: BinaryIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own launcher and the wheel's program
        argv,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=cluster,
        env=server_environment(os.environ),
        start_new_session=True,  # Ctrl-C is for the node, which ends the server last
    )
