"""What an earlier node may have left: a server that still runs on the cluster, or its stale `postmaster.pid`."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.errors import UnavailableError
from core.logs import get_logger

_log = get_logger(__name__)

PID_FILE: Final = "postmaster.pid"
_STEPS: Final = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
"""Fast shutdown, immediate shutdown, the kernel's; and how long each may take, in seconds."""

_LOOK_AGAIN_S: Final = 0.02


def clear_leftovers(cluster: Path) -> None:
    """End what still runs on a cluster and remove a stale `postmaster.pid`.

    PostgreSQL itself would refuse to start when the old number has been given to another process of the same user,
    as happens after a reboot. The caller holds the node's lock, so nobody is starting meanwhile.

    Raises:
        UnavailableError: something survives even SIGKILL (a process stuck in the kernel).
    """
    for step, patience_s in _STEPS:
        if _gone(cluster, step, patience_s):
            (cluster / PID_FILE).unlink(missing_ok=True)
            return
    raise UnavailableError(f"processes {servers_on(cluster)} of an earlier database in {cluster} do not end")


def servers_on(cluster: Path) -> list[int]:
    """Return the processes of PostgreSQL that run on a cluster, the main one first where that is known."""
    if sys.platform == "linux":
        return _by_working_folder(cluster)
    return _by_command_line(cluster)


def postmaster_pid(cluster: Path) -> int | None:
    """Return the number in `postmaster.pid`, of a process that may be long dead; `None` without a readable file."""
    with suppress(OSError, ValueError, IndexError):
        return int((cluster / PID_FILE).read_text("utf-8", "replace").splitlines()[0])
    return None


def _gone(cluster: Path, step: signal.Signals, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    if servers_on(cluster):
        _log.warning("postgres.leftover", cluster=str(cluster), signal=step.name)
    _send(cluster, step)
    while servers_on(cluster):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_AGAIN_S)
    return True


def _send(cluster: Path, step: signal.Signals) -> None:
    main = postmaster_pid(cluster)
    for pid in servers_on(cluster):
        if pid == main or step != signal.SIGINT:  # to the others SIGINT means something else
            with suppress(ProcessLookupError):
                os.kill(pid, step)


def _by_working_folder(cluster: Path) -> list[int]:
    """Return every process called postgres whose working folder is the cluster, as all of a server's are."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _runs_on(entry, cluster)]


def _runs_on(process: Path, cluster: Path) -> bool:
    with suppress(OSError):  # it has ended meanwhile, or is another user's
        return (process / "comm").read_text().strip() == "postgres" and (process / "cwd").samefile(cluster)
    return False


def _by_command_line(cluster: Path) -> list[int]:
    """Return the server's main process alone: the others end with it."""
    pid = postmaster_pid(cluster)
    if pid is None:
        return []
    shown = subprocess.run(  # noqa: S603 - a number and fixed words
        ["ps", "-ww", "-o", "args=", "-p", str(pid)],  # noqa: S607 - its place differs between systems
        check=False,
        capture_output=True,
    )
    words = os.fsdecode(shown.stdout)
    return [pid] if "postgres" in words and str(cluster) in words else []
