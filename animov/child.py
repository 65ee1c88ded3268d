"""One supervised process over all its lives: started, watched, started again when it dies, ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from animov.lifeline import VARIABLE, parse_ready
from core.backoff import next_delay
from core.logs import get_logger

_log = get_logger(__name__)

_STDIN: Final = "0"
_LAST_WORDS_S: Final = 1.0
_AFTER_KILL_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process to keep alive.

    Attributes:
        name: Unique among the children of a supervisor.
        argv: The whole command; its first word is a path.
        env: Variables beside those of the supervisor.
        niceness: Added to the supervisor's own; 0 is as important, 19 the least.
        patience_s: How long it may take to end in order before it is killed, in seconds.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    niceness: int = 0
    patience_s: float = 20.0


@dataclass(slots=True)
class Life:
    """What is known of a child at this moment; guarded by the lock of its `KeptChild`.

    Attributes:
        process: The present process, not yet waited for; `None` between two lives.
        facts: What the present process wrote in its `ready` line.
        was_ready: Whether any process of this child has ever been ready.
        failure: How the first process ended, if that was before any was ready.
        stopping: Whether no further process is wanted.
    """

    process: subprocess.Popen[str] | None = None
    facts: dict[str, str] | None = None
    was_ready: bool = False
    failure: str | None = None
    stopping: bool = False


class KeptChild:
    """A child that is kept alive until `stop`.

    A thread starts each process and waits for it: the kernel's parent-death signal
    fires when the *thread* that started a process ends.
    """

    def __init__(self, child: Child) -> None:
        self.child = child
        self._life = Life()
        self._changed = threading.Condition()
        self._guard = threading.Thread(target=self._live, name=f"child-{child.name}", daemon=True)

    def start(self) -> None:
        """Start the child; once."""
        self._guard.start()

    def look(self, wait_s: float) -> Life:
        """Return what is known as soon as the child is ready or has failed to become so, or after `wait_s` seconds."""
        with self._changed:
            life = self._life
            self._changed.wait_for(lambda: life.facts is not None or life.failure is not None, wait_s)
            return Life(life.process, life.facts, life.was_ready, life.failure, life.stopping)

    def stop(self) -> None:
        """End the child and whatever it has started in its own process group."""
        with self._changed:
            self._life.stopping = True
            self._changed.notify_all()
            self._send(signal.SIGTERM)
        self._guard.join(self.child.patience_s)
        if self._guard.is_alive():
            with self._changed:
                _log.warning("child.killed", child=self.child.name)
                self._sweep()
            self._guard.join(_AFTER_KILL_S)
        _log.info("child.stopped", child=self.child.name)

    def _live(self) -> None:
        delay_s: float | None = None
        while not self._life.stopping:
            began = time.monotonic()
            end = self._one_life()
            delay_s = next_delay(delay_s, time.monotonic() - began)
            self._mourn(end, delay_s)

    def _one_life(self) -> str:
        """Run the child until it ends, and return how it did."""
        try:
            process = self._spawn()
        except OSError as error:
            return str(error)
        if process is None:
            return "no start"
        listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        listener.start()
        _await_end(process)
        with self._changed:  # nobody signals a number that is already somebody else's
            self._sweep()
            code, self._life.process = process.wait(), None
        if process.stdin:
            process.stdin.close()
        listener.join(_LAST_WORDS_S)
        return f"exit code {code}"

    def _spawn(self) -> subprocess.Popen[str] | None:
        with self._changed:
            if self._life.stopping:
                return None
            self._life.process = process = _spawned(self.child)
        _log.info("child.started", child=self.child.name, pid=process.pid)
        return process

    def _mourn(self, end: str, delay_s: float) -> None:
        """Note the end of a life and wait for the next one."""
        with self._changed:
            self._life.facts = None
            if not self._life.was_ready:
                self._life.failure = self._life.failure or end
            self._changed.notify_all()
            if not self._life.stopping:
                _log.error("child.died", child=self.child.name, end=end, restart_in_s=delay_s)
                self._changed.wait_for(lambda: self._life.stopping, delay_s)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        if process.stdout:
            with process.stdout:
                for line in process.stdout:
                    self._hear(line.strip())

    def _hear(self, line: str) -> None:
        facts = parse_ready(line)
        if facts is None:
            _log.info("child.said", child=self.child.name, line=line)
            return
        with self._changed:
            self._life.facts, self._life.was_ready = facts, True
            self._changed.notify_all()

    def _send(self, number: signal.Signals) -> None:
        if self._life.process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._life.process.pid, number)

    def _sweep(self) -> None:
        """Kill the child and all that it started in its process group."""
        if sys.platform == "win32":
            self._send(signal.SIGTERM)
        elif self._life.process is not None:
            with suppress(ProcessLookupError, PermissionError):  # macOS refuses for a group of zombies
                os.killpg(self._life.process.pid, signal.SIGKILL)


def _spawned(child: Child) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - our own command line
        child.argv,
        stdin=subprocess.PIPE,  # never written to: it closes when this process is gone, which is the lifeline
        stdout=subprocess.PIPE,
        env={**os.environ, **child.env, VARIABLE: _STDIN},
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C is for the supervisor, which ends its children in order
    )
    if sys.platform != "win32" and child.niceness:
        with suppress(ProcessLookupError):
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, process.pid, own + child.niceness)
    return process


def _await_end(process: subprocess.Popen[str]) -> None:
    """Wait until a process has ended; where the system can, without giving its number back yet."""
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()
