"""Where the embedded server answers, and the note `node.json` that tells other processes."""

import contextlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

SUPERUSER: Final = "postgres"
"""The role that makes the cluster; its password is `Secrets.superuser`."""

LOOPBACK: Final = "127.0.0.1"
NOTE: Final = "node.json"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server answers.

    Attributes:
        host: Folder of the unix socket, absolute; or a host name.
        port: Number in the socket's name, or the TCP port.
        tcp_port: Loopback port on which it answers too; none if `None`.
    """

    host: str
    port: int
    tcp_port: int | None = None

    def url(self, user: str, password: str, database: str) -> str:
        """Return a connection URL for libpq, psycopg and SQLAlchemy, with everything escaped.

        >>> ServerAddress("/data/a b", 5432).url("me", "p@ss", "animov")
        'postgresql://me:p%40ss@/animov?host=%2Fdata%2Fa%20b&port=5432'
        """
        place = urlencode({"host": self.host, "port": self.port}, quote_via=quote, safe="")
        return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@/{quote(database, safe='')}?{place}"

    def over_tcp(self) -> "ServerAddress":
        """Return the same server on its loopback port, for programs that know no unix sockets."""
        if self.tcp_port is None:
            raise ValueError("this server does not listen on TCP")
        return ServerAddress(LOOPBACK, self.tcp_port, self.tcp_port)


def announce(data_dir: Path, address: ServerAddress) -> None:
    """Tell other processes where this node's server answers."""
    descriptor, draft = tempfile.mkstemp(prefix=NOTE, dir=data_dir)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(asdict(address), file)
    Path(draft).replace(data_dir / NOTE)


def withdraw(data_dir: Path) -> None:
    """Take the note away; nothing happens if there is none."""
    (data_dir / NOTE).unlink(missing_ok=True)


def announced(data_dir: Path) -> ServerAddress | None:
    """Return what a node wrote last, which may be dead by now; `None` if there is no readable note."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return ServerAddress(**json.loads((data_dir / NOTE).read_text("ascii")))
    return None
