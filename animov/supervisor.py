"""Runs the processes of a node: started, kept alive, ended in order."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

from animov.child import Child, KeptChild
from core.errors import NotFoundError, UnavailableError
from core.logs import get_logger

__all__ = ["Child", "EndedError", "Supervisor", "until_signal"]

_log = get_logger(__name__)

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_LOOK_AGAIN_S: Final = 0.1


class EndedError(Exception):
    """The node was told to end while something was waited for; `until_signal` takes it."""


class Supervisor:
    """The children of this process, ended in the reverse order of their start when the `with` ends.

    A child's standard input is its lifeline, its standard output is read for `ready` lines,
    its standard error is ours. Children call `lifeline.watch` first thing.
    """

    def __init__(self, ending: threading.Event | None = None) -> None:
        """Args: ending: What `until_signal` gives; waiting for a child stops when it is set."""
        self._ending = ending or threading.Event()
        self._kept: dict[str, KeptChild] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(*reversed(self._kept))

    def start(self, child: Child) -> None:
        """Start a child and keep it alive until it is stopped; `await_ready` tells when it can be used."""
        self._kept[child.name] = KeptChild(child)
        self._kept[child.name].start()

    def await_ready(self, name: str, timeout_s: float) -> dict[str, str]:
        """Wait until a child has written its line `ready key=value ...` and return what stands in it.

        After a restart that is what the new process wrote.

        Raises:
            UnavailableError: its first process ended before that, or the time is over.
            EndedError: the node was told to end.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            life = self._of(name).look(_LOOK_AGAIN_S)
            if life.facts is not None:
                return life.facts
            if life.failure is not None:
                raise UnavailableError(f"{name} did not start ({life.failure}); its own words stand above")
            if self._ending.is_set():
                raise EndedError
        raise UnavailableError(f"{name} was not ready after {timeout_s:g} s; its own words stand above")

    def pid(self, name: str) -> int | None:
        """Return the number of the process that a child is now; `None` while it waits for its next start."""
        process = self._of(name).look(0).process
        return process.pid if process else None

    def stop(self, *names: str) -> None:
        """End children one after the other, in the order given; who takes longer than its `patience_s` is killed."""
        for name in names:
            self._of(name).stop()
            del self._kept[name]

    def _of(self, name: str) -> KeptChild:
        if name not in self._kept:
            raise NotFoundError("child", name)
        return self._kept[name]


@contextmanager
def until_signal() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set, in place of ending the process; from the main thread.

    The handler only writes to a pipe and a thread sets the event: a handler that takes locks
    or raises would do so in the middle of whatever the main thread is doing.
    """
    ending = threading.Event()
    reader, writer = os.pipe()
    waiter = threading.Thread(target=_set_at_byte, args=(reader, ending), name="signals", daemon=True)
    waiter.start()
    before = {number: signal.signal(number, lambda *_: _note(writer)) for number in _SIGNALS}
    try:
        yield ending
    except EndedError:
        _log.info("node.ended_while_starting")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)
        waiter.join()


def _note(writer: int) -> None:
    os.write(writer, b".")


def _set_at_byte(reader: int, ending: threading.Event) -> None:
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while pipe.read(1):
            ending.set()
