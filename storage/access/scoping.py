"""Transactions of the API: one a request, and here, in one place, limited to the farms of whoever asks.

Beneath it the database does the same by itself: the engine's role is `animov_api`, for which row-level security
and security-barrier views show the farms named in `animov.farms` and nothing else, and let it change those named
in `animov.managed_farms`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFreeError

from core.errors import AnimovError, ConflictError, SettingsError, UnavailableError
from core.problem_texts import say
from storage.access.users import ROLES, Role
from storage.engine.database import see_farms

_AT_ONCE: Final = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock."""

PATIENCE: Final = timedelta(seconds=15)
"""What the API's engine is made with: a statement that takes longer is given up, and nobody waits any longer."""


class UnknownUserError(AnimovError):
    """Whoever asks is not known, or no longer."""

    def __init__(self) -> None:
        super().__init__("whoever asks is not known, or no longer")


@dataclass(frozen=True, slots=True)
class Scope:
    """An open transaction in which one person or key sees the farms that are theirs.

    Attributes:
        connection: Committed by whoever opened it, when the request is served.
        actor: Who asks, as the audit log names them.
        roles: What they may do, by farm id.
        user_id: The person; `None` for a key.
        platform: Whether this is a platform administrator, who may make farms and people.
        scopes: Of a key: some of `read`, `write` and `readings`; `None` for a person.
        session_id: The login of a person.
        key_id: The key.
        unnoted: Whether the use of the cookie or the key is to be noted, when the request is served.
    """

    connection: Connection
    actor: str
    roles: Mapping[int, Role]
    user_id: int | None = None
    platform: bool = False
    scopes: frozenset[str] | None = None
    session_id: UUID | None = None
    key_id: int | None = None
    unnoted: bool = False

    def may(self, farm_id: int, role: Role) -> bool:
        """Tell whether they may do on a farm what a role may."""
        own = self.roles.get(farm_id)
        return own is not None and ROLES.index(own) >= ROLES.index(role)

    def farms(self, role: Role) -> list[int]:
        """Return the ids of the farms on which they may do what a role may."""
        return [farm_id for farm_id in self.roles if self.may(farm_id, role)]


Identify = Callable[[Connection], Scope | None]
"""Finds out who asks, in a transaction that sees no farm yet; `None` if nobody is known."""


@contextmanager
def opened(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees no farm; committed at the end, rolled back on any error.

    Raises:
        ConflictError: others changed the same at the same moment, each waiting for the other.
        UnavailableError: the database does not answer, or not in time.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) in _AT_ONCE:
            raise ConflictError(say("changed_at_once")) from error
        raise UnavailableError(say("database_away")) from error
    except (InterfaceError, NoneFreeError) as error:
        raise UnavailableError(say("database_away")) from error


@contextmanager
def scoped(engine: Engine, identify: Identify) -> Iterator[Scope]:
    """Open a transaction that sees the farms of whoever asks, whatever the query.

    Raises:
        UnknownUserError: nobody is known by that.
        UnavailableError: the database does not answer, or not in time.
    """
    with opened(engine) as connection:
        scope = identify(connection)
        if scope is None:
            raise UnknownUserError
        _limit(scope)
        yield scope


@contextmanager
def again(scope: Scope) -> Iterator[Scope]:
    """Open another transaction that sees what an earlier one saw: for an answer that is made in parts.

    Raises:
        UnavailableError: the database does not answer, or not in time.
    """
    with opened(scope.connection.engine) as connection:
        repeated = replace(scope, connection=connection)
        _limit(repeated)
        yield repeated


def _limit(scope: Scope) -> None:
    see_farms(
        scope.connection,
        scope.farms("viewer"),
        scope.farms("manager"),
        administered=scope.farms("administrator"),
        platform=scope.platform,
    )


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
