"""From nothing to a first answer: processor time of a start, beside that of importing the libraries alone.

And from there to the description, for which every route and every answer is looked into.
"""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, Final

TURNS: Final = 3
"""The quickest counts: what else the machine does makes a processor's time longer too."""

_LIBRARIES: Final = (
    "import core.settings, typer, fastapi, psycopg, pwdlib.hashers.argon2, uvicorn,"
    " sqlalchemy.dialects.postgresql.psycopg"
)
"""Those of a start; `core.settings` takes two more as a start does."""

_FIRST: Final = "/health/live"
_DESCRIPTION: Final = "/openapi.json"


def measure(data_dir: Path) -> dict[str, Any]:
    """Return the seconds of the processor of a start, of the imports alone, and of a start up to the description.

    A start goes up to its first answer and its end.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    _started(data_dir, environment, _DESCRIPTION)  # compiles what is not compiled yet
    starts = [_started(data_dir, environment, _FIRST) for _ in range(TURNS)]
    imports = [_imported(environment) for _ in range(TURNS)]
    described = [_started(data_dir, environment, _DESCRIPTION) for _ in range(TURNS)]
    return {"start_s": min(starts), "import_s": min(imports), "described_s": min(described)}


def _started(data_dir: Path, environment: dict[str, str], asked: str) -> float:
    command = [sys.executable, "-m", "animov", "api", "--data-dir", str(data_dir), "--api-port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = process.stdout.readline().strip().rpartition("=")[2] if process.stdout else ""
        with urllib.request.urlopen(address + asked):  # noqa: S310 - what it said itself
            process.send_signal(signal.SIGTERM)
    except BaseException:
        process.kill()
        raise
    finally:
        used_s = _used_s(process)
    return used_s


def _imported(environment: dict[str, str]) -> float:
    return _used_s(subprocess.Popen([sys.executable, "-c", _LIBRARIES], env=environment))


def _used_s(process: "subprocess.Popen[Any]") -> float:
    """Wait for a process and return the processor time that it took, user and system."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stdout:
        process.stdout.close()
    return used.ru_utime + used.ru_stime
