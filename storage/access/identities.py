"""From what a request shows to who asks: one query each, which also reads what they may do at this moment."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from storage.access import api_keys, sessions
from storage.access.opaque import digest
from storage.access.scoping import Scope
from storage.engine.database import see_farms

_PERSON = """SELECT u.id, u.name, u.platform, s.id AS session, s.used_at, r.farm_id, r.role
FROM user_session s JOIN app_user u ON u.id = s.user_id LEFT JOIN animov_roles(u.id, :at) r ON true
WHERE :at < s.expires_at AND """
_BY_TOKEN = text(_PERSON + "s.id = :session AND s.user_id = :user AND s.kind <> 'browser'")
_BY_COOKIE = text(_PERSON + "s.family_hash = :hash AND s.kind = 'browser'")
_BY_KEY = text("SELECT * FROM animov_key(:hash)")


def by_token(connection: Connection, session_id: UUID, user_id: int, at: datetime) -> Scope | None:
    """Return who bears an access token; `None` once the login that it came of has ended."""
    return _person(connection, _BY_TOKEN, {"session": session_id, "user": user_id, "at": at})


def by_cookie(connection: Connection, cookie: str, at: datetime) -> Scope | None:
    """Return whose browser sends a cookie; `None` if it does not count (any longer)."""
    return _person(connection, _BY_COOKIE, {"hash": digest(cookie), "at": at}, unnoted_after=True)


def by_key(connection: Connection, key: str, at: datetime) -> Scope | None:
    """Return the machine that shows an API key; `None` if it does not count (any longer)."""
    row = connection.execute(_BY_KEY, {"hash": digest(key)}).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= at):
        return None
    return Scope(
        connection,
        f"{row.prefix} {row.name}",
        {row.farm_id: "manager" if "write" in row.scopes else "viewer"},
        scopes=frozenset(row.scopes),
        key_id=row.id,
        unnoted=row.used_at is None or at - row.used_at >= api_keys.NOTED_EVERY,
    )


def _person(
    connection: Connection, query: TextClause, values: dict[str, Any], *, unnoted_after: bool = False
) -> Scope | None:
    rows = connection.execute(query, values).all()
    if not rows:
        return None
    one = rows[0]
    return Scope(
        connection,
        one.name,
        {row.farm_id: row.role for row in rows if row.role is not None},
        user_id=one.id,
        platform=one.platform,
        session_id=one.session,
        unnoted=unnoted_after and values["at"] - one.used_at >= sessions.NOTED_EVERY,
    )


def note_use(scope: Scope, connection: Connection, at: datetime) -> None:
    """Note that a cookie or a key was used.

    Args:
        scope: Of the request, which is done.
        connection: Another transaction, short: whoever else uses the same cookie or key waits for it.
        at: Wall time.
    """
    if scope.key_id is not None:
        see_farms(connection, tuple(scope.roles))
        api_keys.note_use(connection, scope.key_id, at)
    elif scope.session_id is not None:
        sessions.note_use(connection, scope.session_id, at)
