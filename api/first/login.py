"""Logging in as the first AniMOV's clients do: a name and a password for a token of 30 minutes."""

import json
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from pydantic import Field

from api.context import InContext
from api.first.messages import NO_CREDENTIALS, WRONG_CREDENTIALS, Message, MessageError
from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.forms.problems import ProblemError
from api.people.logins import Attempt, address_of, session_for
from api.people.tokens import Bearer

_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Message, "description": "The name or the password is missing."},
    401: {"model": Message, "description": "The name or the password is wrong."},
    422: {"model": Message, "description": "A parameter is not allowed."},
    503: {"model": Message, "description": "The database does not answer."},
}

router = Router(tags=["first AniMOV"], responses=_REFUSALS)

_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["username", "password"],
                    "properties": {"username": {"type": "string"}, "password": {"type": "string"}},
                },
                "examples": {"login": {"value": {"username": "marie", "password": "correct horse battery"}}},
            }
        },
    }
}


class Token(Answer):
    """What lets in: send it as `x-access-tokens`, or as `Authorization: Bearer ...`."""

    token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl"])


async def _credentials(request: Request) -> tuple[str, str]:
    """Read the name and the password of a body.

    Raises:
        MessageError: one of them is missing.
    """
    try:
        told = json.loads(await request.body())
    except (ValueError, RecursionError):
        told = None
    name, password = (told.get("username"), told.get("password")) if isinstance(told, dict) else (None, None)
    if not (isinstance(name, str) and isinstance(password, str) and name and password):
        raise MessageError(NO_CREDENTIALS)
    return name, password


@router.post("/login", operation_id="login", openapi_extra=_BODY)
async def login(
    request: Request, context: InContext, credentials: Annotated[tuple[str, str], Depends(_credentials)]
) -> Token:
    """Exchange a name and a password for a token that lets in for 30 minutes."""
    name, password = credentials
    try:
        begun = await session_for(context, Attempt(name, password, address_of(request)), "single")
    except ProblemError as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
        raise MessageError(WRONG_CREDENTIALS, HTTPStatus.UNAUTHORIZED) from None
    return Token(token=context.signer.issue(Bearer(begun.user_id, begun.id), "single"))
