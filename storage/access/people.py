"""The people of a farm and all people: who may do what until when. Functions take an open transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from core.errors import ConflictError, NotFoundError
from core.problem_texts import say
from storage.access.users import Role


class Member(NamedTuple):
    """Somebody who may do something on a farm, before `until`, wall time; `None`: until it is taken away."""

    id: int
    name: str
    role: Role
    until: datetime | None


class User(NamedTuple):
    """Somebody who may log in; `farms` counts those on which they may do something at this moment."""

    id: int
    name: str
    platform: bool
    created_at: datetime
    farms: int


_MEMBER = """SELECT u.id, u.name, r.role, r.until FROM app_user_farm r JOIN app_user u ON u.id = r.user_id
WHERE r.farm_id = :farm AND """
_MEMBERS = text(_MEMBER + "u.id > :after ORDER BY u.id LIMIT :limit")
_ONE_MEMBER = text(_MEMBER + "u.id = :user")


def members(connection: Connection, farm_id: int, *, after: int, limit: int) -> Sequence[Member]:
    """Return the people of a farm by id, those whose time is over among them."""
    return [Member(*row) for row in connection.execute(_MEMBERS, {"farm": farm_id, "after": after, "limit": limit})]


def member(connection: Connection, farm_id: int, user_id: int) -> Member:
    """Return somebody of a farm.

    Raises:
        NotFoundError: nobody of that id is.
    """
    row = connection.execute(_ONE_MEMBER, {"farm": farm_id, "user": user_id}).one_or_none()
    if row is None:
        raise NotFoundError("user", user_id)
    return Member(*row)


def take_away(connection: Connection, farm_id: int, user_id: int) -> None:
    """Let somebody do nothing more on a farm."""
    query = text("DELETE FROM app_user_farm WHERE farm_id = :farm AND user_id = :user")
    connection.execute(query, {"farm": farm_id, "user": user_id})


_OTHERS = text(
    """SELECT EXISTS (SELECT FROM (
      SELECT user_id FROM app_user_farm WHERE farm_id = :farm AND role = 'administrator' AND until IS NULL
      ORDER BY user_id FOR UPDATE
    ) administrators WHERE user_id <> :user)"""
)


def keep_an_administrator(connection: Connection, farm_id: int, user_id: int) -> None:
    """Make sure that a farm has an administrator beside this one; two who leave at once see each other.

    Raises:
        ConflictError: it has none.
    """
    if not connection.execute(_OTHERS, {"farm": farm_id, "user": user_id}).scalar_one():
        raise ConflictError(say("last_administrator"))


_ROLES = text(
    """SELECT f.name, r.role, r.until FROM app_user_farm r JOIN farm f ON f.id = r.farm_id
    WHERE r.user_id = :user ORDER BY f.name"""
)


class FarmRole(NamedTuple):
    """What somebody may do on a farm, named by it, and until when."""

    farm: str
    role: Role
    until: datetime | None


def roles_of(connection: Connection, user_id: int) -> Sequence[FarmRole]:
    """Return what somebody may do on the farms that this transaction sees, by name."""
    return [FarmRole(*row) for row in connection.execute(_ROLES, {"user": user_id})]


_USERS = """SELECT u.id, u.name, u.platform, u.created_at,
  (SELECT count(*) FROM app_user_farm r WHERE r.user_id = u.id AND (r.until IS NULL OR :at < r.until)) AS farms
FROM app_user u WHERE """
_ALL = text(_USERS + "u.id > :after ORDER BY u.id LIMIT :limit")
_ONE = text(_USERS + "u.id = :user")


def all_users(connection: Connection, at: datetime, *, after: int, limit: int) -> Sequence[User]:
    """Return all people by id, in a transaction that sees all farms."""
    return [User(*row) for row in connection.execute(_ALL, {"at": at, "after": after, "limit": limit})]


def find_user(connection: Connection, user_id: int, at: datetime) -> User:
    """Return somebody.

    Raises:
        NotFoundError: there is nobody of that id.
    """
    row = connection.execute(_ONE, {"at": at, "user": user_id}).one_or_none()
    if row is None:
        raise NotFoundError("user", user_id)
    return User(*row)


def answers_for(connection: Connection, user_id: int) -> bool:
    """Tell whether this transaction's caller administers every farm that somebody belongs to."""
    query = text("SELECT animov_answers_for(:user)")
    return bool(connection.execute(query, {"user": user_id}).scalar_one())


_LAST = text(
    """SELECT EXISTS (SELECT FROM (
      SELECT id FROM app_user WHERE platform ORDER BY id FOR UPDATE) administrators WHERE id <> :user)"""
)


def keep_a_platform_administrator(connection: Connection, user_id: int) -> None:
    """Make sure that there is a platform administrator beside this one.

    Raises:
        ConflictError: there is none.
    """
    if not connection.execute(_LAST, {"user": user_id}).scalar_one():
        raise ConflictError(say("last_platform_administrator"))


def delete_user(connection: Connection, user_id: int) -> None:
    """Forget somebody: roles, sessions and invitations go with them; what they did stays in the audit log."""
    connection.execute(text("DELETE FROM app_user WHERE id = :user"), {"user": user_id})


def set_platform(connection: Connection, user_id: int, *, platform: bool) -> None:
    """State whether somebody is a platform administrator."""
    query = text("UPDATE app_user SET platform = :platform WHERE id = :user")
    connection.execute(query, {"user": user_id, "platform": platform})


_NAME = text(
    """SELECT u.name FROM app_user u WHERE u.id = :user
    AND EXISTS (SELECT FROM app_user_farm r WHERE r.user_id = u.id AND r.farm_id = ANY (:farms))"""
)


def name_of_member(connection: Connection, farms: Sequence[int], user_id: int) -> str:
    """Return the name of somebody who belongs to one of some farms.

    Raises:
        NotFoundError: nobody of that id does.
    """
    name: str | None = connection.execute(_NAME, {"user": user_id, "farms": list(farms)}).scalar()
    if name is None:
        raise NotFoundError("user", user_id)
    return name
