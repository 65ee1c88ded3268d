"""Connections that lay idle are asked whether they still live before somebody gets them.

SQLAlchemy's own `pool_pre_ping` asks each time, which costs a request more than its query. One that was in use a moment
ago is taken as it is: if the database went away since, whoever gets it is told so, and the pool forgets them all.
"""

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

TRUSTED_S: Final = 1.0
"""How long a connection may have been idle and is not asked."""

_RETURNED: Final = "animov_returned"


def trust_for_a_while(engine: Engine) -> None:
    """Have connections of an engine asked whether they live, once they were idle for longer than `TRUSTED_S`."""

    def returned(_: Any, record: Any) -> None:
        record.info[_RETURNED] = time.monotonic()

    def taken(connection: Any, record: Any, _: Any) -> None:
        idle_s = time.monotonic() - record.info.get(_RETURNED, time.monotonic())
        if idle_s > TRUSTED_S and not _lives(engine, connection):
            raise DisconnectionError  # the pool opens another one in its place

    event.listen(engine, "checkin", returned)
    event.listen(engine, "checkout", taken)


def _lives(engine: Engine, connection: Any) -> bool:
    try:
        return bool(engine.dialect.do_ping(connection))
    except engine.dialect.loaded_dbapi.Error:
        return False
