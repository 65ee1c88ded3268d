"""A child's side of supervision: it ends with its supervisor, and says when it is ready."""

import ctypes
import os
import shlex
import signal
import sys
import threading
from typing import Final

VARIABLE: Final = "ANIMOV_LIFELINE"
"""Names the file descriptor of a pipe whose other end only the supervisor holds."""

READY: Final = "ready"

_PR_SET_PDEATHSIG: Final = 1  # <linux/prctl.h>


def watch() -> None:
    """End this process at once when its supervisor is gone; without a supervisor nothing happens.

    At once is right: whatever is not committed was not acknowledged. The pipe works everywhere and cannot be
    missed; on Linux the kernel's parent-death signal also ends a process whose threads are held up in C.
    To be called first thing, from the main thread.
    """
    descriptor = os.environ.pop(VARIABLE, None)  # popped: our own children have another parent
    if descriptor is None:
        return
    _end_with_parent()
    threading.Thread(target=_end_at_eof, args=(int(descriptor),), name="lifeline", daemon=True).start()


def say_ready(**facts: object) -> None:
    """Write the line `ready key=value ...` that the supervisor waits for; values may hold spaces."""
    words = [f"{key}={shlex.quote(str(value))}" for key, value in facts.items()]
    sys.stdout.write(" ".join([READY, *words]) + "\n")
    sys.stdout.flush()


def parse_ready(line: str) -> dict[str, str] | None:
    """Return the facts of a line of `say_ready`; `None` for any other line.

    >>> parse_ready("ready mqtt=1883 data='a b'"), parse_ready("hello"), parse_ready("ready")
    ({'mqtt': '1883', 'data': 'a b'}, None, {})
    """
    if line.split(maxsplit=1)[:1] != [READY]:
        return None
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    return dict(word.split("=", 1) for word in words[1:] if "=" in word)


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _end_at_eof(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os._exit(1)
