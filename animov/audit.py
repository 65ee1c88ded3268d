"""What commands change stands in the same record as what people change through the API, in the same words."""

import os
from collections.abc import Mapping
from getpass import getuser
from typing import Any

from storage.access import audit
from storage.engine.database import Connection


def note(
    connection: Connection, farm_id: int | None, action: str, subject: str, change: Mapping[str, Any] | None = None
) -> None:
    """Record what a command changes, in the transaction that changes it; see `storage.access.audit.note`."""
    audit.note_by(connection, farm_id, action, subject, change, actor=actor())


def actor() -> str:
    """Return who runs the command, as far as this machine knows: `command line (marie)`."""
    try:
        return f"command line ({getuser()})"
    except (OSError, KeyError):  # a container whose user has no name
        return f"command line ({getattr(os, 'getuid', lambda: 'somebody')()})"
