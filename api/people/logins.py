"""From a name and a password to a session. All routes by which people come in go through here.

Whoever tries too often is refused before the password is looked at; a name that nobody has is treated in all ways
like one that somebody has.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import NamedTuple

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from api.context import Context
from api.forms.problems import ProblemError
from api.people.permits import unauthorized
from core.problem_texts import say
from storage.access import login_attempts, sessions, users
from storage.access.scoping import opened
from storage.access.sessions import Begun, Kind
from storage.access.users import Login
from storage.engine.database import Connection


class Attempt(NamedTuple):
    """A name and a password, and the network address that they come from."""

    name: str
    password: str
    address: str


async def session_for(context: Context, attempt: Attempt, kind: Kind) -> Begun:
    """Begin a session of a person who knows the password.

    Raises:
        ProblemError: 401 where the name or the password is wrong, 429 after too many tries.
    """
    # no transaction is held open while the password is checked, which takes long on purpose
    found = await run_in_threadpool(_found, context, attempt)
    verdict = await context.passwords.verify(attempt.password, None if found is None else found.password_hash)
    if found is None or not verdict.right:
        raise unauthorized(say("login_refused"))
    begun = await run_in_threadpool(_begun, context, attempt, found, kind, verdict.renewed)
    if begun is None:  # the password was changed while it was being checked
        raise unauthorized(say("login_refused"))
    return begun


def address_of(request: Request) -> str:
    """Return the network address that a request comes from; of IPv6 the part that a customer of a network is given."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host


def count_try(connection: Connection, context: Context, name: str | None, address: str) -> None:
    """Count a try of a password, or of a code where there is no name.

    Raises:
        ProblemError: 429; there were too many.
    """
    wait = next((wait for wait in _waits(connection, name, address, context.now()) if wait is not None), None)
    if wait is not None:
        seconds = ceil(wait.total_seconds())
        headers = {"Retry-After": str(seconds)}
        detail = say("too_many_tries", seconds=seconds)
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "too-many-tries", detail, headers=headers)


def _waits(connection: Connection, name: str | None, address: str, at: datetime) -> Iterator[timedelta | None]:
    """Count a try in one bucket after the other; a bucket that refuses it keeps it from those behind.

    So who goes on trying at one address does not fill the bucket that a name has over all of them.
    """
    if name is not None:
        yield login_attempts.count(connection, "pair", login_attempts.pair(name, address), at)
    yield login_attempts.count(connection, "address", address, at)
    if name is not None and not login_attempts.is_known(connection, name, address, at):
        yield login_attempts.count(connection, "name", name, at)


def count_right(connection: Connection, name: str, address: str, at: datetime) -> None:
    """Make up for a try that was right, and know the address from then on."""
    login_attempts.forget(connection, "pair", login_attempts.pair(name, address))
    login_attempts.give_back(connection, "address", address)
    if not login_attempts.is_known(connection, name, address, at):
        login_attempts.give_back(connection, "name", name)
    login_attempts.know(connection, name, address, at)


def _found(context: Context, attempt: Attempt) -> Login | None:
    with opened(context.engine) as connection:
        count_try(connection, context, attempt.name, attempt.address)
        return users.find_login(connection, attempt.name)


def _begun(context: Context, attempt: Attempt, found: Login, kind: Kind, renewed: str | None) -> Begun | None:
    with opened(context.engine) as connection:
        if not users.still_the_password(connection, found, attempt.name):
            return None
        if renewed is not None:
            users.set_password(connection, found.user_id, renewed)
        count_right(connection, attempt.name, attempt.address, context.now())
        return sessions.begin(connection, found.user_id, kind, context.now())
