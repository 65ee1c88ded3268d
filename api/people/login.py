"""Coming in, staying in, going out: tokens for programs, a cookie for browsers."""

from http import HTTPStatus
from typing import Any, Final, Literal

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import Context, InContext
from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.forms.refusals import refusal
from api.people import credentials
from api.people.browsers import clear_cookie, refuse_forged, set_cookie
from api.people.callers import Renew, entered
from api.people.credentials import Credentials, InCredentials
from api.people.logins import Attempt, address_of, session_for
from api.people.permits import forbidden, unauthorized
from api.people.tokens import LIFETIME, Bearer
from core.problem_texts import say
from storage.access import sessions
from storage.access.scoping import opened
from storage.access.sessions import LIVES, Begun

router = Router(prefix="/v1", tags=["login"])

_REFUSALS: Final = {
    401: "The name or the password is wrong.",
    403: "A page of somebody else may have asked for this.",
    413: "The body is too large.",
    415: "The body is neither JSON nor a form.",
    422: "A value is missing or not allowed.",
    429: "There were too many tries; `Retry-After` says in how many seconds the next one counts.",
}


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: refusal(_REFUSALS[status]) for status in statuses}


class Tokens(Answer):
    """What lets in: send `access_token` as `Authorization: Bearer ...`."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl"])
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the kind of token
    expires_in: int = Field(description="Seconds for which it lets in.", examples=[900])
    refresh_token: str = Field(
        description="Good for one `POST /v1/refresh`, which gives the next one.", examples=["anr_4kX.9sQ"]
    )
    refresh_expires_in: int = Field(description="Seconds for which it is good.", examples=[2_592_000])


class Refresh(BaseModel):
    """The latest refresh token."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"refresh_token": "anr_4kX.9sQ"}]})

    refresh_token: str = Field(examples=["anr_4kX.9sQ"], min_length=1, max_length=256, pattern=r"^[A-Za-z0-9_.-]+$")


class BrowserLogin(Credentials, extra="forbid"):
    """Who wants in, in a browser."""


@router.post("/login", responses=_refusals(401, 413, 415, 422, 429), openapi_extra=credentials.DESCRIBED)
async def log_in(request: Request, context: InContext, known: InCredentials) -> Tokens:
    """Exchange a name and a password for an access token of 15 minutes and a refresh token for the next one."""
    begun = await session_for(context, _attempt(request, known), "tokens")
    return _tokens(context, begun)


@router.post("/refresh", responses=_refusals(401, 422))
def refresh(context: InContext, given: Refresh) -> Tokens:
    """Exchange a refresh token for an access token and the next refresh token.

    Each is good once. One of before, shown again, says that somebody else has it: the login ends. Of two requests
    at once one is refused, which ends nothing.
    """
    with opened(context.engine) as connection:
        begun = sessions.renew(connection, given.refresh_token, context.now())
    if begun is None:
        raise unauthorized(say("refresh_refused"))
    return _tokens(context, begun)


@router.post("/session", status_code=HTTPStatus.NO_CONTENT, responses=_refusals(401, 403, 422, 429))
async def begin_session(request: Request, response: Response, context: InContext, known: BrowserLogin) -> None:
    """Exchange a name and a password for a cookie, in a browser.

    It counts for 14 days from its last use and for 90 in all. Changes asked for with it need the header
    `X-Requested-With`, whatever its value.
    """
    refuse_forged(request)
    begun = await session_for(context, _attempt(request, known), "browser")
    set_cookie(request, response, begun.secret)


@router.post(
    "/logout",
    status_code=HTTPStatus.NO_CONTENT,
    responses=_refusals(401, 403, 422),
    openapi_extra={"security": [{}]},  # a refresh token is enough
)
def log_out(
    request: Request, response: Response, context: InContext, renew: Renew, given: Refresh | None = None
) -> None:
    """End a login: nothing of it lets in any longer.

    Without a body that of the access token or the cookie; with one that of the refresh token, whatever else is sent:
    so a program whose access token is over gets out too. It is not told whether that login still counted.
    """
    if given is not None:
        with opened(context.engine) as connection:
            sessions.end_family(connection, given.refresh_token)
        return
    with entered(context, renew()) as caller:
        if caller.session_id is None or caller.user_id is None:
            raise forbidden(say("person_needed"))
        sessions.end(caller.connection, caller.session_id, caller.user_id)
    clear_cookie(request, response)


def _attempt(request: Request, known: Credentials) -> Attempt:
    return Attempt(known.username, known.password, address_of(request))


def _tokens(context: Context, begun: Begun) -> Tokens:
    return Tokens(
        access_token=context.signer.issue(Bearer(begun.user_id, begun.id), "tokens"),
        expires_in=int(LIFETIME.total_seconds()),
        refresh_token=begun.secret,
        refresh_expires_in=int(LIVES["tokens"].idle.total_seconds()),
    )
