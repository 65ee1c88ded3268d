"""Sessions: logins that still count. Every request looks its session up, so that an end of one bites at once.

A refresh token is `anr_FAMILY.SECRET`: the family is that of the login and stays, the secret is good for one
renewal. A secret of before says that two parties hold the login, one of whom stole it: the login ends. Only within
the few seconds in which a client may have asked twice by accident is it refused and nothing more.

Times are those of the wall clock and come in as arguments.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

from storage.access.opaque import digest, fresh

Kind = Literal["tokens", "browser", "single"]
"""`tokens`: access and refresh tokens; `browser`: a cookie; `single`: one access token and nothing after it."""

REFRESH_PREFIX: Final = "anr_"
COOKIE_PREFIX: Final = "anc_"
GRACE: Final = timedelta(seconds=5)
"""For so long after a renewal its token, shown again, is taken for an accident."""

NOTED_EVERY: Final = timedelta(minutes=1)


class Life(NamedTuple):
    """How long a session counts: `idle` from each use on, never longer than `whole`."""

    idle: timedelta
    whole: timedelta


LIVES: Final[dict[Kind, Life]] = {
    "tokens": Life(idle=timedelta(days=30), whole=timedelta(days=365)),
    "browser": Life(idle=timedelta(days=14), whole=timedelta(days=90)),
    "single": Life(idle=timedelta(minutes=30), whole=timedelta(minutes=30)),
}


class Begun(NamedTuple):
    """A session and the secret that keeps it going, which is shown once: refresh token, cookie, or nothing."""

    id: UUID
    user_id: int
    secret: str


class Session(NamedTuple):
    """A login that still counts."""

    id: UUID
    kind: Kind
    made_at: datetime
    used_at: datetime
    expires_at: datetime


_BEGIN = text(
    """INSERT INTO user_session (id, user_id, kind, family_hash, secret_hash, made_at, used_at, expires_at, ends_at)
    VALUES (:id, :user, :kind, :family, :secret, :at, :at, :expires, :ends)"""
)


def begin(connection: Connection, user_id: int, kind: Kind, at: datetime) -> Begun:
    """Begin a session, and forget those whose time is over."""
    connection.execute(text("DELETE FROM user_session WHERE expires_at <= :at"), {"at": at})
    life, session_id = LIVES[kind], uuid4()
    family, secret = _handed_out(kind)
    values = {"id": session_id, "user": user_id, "kind": kind, "at": at, "expires": at + life.idle}
    hashes = {"family": family and digest(family), "secret": secret and digest(secret)}
    connection.execute(_BEGIN, {**values, **hashes, "ends": at + life.whole})
    return Begun(session_id, user_id, ".".join(part for part in (family, secret) if part))


def _handed_out(kind: Kind) -> tuple[str | None, str | None]:
    if kind == "tokens":
        return fresh(REFRESH_PREFIX), fresh()
    return (fresh(COOKIE_PREFIX), None) if kind == "browser" else (None, None)


_RENEW = text(
    """UPDATE user_session SET secret_hash = :new, earlier_hash = secret_hash, renewed_at = :at, used_at = :at,
      expires_at = least(ends_at, :expires)
    WHERE family_hash = :family AND secret_hash = :secret AND :at < expires_at RETURNING id, user_id"""
)
_STOLEN = text(
    """DELETE FROM user_session WHERE family_hash = :family AND kind = 'tokens' AND secret_hash <> :secret
    AND NOT coalesce(earlier_hash = :secret AND :at < renewed_at + :grace, false)"""
)


def renew(connection: Connection, refresh_token: str, at: datetime) -> Begun | None:
    """Exchange a refresh token for the next one; of several who try at once with the same one exactly one gets it.

    `None` if it does not count; if it is one of before, its session has ended, which is for the caller to commit.
    """
    family, _, secret = refresh_token.partition(".")
    following = fresh()
    values = {"family": digest(family), "secret": digest(secret), "at": at}
    expires = at + LIVES["tokens"].idle
    row = connection.execute(_RENEW, {**values, "new": digest(following), "expires": expires}).one_or_none()
    if row is not None:
        return Begun(row.id, row.user_id, f"{family}.{following}")
    connection.execute(_STOLEN, {**values, "grace": GRACE})
    return None


_USED = text(
    """UPDATE user_session SET used_at = :at, expires_at = least(ends_at, :expires)
    WHERE id = :id AND used_at <= :before"""
)


def note_use(connection: Connection, session_id: UUID, at: datetime) -> None:
    """Move the end of a browser's session on, at most once a minute."""
    values = {"id": session_id, "at": at, "before": at - NOTED_EVERY, "expires": at + LIVES["browser"].idle}
    connection.execute(_USED, values)


def end(connection: Connection, session_id: UUID, user_id: int) -> bool:
    """End a session of a person; tell whether there was such a one."""
    query = text("DELETE FROM user_session WHERE id = :id AND user_id = :user")
    return connection.execute(query, {"id": session_id, "user": user_id}).rowcount > 0


def end_family(connection: Connection, refresh_token: str) -> None:
    """End the session that a refresh token is of: any of its tokens will do, for to have one is to hold the login."""
    query = text("DELETE FROM user_session WHERE kind = 'tokens' AND family_hash = :family")
    connection.execute(query, {"family": digest(refresh_token.partition(".")[0])})


def end_all(connection: Connection, user_id: int) -> None:
    """End every session of a person."""
    connection.execute(text("DELETE FROM user_session WHERE user_id = :user"), {"user": user_id})


_OF = text(
    """SELECT id, kind, made_at, used_at, expires_at FROM user_session
    WHERE user_id = :user AND :at < expires_at ORDER BY made_at, id"""
)


def sessions_of(connection: Connection, user_id: int, at: datetime) -> list[Session]:
    """Return the sessions of a person that still count, the oldest first."""
    return [Session(*row) for row in connection.execute(_OF, {"user": user_id, "at": at})]
