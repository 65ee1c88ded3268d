"""One node for one data directory: a lock that the kernel takes back whatever happens to its holder."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from core.errors import UnavailableError

FILE: Final = "node.lock"


class InUseError(UnavailableError):
    """Another process has the data directory.

    Attributes:
        data_dir: The folder that was asked for.
        pid: The process that has it; `None` if it has not written its number yet.
    """

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid is not None else "another process"
        super().__init__(f"{data_dir} is in use by {holder}; stop that first, or choose another --data-dir")
        self.data_dir = data_dir
        self.pid = pid


@contextmanager
def node_lock(data_dir: Path) -> Iterator[None]:
    """Hold the lock of a data directory, which exists; children do not inherit it.

    The file stays behind: removing it would let two processes lock two files of the same name.

    Raises:
        InUseError: another process (or another part of this one) holds it.
    """
    with (data_dir / FILE).open("a+", encoding="ascii") as file:
        try:
            _take(file)
        except OSError:
            raise InUseError(data_dir, _holder(file)) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _holder(file: TextIO) -> int | None:
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdigit() else None


if sys.platform == "win32":
    import msvcrt

    _FAR: Final = 1 << 20  # a locked byte cannot be read there, so it lies behind the number

    def _take(file: TextIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: TextIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
