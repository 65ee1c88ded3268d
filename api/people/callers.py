"""Who asks: a token becomes a person, and a transaction that sees this person's farms."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends
from fastapi.security import OAuth2PasswordBearer

from api.context import InContext
from api.forms.problems import ProblemError
from api.people.tokens import TokenError, user_of
from storage.scoping import Scope, UnknownUserError, scoped

_bearer: Final = OAuth2PasswordBearer(
    tokenUrl="/v1/login", scheme_name="login", description="Log in with name and password.", auto_error=False
)


def _user(context: InContext, token: Annotated[str | None, Depends(_bearer)]) -> int:
    if token is None:
        raise unauthorized("the access token is missing")
    try:
        return user_of(context.key, token, now=context.clock())
    except TokenError as error:
        raise unauthorized(str(error)) from None


def _scope(context: InContext, user_id: Annotated[int, Depends(_user)]) -> Iterator[Scope]:
    try:
        with scoped(context.engine, user_id) as scope:
            yield scope
    except UnknownUserError:
        raise unauthorized(str(TokenError())) from None


Caller = Annotated[Scope, Depends(_scope, scope="function")]
"""The one transaction of a request; it commits before the answer goes out."""


def unauthorized(detail: str) -> ProblemError:
    """Return the refusal of somebody who is not known."""
    return ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
