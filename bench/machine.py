"""On what was measured: a figure without it says little."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def machine(*libraries: str) -> dict[str, Any]:
    """Return the system, the processor, how busy it is, and the versions of Python and of what libraries there are."""
    found = {name: installed for name in libraries if (installed := _version(name)) is not None}
    return {
        "system": platform.platform(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "load": load(),
        "python": platform.python_version(),
        "libraries": found,
    }


def load() -> float:
    """Return how many processes wanted the processors, on average over the last minute."""
    return round(os.getloadavg()[0], 2)


def processor() -> str:
    """Return the name of the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
