"""Transactions of the API: one a request, and here, in one place, limited to the farms of whoever asks.

Beneath it the database does the same by itself: the engine's role is `animov_api`, for which row-level security
and security-barrier views show the farms named in `animov.farms` and nothing else.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from core.errors import AnimovError, SettingsError, UnavailableError
from storage.database import see_farms
from storage.users import Role, roles_of

PATIENCE: Final = timedelta(seconds=15)
"""A statement that takes longer is given up: nobody waits for the answer of a request any longer than that."""


class UnknownUserError(AnimovError):
    """Whoever asks is not (or no longer) a user."""


@dataclass(frozen=True, slots=True)
class Scope:
    """An open transaction in which one person sees that person's farms.

    Attributes:
        connection: Committed by whoever opened it, when the request is served.
        user_id: The person.
        roles: What the person may do, by farm id.
    """

    connection: Connection
    user_id: int
    roles: Mapping[int, Role]


@contextmanager
def opened(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees no farm; committed at the end, rolled back on any error.

    Raises:
        UnavailableError: the database does not answer, or not in time.
    """
    try:
        with engine.begin() as connection:
            timeout_ms = str(PATIENCE // timedelta(milliseconds=1))
            connection.execute(text("SELECT set_config('statement_timeout', :ms, true)"), {"ms": timeout_ms})
            yield connection
    except (OperationalError, InterfaceError, NoneFreeError) as error:
        raise UnavailableError("the database does not answer at the moment") from error


@contextmanager
def scoped(engine: Engine, user_id: int) -> Iterator[Scope]:
    """Open a transaction that sees the farms of one person, whatever the query.

    Raises:
        UnknownUserError: there is no such person (any longer).
        UnavailableError: the database does not answer, or not in time.
    """
    with opened(engine) as connection:
        roles = roles_of(connection, user_id)
        if roles is None:
            raise UnknownUserError(f"there is no user {user_id}")
        see_farms(connection, tuple(roles))
        yield Scope(connection, user_id, roles)


def refuse_privileged(engine: Engine) -> None:
    """Make sure that the database itself limits what this engine's role may see.

    Raises:
        SettingsError: row-level security is void for the role.
        UnavailableError: the database does not answer.
    """
    with opened(engine) as connection:
        name, privileged = connection.execute(_PRIVILEGED).one()
    if privileged:
        raise SettingsError(f"the API must not work as the database role {name!r}, which sees every farm")


_PRIVILEGED: Final = text(
    """SELECT current_user, (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)
      OR EXISTS (SELECT FROM pg_roles WHERE rolname IN ('animov_owner', 'animov_app') AND pg_has_role(oid, 'USAGE'))"""
)
