"""People who log in, and what each may do on which farm.

Only hashes of passwords come in here. Functions take an open transaction and never commit.
"""

from datetime import datetime
from typing import Final, Literal, NamedTuple, get_args

from sqlalchemy import Connection, text

from core.errors import ConflictError, NameRefusedError, NotFoundError
from core.names import is_name, looks_of, refuse_alike
from core.problem_texts import say

Role = Literal["viewer", "manager", "administrator"]
"""What a person may do on a farm; each may do what those before it may."""


ROLES: Final[tuple[Role, ...]] = get_args(Role)


class Login(NamedTuple):
    """What a login is checked against."""

    user_id: int
    password_hash: str


_CREATE = text(
    """INSERT INTO app_user (name, password_hash, platform) VALUES (:name, :hash, :platform)
    ON CONFLICT (name) DO NOTHING RETURNING id"""
)

NO_PASSWORD: Final = ""
"""In place of a hash: no password is the right one, until one is chosen."""


def create_user(connection: Connection, name: str, password_hash: str, *, platform: bool = False) -> int:
    """Make a person who sees no farm yet, and return the id; a platform administrator sees all.

    Raises:
        ConflictError: the name is taken, or looks like another.
    """
    if not is_name(name):
        raise NameRefusedError("a user", name)
    refuse_alike(name, looks_of(connection.scalars(text("SELECT name FROM app_user"))))
    user_id = connection.execute(_CREATE, {"name": name, "hash": password_hash, "platform": platform}).scalar()
    if user_id is None:
        raise ConflictError(say("user_known", name=name))
    return int(user_id)


def find_login(connection: Connection, name: str) -> Login | None:
    """Return what to check a login against; `None` if there is nobody of that name."""
    if not name.isprintable():  # neither PostgreSQL's text nor UTF-8 holds all that a client may send
        return None
    row = connection.execute(
        text("SELECT user_id, password_hash FROM animov_login(:name)"), {"name": name}
    ).one_or_none()
    return None if row is None else Login(*row)


def login_named(connection: Connection, name: str) -> Login:
    """Return what to check a login against.

    Raises:
        NotFoundError: there is nobody of that name.
    """
    found = find_login(connection, name)
    if found is None:
        raise NotFoundError("user", name)
    return found


def still_the_password(connection: Connection, login: Login, name: str) -> bool:
    """Tell whether a login is still as it was found; until the end of the transaction nobody changes it."""
    connection.execute(text("SELECT id FROM app_user WHERE id = :user FOR UPDATE"), {"user": login.user_id})
    return find_login(connection, name) == login


def set_password(connection: Connection, user_id: int, password_hash: str) -> None:
    """Replace the hash of a person's password."""
    query = text("UPDATE app_user SET password_hash = :hash WHERE id = :user")
    connection.execute(query, {"user": user_id, "hash": password_hash})


_SET_ROLE = text(
    """INSERT INTO app_user_farm (user_id, farm_id, role, until) VALUES (:user, :farm, :role, :until)
    ON CONFLICT (user_id, farm_id) DO UPDATE SET role = excluded.role, until = excluded.until"""
)


def set_role(connection: Connection, user_id: int, farm_id: int, role: Role, until: datetime | None = None) -> None:
    """State what a person may do on a farm, before an instant of the wall clock, in place of what was stated before."""
    connection.execute(_SET_ROLE, {"user": user_id, "farm": farm_id, "role": role, "until": until})


def add_role(connection: Connection, user_id: int, farm_id: int, role: Role, until: datetime | None) -> bool:
    """Give a person a role on a farm; tell whether there was none before, which else stays as it is."""
    query = text(
        """INSERT INTO app_user_farm (user_id, farm_id, role, until) VALUES (:user, :farm, :role, :until)
        ON CONFLICT (user_id, farm_id) DO NOTHING"""
    )
    return connection.execute(query, {"user": user_id, "farm": farm_id, "role": role, "until": until}).rowcount > 0
