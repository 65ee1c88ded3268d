"""The own password: changed by whoever knows the present one; every login ends with it."""

from http import HTTPStatus
from typing import Any, Final, NamedTuple

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from api.context import Context, InContext
from api.forms.late_routes import Router
from api.forms.problems import ProblemError
from api.forms.refusals import refusal
from api.people import passwords
from api.people.browsers import clear_cookie
from api.people.callers import InShown, Shown
from api.people.logins import address_of, count_right, count_try
from api.people.names import NewPassword
from api.people.permits import person_of, unauthorized
from core.problem_texts import say
from storage.access import audit, sessions, users
from storage.access.scoping import UnknownUserError, scoped
from storage.access.users import Login

router = Router(prefix="/v1/me", tags=["people"])


_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    429: refusal("There were too many tries; `Retry-After` says in how many seconds.")
}


class PasswordChange(BaseModel):
    """The present password and the one to come."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"present": "correct horse", "new": "battery staple"}]}
    )

    present: str = Field(
        examples=["correct horse"],
        min_length=1,
        max_length=passwords.LONGEST,
        json_schema_extra={"format": "password"},
    )
    new: NewPassword


class _Asker(NamedTuple):
    name: str
    login: Login


@router.put("/password", status_code=HTTPStatus.NO_CONTENT, responses=_REFUSALS)
async def change_password(
    request: Request, response: Response, context: InContext, shown: InShown, change: PasswordChange
) -> None:
    """Change your password. Every login of yours ends, this one included."""
    address = address_of(request)
    # no transaction is held open while passwords are hashed, which takes long on purpose
    asker = await run_in_threadpool(_asker, context, shown, address)
    verdict = await context.passwords.verify(change.present, asker.login.password_hash)
    if not verdict.right:
        raise _wrong()
    hashed = await context.passwords.hash(change.new)
    await run_in_threadpool(_change, context, shown, asker, hashed, address)
    clear_cookie(request, response)


def _asker(context: Context, shown: Shown, address: str) -> _Asker:
    try:
        with scoped(context.engine, shown.identify) as caller:
            person_of(caller)
            count_try(caller.connection, context, caller.actor, address)
            return _Asker(caller.actor, users.login_named(caller.connection, caller.actor))
    except UnknownUserError:
        raise unauthorized(shown.refusal) from None


def _change(context: Context, shown: Shown, asker: _Asker, hashed: str, address: str) -> None:
    try:
        with scoped(context.engine, shown.identify) as caller:
            if not users.still_the_password(caller.connection, asker.login, asker.name):
                raise _wrong()
            users.set_password(caller.connection, asker.login.user_id, hashed)
            sessions.end_all(caller.connection, asker.login.user_id)
            count_right(caller.connection, asker.name, address, context.now())
            audit.note(caller, None, "user.password_changed", f"user {asker.name}")
    except UnknownUserError:
        raise unauthorized(shown.refusal) from None


def _wrong() -> ProblemError:
    return ProblemError(HTTPStatus.FORBIDDEN, "wrong-password", say("password_refused"))
