"""People who log in, and what each may do on which farm.

Only hashes of passwords come in here. Functions take an open transaction and never commit.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from sqlalchemy import Connection, text

from core.errors import ConflictError, NameRefusedError

Role = Literal["viewer", "manager", "administrator"]
"""What a person may do on a farm; each may do what those before it may."""


class Login(NamedTuple):
    """What a login is checked against."""

    user_id: int
    password_hash: str


_CREATE = text(
    "INSERT INTO app_user (name, password_hash) VALUES (:name, :hash) ON CONFLICT (name) DO NOTHING RETURNING id"
)


def create_user(connection: Connection, name: str, password_hash: str) -> int:
    """Make a person who sees no farm yet, and return the id.

    Raises:
        ConflictError: the name is taken.
    """
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise NameRefusedError("a user", name)
    user_id = connection.execute(_CREATE, {"name": name, "hash": password_hash}).scalar()
    if user_id is None:
        raise ConflictError(f"there is already a user {name!r}")
    return int(user_id)


def find_login(connection: Connection, name: str) -> Login | None:
    """Return what to check a login against; `None` if there is nobody of that name."""
    query = text("SELECT id, password_hash FROM app_user WHERE name = :name")
    row = connection.execute(query, {"name": name}).one_or_none()
    return None if row is None else Login(*row)


def set_password(connection: Connection, user_id: int, password_hash: str) -> None:
    """Replace the hash of a person's password."""
    query = text("UPDATE app_user SET password_hash = :hash WHERE id = :user")
    connection.execute(query, {"user": user_id, "hash": password_hash})


_SET_ROLE = text(
    """INSERT INTO app_user_farm (user_id, farm_id, role) VALUES (:user, :farm, :role)
    ON CONFLICT (user_id, farm_id) DO UPDATE SET role = excluded.role"""
)


def set_role(connection: Connection, user_id: int, farm_id: int, role: Role) -> None:
    """State what a person may do on a farm, in place of what was stated before."""
    connection.execute(_SET_ROLE, {"user": user_id, "farm": farm_id, "role": role})


_ROLES = text(
    """SELECT f.farm_id, f.role FROM app_user u LEFT JOIN app_user_farm f ON f.user_id = u.id
    WHERE u.id = :user ORDER BY f.farm_id"""
)


def roles_of(connection: Connection, user_id: int) -> Mapping[int, Role] | None:
    """Return a person's role by farm id; `None` if there is no such person (any longer)."""
    rows = connection.execute(_ROLES, {"user": user_id}).all()
    return {farm_id: role for farm_id, role in rows if farm_id is not None} if rows else None
