"""Logging in: name and password for an access token, as JSON or as the form that OAuth2 clients send."""

import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.context import Context, InContext
from api.forms import problems
from api.forms.answers import Answer
from api.forms.problems import ProblemError
from api.people import passwords
from api.people.callers import unauthorized
from api.people.tokens import LIFETIME, issue
from storage import users
from storage.scoping import opened
from storage.users import Login

router = APIRouter(prefix="/v1", tags=["login"])

_LARGEST_BODY: Final = 16_384  # bytes; a login has about a hundred
_TEXT: Final = r"^[^\x00]+$"  # PostgreSQL's text holds no NUL


class Credentials(BaseModel):
    """Who wants in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"username": "marie", "password": "correct horse"}]})

    username: str = Field(min_length=1, max_length=256, pattern=_TEXT)
    password: str = Field(min_length=1, max_length=passwords.LONGEST, json_schema_extra={"format": "password"})


class AccessToken(Answer):
    """What lets in: send it as `Authorization: Bearer ...`."""

    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl"])
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the kind of token
    expires_in: int = Field(description="Seconds for which it lets in.", examples=[900])


async def _credentials(request: Request) -> Credentials:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in _READERS:
        allowed = " or ".join(_READERS)
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", f"send {allowed}")
    body = await _limited_body(request)
    try:
        return _READERS[kind](body)
    except ValidationError as error:
        raise problems.invalid(problems.fields_at_fault(error.errors(), "body")) from None
    except ValueError:
        raise problems.invalid_field("body", "body", f"it is not {kind}") from None


async def _limited_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            detail = f"a login has {_LARGEST_BODY} bytes at most"
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)
    return bytes(body)


def _from_form(body: bytes) -> Credentials:
    fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=16, errors="strict")
    return Credentials.model_validate(dict(fields))


_READERS: Final[dict[str, Callable[[bytes], Credentials]]] = {
    "application/json": Credentials.model_validate_json,
    "application/x-www-form-urlencoded": _from_form,
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": Credentials.model_json_schema()} for kind in _READERS},
    }
}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": problems.Problem, "description": description}
    for status, description in {
        401: "The name or the password is wrong.",
        413: "The body is too large.",
        415: "The body is neither JSON nor a form.",
        422: "A value is missing or not allowed.",
    }.items()
}


@router.post("/login", responses=_RESPONSES, openapi_extra=_BODY)
async def log_in(context: InContext, credentials: Annotated[Credentials, Depends(_credentials)]) -> AccessToken:
    """Exchange a name and a password for an access token that lets in for 15 minutes."""
    # no transaction is held open while the password is checked, which takes long on purpose
    found = await run_in_threadpool(_find, context, credentials.username)
    verdict = await context.passwords.verify(credentials.password, None if found is None else found.password_hash)
    if found is None or not verdict.right:
        raise unauthorized("the name or the password is wrong")
    if verdict.renewed is not None:
        await run_in_threadpool(_renew, context, found.user_id, verdict.renewed)
    token = issue(context.key, user_id=found.user_id, token_id=secrets.token_urlsafe(16), now=context.clock())
    return AccessToken(access_token=token, expires_in=int(LIFETIME.total_seconds()))


def _find(context: Context, name: str) -> Login | None:
    with opened(context.engine) as connection:
        return users.find_login(connection, name)


def _renew(context: Context, user_id: int, password_hash: str) -> None:
    with opened(context.engine) as connection:
        users.set_password(connection, user_id, password_hash)
