"""Whether the database can be worked with, and how fresh what it holds is."""

from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection, text

from storage.database import current_version, newest_version


class State(NamedTuple):
    """State of a database that is at the version this program wants.

    Attributes:
        now: The node's time.
        last_window: Bucket of the newest window of the node; `None` before the first.
    """

    now: datetime
    last_window: datetime | None


_FRESHNESS = text("SELECT animov_now(), animov_last_window()")
_wanted = cache(newest_version)


def read(connection: Connection) -> State | None:
    """Return the state of the database; `None` if it is not at the version that this program wants."""
    if current_version(connection) != _wanted():
        return None
    return State(*connection.execute(_FRESHNESS).one())
