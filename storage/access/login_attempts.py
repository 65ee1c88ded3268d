"""How often passwords are tried, over all workers: each try fills a bucket that leaks, and a full one refuses.

There is one of each name at each address, one of each name over all addresses, and one of each address. So whoever
knows but a name locks nobody out: the first of these buckets is the stranger's own, and the second, which many
addresses together can fill, does not hold for an address from which the right password came.

Kept is one instant a bucket, when it will be empty again (the generic cell rate algorithm), so that one statement
looks, decides and counts. A name that nobody has fills a bucket like any other.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection, text

from storage.access.opaque import digest

Kind = Literal["pair", "name", "address"]
"""Whose tries are counted: a name's at an address, a name's, an address's."""


class Allowance(NamedTuple):
    """So many tries at once, and one more each time that `each` has passed."""

    burst: int
    each: timedelta


ALLOWED: Final[dict[Kind, Allowance]] = {
    "pair": Allowance(10, timedelta(minutes=1)),  # 1,450 guesses a day at one person's password
    "name": Allowance(100, timedelta(seconds=30)),  # 2,980 of them by however many
    "address": Allowance(50, timedelta(seconds=10)),  # where a whole co-operative may come from
}

KNOWN_FOR: Final = timedelta(days=90)
"""After the right password, an address is known for so long to be one of the name's."""

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


def know(connection: Connection, name: str, address: str, at: datetime) -> None:
    """Keep that the right password of a name came from an address."""
    query = text(
        """INSERT INTO login_attempt (key, until) VALUES (:key, :until)
        ON CONFLICT (key) DO UPDATE SET until = excluded.until"""
    )
    connection.execute(query, {"key": digest(f"known {pair(name, address)}"), "until": at + KNOWN_FOR})


def is_known(connection: Connection, name: str, address: str, at: datetime) -> bool:
    """Tell whether the right password of a name came from an address not long ago."""
    query = text("SELECT EXISTS (SELECT FROM login_attempt WHERE key = :key AND until > :at)")
    values = {"key": digest(f"known {pair(name, address)}"), "at": at}
    return bool(connection.execute(query, values).scalar_one())


def pair(name: str, address: str) -> str:
    """Return whose tries those of a name at an address are; an address has no spaces."""
    return f"{name} {address}"


def forget(connection: Connection, kind: Kind, whom: str) -> None:
    """Forget all tries: the right password was among them."""
    connection.execute(text("DELETE FROM login_attempt WHERE key = :key"), {"key": _key(kind, whom)})


def give_back(connection: Connection, kind: Kind, whom: str) -> None:
    """Forget one try: it was the right one."""
    query = text("UPDATE login_attempt SET until = until - :each WHERE key = :key")
    connection.execute(query, {"key": _key(kind, whom), "each": ALLOWED[kind].each})


def _key(kind: Kind, whom: str) -> bytes:
    return digest(f"{kind} {whom}")
