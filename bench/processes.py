"""What Linux tells of processes: who they are, what they have cost, how much memory they took."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

_OF_ALL_THREADS: Final = 2  # CPUCLOCK_SCHED, with which clock_getcpuclockid(3) names the clock of a process
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _STARTED = 1, 11, 12, 19  # fields of /proc/PID/stat behind the name
_USER_OF_ENDED, _SYSTEM_OF_ENDED = 13, 14


class Process(NamedTuple):
    """A process, told apart from a later one of the same number by when it was started (in ticks since boot)."""

    pid: int
    started: int


def identify(pid: int) -> Process | None:
    """Return a living process by its number; `None` if there is none, or only what is left of it."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in "ZX" else Process(pid, int(fields[_STARTED]))


def is_alive(process: Process) -> bool:
    """Tell whether a process still runs."""
    return identify(process.pid) == process


def descendants(pid: int) -> set[Process]:
    """Return a process and all that it has started, and they in turn."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            children.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found, waiting = set(), [pid]
    while waiting:
        one = waiting.pop()
        waiting += children.get(one, ())
        if (process := identify(one)) is not None:
            found.add(process)
    return found


def command_line(pid: int) -> list[str]:
    """Return the words that a process was started with; none if it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    return []


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, user and system, in seconds and to the nanosecond; 0 if it is gone."""
    with suppress(OSError):
        return time.clock_gettime(~pid << 3 | _OF_ALL_THREADS)
    return 0.0


def family_cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and all that it has started, also of those that have ended, in seconds."""
    living = [fields for one in descendants(pid) if (fields := _stat(one.pid)) is not None]
    spent = (_USER, _SYSTEM, _USER_OF_ENDED, _SYSTEM_OF_ENDED)
    return sum(int(fields[field]) for fields in living for field in spent) / _TICKS


def memory_bytes(pid: int, *, peak: bool = False) -> int:
    """Return what a process has in memory now, or had at most since it was started or `forget_peak`."""
    name = "VmHWM:" if peak else "VmRSS:"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def forget_peak(pid: int) -> None:
    """Let the peak of a process's memory begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _stat(pid: int) -> list[str] | None:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return None
