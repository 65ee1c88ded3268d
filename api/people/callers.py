"""Who asks: what a request shows becomes a person or a machine, and a transaction that sees their farms."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, OAuth2PasswordBearer

from api.context import Context, InContext
from api.people.browsers import COOKIE, SAFE, refuse_forged
from api.people.permits import permit_scope, unauthorized
from api.people.tokens import TokenError
from core.errors import UnavailableError
from core.problem_texts import Said, say
from storage.access import api_keys, identities
from storage.access.scoping import PATIENCE, Identify, Scope, UnknownUserError, opened, scoped
from storage.engine.database import Connection

_bearer: Final = OAuth2PasswordBearer(
    tokenUrl="/v1/login",
    refreshUrl="/v1/refresh",
    scheme_name="login",
    description="Log in with name and password; the access token, or an API key, is sent as `Authorization: Bearer`.",
    auto_error=False,
)
_key: Final = APIKeyHeader(name="X-API-Key", scheme_name="key", description="An API key of a farm.", auto_error=False)
_first: Final = APIKeyHeader(
    name="x-access-tokens", scheme_name="first", description="As the first AniMOV's clients send it.", auto_error=False
)
_cookie: Final = APIKeyCookie(
    name=COOKIE, scheme_name="browser", description="The cookie that `POST /v1/session` sets.", auto_error=False
)


class Shown(NamedTuple):
    """What a request shows of who asks: how that is looked up, and what is said where nobody is found."""

    identify: Identify
    refusal: Said


@dataclass(frozen=True, slots=True)
class Showing:
    """Reads who asks, and reads it again for an answer that lasts: it refuses as soon as a token is over."""

    request: Request
    context: Context
    headers: frozenset[str]
    cookie: str | None

    def __call__(self) -> Shown:
        """Read who asks; headers, which somebody set on purpose, go before the cookie, which comes by itself.

        Raises:
            ProblemError: 401, it shows nothing, headers that differ, or a token that does not count; 403, a cookie on a
                forged request.
        """
        self.refuse_nobody()
        if len(self.headers) > 1:
            raise unauthorized(say("credentials_differ"))
        for header in self.headers:
            shown = (_by_key if header.startswith(api_keys.PREFIX) else _by_token)(self.context, header)
            return shown if self.cookie is None else Shown(partial(_agreed, shown.identify, self._by_cookie), shown[1])
        refuse_forged(self.request)
        return Shown(self._by_cookie, say("session_refused"))

    def _by_cookie(self, connection: Connection) -> Scope | None:
        return identities.by_cookie(connection, self.cookie or "", self.context.now())

    def refuse_nobody(self) -> None:
        """Refuse a request that shows nothing.

        Raises:
            ProblemError: 401.
        """
        if not self.headers and self.cookie is None:
            raise unauthorized(say("who_are_you"))


def _agreed(header: Identify, cookie: Identify, connection: Connection) -> Scope | None:
    """Return who shows a header, unless the cookie that came along is somebody else's.

    Raises:
        ProblemError: 401; whoever takes the one for the other would change things in the wrong name.
    """
    scope = header(connection)
    other = None if scope is None else cookie(connection)
    if scope is not None and other is not None and scope.user_id != other.user_id:
        raise unauthorized(say("credentials_differ"))
    return scope


def _by_key(context: Context, key: str) -> Shown:
    return Shown(partial(identities.by_key, key=key, at=context.now()), say("key_refused"))


def _by_token(context: Context, token: str) -> Shown:
    try:
        bearer = context.signer.bearer_of(token)
    except TokenError:
        raise unauthorized(say("token_refused")) from None
    identify = partial(identities.by_token, session_id=bearer.session_id, user_id=bearer.user_id, at=context.now())
    return Shown(identify, say("token_refused"))


async def _showing(  # noqa: PLR0917 - each is a part of the request
    request: Request,
    context: InContext,
    bearer: Annotated[str | None, Security(_bearer)],
    key: Annotated[str | None, Security(_key)],
    first: Annotated[str | None, Security(_first)],
    cookie: Annotated[str | None, Security(_cookie)],
) -> Showing:
    return Showing(request, context, frozenset(one for one in (bearer, key, first) if one), cookie)


Renew = Annotated[Showing, Depends(_showing)]


def _once(renew: Renew) -> Shown:
    return renew()


InShown = Annotated[Shown, Depends(_once)]


async def _turn(context: InContext) -> AsyncIterator[None]:
    """Wait until few enough others are served that a connection is free, and a thread to use it in.

    Requests that held a connection would else wait for a thread while all threads wait for a connection.
    """
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await context.turns.acquire()
    except TimeoutError:
        raise UnavailableError(say("database_away")) from None
    try:
        yield
    finally:
        context.turns.release()


_IN_TURN: Final = Depends(_turn, scope="function")


def _scope(request: Request, context: InContext, renew: Renew, _: Annotated[None, _IN_TURN]) -> Iterator[Scope]:
    """Open the transaction; a key must have the scope that the method wants."""
    wanted: api_keys.KeyScope = "read" if request.method in SAFE else "write"
    with entered(context, renew(), lambda scope: permit_scope(scope, wanted)) as scope:
        yield scope


def _readings_scope(context: InContext, renew: Renew, _: Annotated[None, _IN_TURN]) -> Iterator[Scope]:
    with entered(context, renew(), lambda scope: permit_scope(scope, "readings")) as scope:
        yield scope


@contextmanager
def entered(context: Context, shown: Shown, check: Callable[[Scope], None] = lambda _: None) -> Iterator[Scope]:
    """Open the transaction of whoever asks; it commits at the end.

    Raises:
        ProblemError: 401, nobody is known by what was shown.
    """
    try:
        with scoped(context.engine, shown.identify) as scope:
            check(scope)
            yield scope
    except UnknownUserError:
        raise unauthorized(shown.refusal) from None
    if scope.unnoted:
        with opened(context.engine) as connection:
            identities.note_use(scope, connection, context.now())


async def _entrance(
    request: Request, renew: Renew, _: Annotated[None, _IN_TURN]
) -> Callable[[], AbstractContextManager[Scope]]:
    renew.refuse_nobody()
    wanted: api_keys.KeyScope = "read" if request.method in SAFE else "write"

    @contextmanager
    def enter() -> Iterator[Scope]:
        with entered(renew.context, renew(), lambda scope: permit_scope(scope, wanted)) as scope:
            yield scope

    return enter


Entrance = Annotated[Callable[[], AbstractContextManager[Scope]], Depends(_entrance, scope="function")]
"""Opens what `Caller` is, within the route itself: one thread does all of a request, for those that are asked most."""

Caller = Annotated[Scope, Depends(_scope, scope="function")]
"""The one transaction of a request; it commits before the answer goes out."""

ReadingsCaller = Annotated[Scope, Depends(_readings_scope, scope="function")]
"""The same for routes that take readings: a key needs the scope `readings`, and no other."""
