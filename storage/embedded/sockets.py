"""Where the server's unix socket lies: beside the cluster, or in the temporary folder if that path is too long."""

import hashlib
import os
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.errors import UnavailableError
from storage.embedded.address import LOOPBACK
from storage.embedded.identity import Identity

DEFAULT_PORT: Final = 5432
"""Number in the socket's name when the server does not listen on TCP."""

FOLDER: Final = "run"
_LONGEST: Final = 100  # bytes; systems stop between 104 and 108


def socket_folder(data_dir: Path, identity: Identity, temporary: Path | None = None) -> Path:
    """Return the private folder of the server's socket, making it if needed; 0700 and owned by `identity`.

    Args:
        data_dir: Absolute and existing.
        identity: As whom the server runs.
        temporary: The system's folder for temporary files; `None` asks the system.

    Raises:
        UnavailableError: somebody else has made a folder of that name in the temporary folder.
    """
    folder = data_dir / FOLDER
    if not _usable(folder):
        name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:20]
        folder = (temporary or Path(tempfile.gettempdir())) / f"animov-{identity.file_uid}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0 and (folder.parent == data_dir or folder.lstat().st_uid == 0):
        os.chown(folder, identity.file_uid, identity.file_gids[0], follow_symlinks=False)
    _check(folder, identity)
    return folder


def leave(folder: Path) -> None:
    """Remove the socket's folder when the server has ended; one that is in use again stays."""
    with suppress(OSError):
        folder.rmdir()


def free_port() -> int:
    """Return a loopback TCP port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def quoted(folder: Path) -> str:
    """Write a folder as one entry of `unix_socket_directories`, which is a list."""
    return '"' + str(folder).replace('"', '""') + '"'


def _usable(folder: Path) -> bool:
    path = str(folder / ".s.PGSQL.65535")
    if "," in path or not path.isprintable():  # libpq takes a comma for a second host
        return False
    return len(os.fsencode(path)) <= _LONGEST


def _check(folder: Path, identity: Identity) -> None:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != identity.file_uid:
        raise UnavailableError(f"{folder} belongs to somebody else, and the database needs it; remove it")
    if stat.S_IMODE(status.st_mode) != 0o700:
        folder.chmod(0o700)
