"""Waiting for what nobody announces, for a bounded time, and telling what did not come about."""

import inspect
import socket
import time
from collections.abc import Callable


def wait_until(law: Callable[[], object], seconds: float = 60, *, look_again_s: float = 0.005) -> None:
    """Wait until something holds.

    Args:
        law: Tells whether it does.
        seconds: How long at most, on the wall.
        look_again_s: Between two looks.

    Raises:
        TimeoutError: it does not; says what was waited for, as its source has it.
    """
    deadline = time.monotonic() + seconds
    while not law():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"it did not come about within {seconds} s: {_source_of(law)}")
        time.sleep(look_again_s)


def answers(port: int) -> bool:
    """Tell whether something listens at a TCP port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _source_of(law: Callable[[], object]) -> str:
    try:
        return inspect.getsource(law).strip()
    except (OSError, TypeError):  # something built in, or with arguments given
        return repr(law)
