"""The ring of keys that sign access tokens, by name. No key is here: each follows from its name and a secret."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection, text

Algorithm = Literal["HS256", "EdDSA"]

KEPT: Final = timedelta(hours=1)
"""A key checks tokens for so long after another began to sign: longer than any token of its own counts."""


class KeyName(NamedTuple):
    """A key's name and what it is for; it checks tokens before `until`, wall time, `None` for the one that signs."""

    kid: str
    algorithm: Algorithm
    until: datetime | None


_RING = text(
    """SELECT kid, algorithm, lead(made_at) OVER (ORDER BY made_at, kid) + :kept AS until FROM signing_key
    ORDER BY made_at DESC, kid DESC"""
)


def ring(connection: Connection) -> Sequence[KeyName]:
    """Return all keys, the one that signs first."""
    return [KeyName(*row) for row in connection.execute(_RING, {"kept": KEPT})]


def ensure(connection: Connection, algorithm: Algorithm, at: datetime) -> Sequence[KeyName]:
    """Return all keys, and make one first where the one that signs is of another algorithm, or there is none."""
    found = ring(connection)
    if found and found[0].algorithm == algorithm:
        return found
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('animov signing keys'))"))
    found = ring(connection)  # another worker may have been first
    return found if found and found[0].algorithm == algorithm else rotate(connection, algorithm, at)


def rotate(connection: Connection, algorithm: Algorithm, at: datetime) -> Sequence[KeyName]:
    """Make a new key that signs from now on, forget those that check nothing any longer, and return the ring."""
    newest = text("SELECT greatest(max(made_at) + interval '1 microsecond', :at) FROM signing_key")
    made_at = connection.execute(newest, {"at": at}).scalar_one()
    values = {"kid": secrets.token_hex(8), "algorithm": algorithm, "at": made_at}
    connection.execute(text("INSERT INTO signing_key VALUES (:kid, :algorithm, :at)"), values)
    for old in ring(connection):
        if old.until is not None and old.until <= at:
            connection.execute(text("DELETE FROM signing_key WHERE kid = :kid"), {"kid": old.kid})
    return ring(connection)
