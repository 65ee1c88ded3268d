"""How often passwords are tried, over all workers: each try fills a bucket that leaks, and a full one refuses.

Kept is one instant a bucket, when it will be empty again (the generic cell rate algorithm), so that one statement
looks, decides and counts. A name that nobody has fills a bucket like any other.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection, text

from storage.opaque import digest

Kind = Literal["name", "address"]


class Allowance(NamedTuple):
    """So many tries at once, and one more each time that `each` has passed."""

    burst: int
    each: timedelta


ALLOWED: Final[dict[Kind, Allowance]] = {
    "name": Allowance(10, timedelta(minutes=1)),  # 1,450 guesses a day at one person's password
    "address": Allowance(50, timedelta(seconds=10)),  # where a whole co-operative may come from
}

_COUNT = text(
    """INSERT INTO login_attempt AS a (key, until) VALUES (:key, :at + :each)
    ON CONFLICT (key) DO UPDATE SET until = greatest(a.until, :at) + :each
    WHERE greatest(a.until, :at) + :each <= :at + :whole RETURNING until"""
)
_EMPTY = text(
    """DELETE FROM login_attempt WHERE key IN (
      SELECT key FROM login_attempt WHERE until <= :at ORDER BY until LIMIT 10 FOR UPDATE SKIP LOCKED)"""
)


def count(connection: Connection, kind: Kind, whom: str, at: datetime) -> timedelta | None:
    """Count a try, or return how long to wait, where there were too many; `at` is wall time."""
    burst, each = ALLOWED[kind]
    values = {"key": _key(kind, whom), "at": at, "each": each, "whole": burst * each}
    connection.execute(_EMPTY, {"at": at})
    if connection.execute(_COUNT, values).one_or_none() is not None:
        return None
    full = connection.execute(text("SELECT until FROM login_attempt WHERE key = :key"), values).scalar()
    return max(full + each - burst * each - at, timedelta(seconds=1)) if full else timedelta(seconds=1)


def forget(connection: Connection, kind: Kind, whom: str) -> None:
    """Forget all tries: the right password was among them."""
    connection.execute(text("DELETE FROM login_attempt WHERE key = :key"), {"key": _key(kind, whom)})


def give_back(connection: Connection, kind: Kind, whom: str) -> None:
    """Forget one try: it was the right one."""
    query = text("UPDATE login_attempt SET until = until - :each WHERE key = :key")
    connection.execute(query, {"key": _key(kind, whom), "each": ALLOWED[kind].each})


def _key(kind: Kind, whom: str) -> bytes:
    return digest(f"{kind} {whom}")
