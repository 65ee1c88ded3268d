"""People who log in, and what each may do on which farm.

Only hashes of passwords come in here. Functions take an open transaction and never commit.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple, get_args

from sqlalchemy import Connection, text

from core.errors import ConflictError, NameRefusedError

Role = Literal["viewer", "manager", "administrator"]
"""What a person may do on a farm; each may do what those before it may."""


ROLES: Final[tuple[Role, ...]] = get_args(Role)


class Person(NamedTuple):
    """Somebody who may log in: `roles` by farm id; `platform` tells whether this is a platform administrator."""

    id: int
    name: str
    platform: bool
    roles: Mapping[int, Role]


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
    row = connection.execute(
        text("SELECT user_id, password_hash FROM animov_login(:name)"), {"name": name}
    ).one_or_none()
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


_PERSON = text(
    """SELECT u.name, u.platform, r.farm_id, r.role FROM app_user u LEFT JOIN animov_roles(u.id, :at) r ON true
    WHERE u.id = :user ORDER BY r.farm_id"""
)


def find_person(connection: Connection, user_id: int, at: datetime) -> Person | None:
    """Return who somebody is; `None` if there is no such person (any longer).

    Args:
        connection: In a transaction of any scope.
        user_id: The person.
        at: Instant of the wall clock at which the roles count.
    """
    rows = connection.execute(_PERSON, {"user": user_id, "at": at}).all()
    if not rows:
        return None
    return Person(user_id, rows[0].name, rows[0].platform, {row.farm_id: row.role for row in rows if row.role})
