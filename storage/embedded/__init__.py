"""The embedded PostgreSQL: one cluster in the data directory, started, guarded and ended by its node."""

from storage.embedded.address import SUPERUSER, ServerAddress
from storage.embedded.binaries import MAJOR, program
from storage.embedded.lock import InUseError
from storage.embedded.server import find_running, node_server, running

__all__ = [
    "MAJOR",
    "SUPERUSER",
    "InUseError",
    "ServerAddress",
    "find_running",
    "node_server",
    "program",
    "running",
]
