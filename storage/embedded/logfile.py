"""The server's log, kept small: `postgres.log` and one older part of it."""

import shutil
from pathlib import Path
from typing import Final

FILE: Final = "postgres.log"
LARGEST: Final = 8 * 1024 * 1024
"""Bytes above which the log is put aside."""


def keep_small(log: Path, largest: int = LARGEST) -> None:
    """Put the log aside as `postgres.log.1` when it has grown large, and begin it anew.

    The server goes on writing to the same file, opened for appending, so it is copied and emptied;
    what is written in between is lost.
    """
    if log.exists() and log.stat().st_size > largest:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        with log.open("r+b") as file:
            file.truncate(0)
