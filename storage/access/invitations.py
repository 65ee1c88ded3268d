"""Invitations: one-time codes with which somebody chooses a password, so that nobody else ever knows it."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from storage.access.opaque import digest, fresh

PREFIX: Final = "ani_"
LIFE: Final = timedelta(days=7)


class Invitation(NamedTuple):
    """A code, which is shown once, and until when it counts, wall time."""

    code: str
    expires_at: datetime


_INVITE = text(
    """INSERT INTO invitation (hash, user_id, expires_at) VALUES (:hash, :user, :expires)
    ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at"""
)


def invite(connection: Connection, user_id: int, at: datetime) -> Invitation:
    """Let somebody choose a password; a code of before counts no longer."""
    connection.execute(text("DELETE FROM invitation WHERE expires_at <= :at"), {"at": at})
    made = Invitation(fresh(PREFIX), at + LIFE)
    values = {"hash": digest(made.code), "user": user_id, "expires": made.expires_at}
    connection.execute(_INVITE, values)
    return made


def is_known(connection: Connection, code: str, at: datetime) -> bool:
    """Tell whether a code counts."""
    query = text("SELECT FROM invitation WHERE hash = :hash AND :at < expires_at")
    return connection.execute(query, {"hash": digest(code), "at": at}).one_or_none() is not None


def accept(connection: Connection, code: str, at: datetime) -> int | None:
    """Use a code up and return whose it is; `None` if it does not count (any longer)."""
    query = text("DELETE FROM invitation WHERE hash = :hash AND :at < expires_at RETURNING user_id")
    user_id: int | None = connection.execute(query, {"hash": digest(code), "at": at}).scalar()
    return user_id
