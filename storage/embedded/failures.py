"""Why PostgreSQL did not start, read from what it wrote, in one sentence for the person who has to act."""

import re
from pathlib import Path
from typing import Final

from core.errors import UnavailableError

_ADVICE: Final = (
    (
        r"could not create any TCP/IP sockets|could not bind IPv4 address",
        "the database port {port} on 127.0.0.1 is taken by another program; stop that, or choose another --db-port",
    ),
    (
        r"No space left on device|Disk quota exceeded",
        "the disk that holds {folder} is full; make room there and start again",
    ),
    (
        r"Read-only file system|Permission denied",
        "the database may not write in {folder}; open it for this user, or choose another --data-dir",
    ),
    (
        r"has wrong ownership",
        "{folder} belongs to another user; start AniMOV as that user, or choose another --data-dir",
    ),
    (
        r"could not create shared memory segment|Cannot allocate memory",
        "this machine has not enough memory left for the database; stop something and start again",
    ),
)

_LAST_WORDS: Final = re.compile(r"(?:FATAL|PANIC|initdb: error):\s*(.+)")


class PortTakenError(UnavailableError):
    """Another program listens on the port that the database was to use."""


def explain(text: str, data_dir: Path, port: int | None = None) -> UnavailableError:
    r"""Return the error that tells what PostgreSQL's own words mean.

    Args:
        text: All that it wrote since it was started.
        data_dir: Folder of the node.
        port: Loopback port that it was to listen on.

    >>> str(explain("FATAL:  could not write: No space left on device", Path("/farm")))
    'the disk that holds /farm is full; make room there and start again'
    >>> str(explain("LOG:  hm\nFATAL:  out of luck", Path("/farm")))
    'the database in /farm does not start: out of luck'
    """
    for place, (pattern, advice) in enumerate(_ADVICE):
        if re.search(pattern, text):
            kind = PortTakenError if place == 0 else UnavailableError
            return kind(advice.format(folder=data_dir, port=port))
    words = _LAST_WORDS.findall(text)
    reason = words[-1].strip() if words else (text.strip().splitlines() or ["it said nothing"])[-1]
    return UnavailableError(f"the database in {data_dir} does not start: {reason}")
