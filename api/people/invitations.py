"""Choosing a password with a code that an administrator passed on: after an invitation or a reset."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from api.context import Context, InContext
from api.forms.late_routes import Router
from api.forms.refusals import refusal
from api.people.logins import address_of, count_try
from api.people.names import NewPassword
from api.people.permits import unauthorized
from core.problem_texts import say
from storage.access import invitations, sessions, users
from storage.access.scoping import opened

router = Router(prefix="/v1", tags=["login"])

_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: refusal(description)
    for status, description in {
        401: "The code is not valid any longer.",
        422: "A value is missing or not allowed.",
        429: "There were too many tries; `Retry-After` says in how many seconds the next one counts.",
    }.items()
}


class Choice(BaseModel):
    """A code and the password that its owner chooses."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"code": "ani_4kX9sQ", "password": "battery staple"}]}
    )

    code: str = Field(examples=["ani_4kX9sQ"], min_length=1, max_length=256, pattern=r"^[A-Za-z0-9_-]+$")
    password: NewPassword


@router.post("/password", status_code=HTTPStatus.NO_CONTENT, responses=_REFUSALS)
async def choose_password(request: Request, context: InContext, choice: Choice) -> None:
    """Choose a password with the code of an invitation or of a reset: it is good once, within 7 days."""
    await run_in_threadpool(_refuse_unknown, context, choice.code, address_of(request))
    hashed = await context.passwords.hash(choice.password)
    await run_in_threadpool(_choose, context, choice.code, hashed)


def _refuse_unknown(context: Context, code: str, address: str) -> None:
    with opened(context.engine) as connection:
        count_try(connection, context, None, address)
        known = invitations.is_known(connection, code, context.now())
    if not known:
        raise unauthorized(say("invitation_refused"))


def _choose(context: Context, code: str, hashed: str) -> None:
    with opened(context.engine) as connection:
        user_id = invitations.accept(connection, code, context.now())
        if user_id is None:
            raise unauthorized(say("invitation_refused"))
        users.set_password(connection, user_id, hashed)
        sessions.end_all(connection, user_id)
