"""All people of this server: for platform administrators; a reset also for administrators of a farm."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import InContext
from api.forms.answers import Answer, Page
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.values import Flag
from api.people.callers import Caller
from api.people.names import Name, UserId
from api.people.permits import NAME_TAKEN, forbidden, person_of
from api.people.platform import PlatformCaller
from core.problem_texts import say
from storage.access import audit, invitations, people, sessions, users
from storage.engine.database import Connection

router = Router(prefix="/v1/users", tags=["people"])


class Invitation(Answer):
    """A code to pass on: with it `POST /v1/password` takes a password of its owner's choice."""

    code: str = Field(description="Shown this once.", examples=["ani_4kX9sQ"])
    expires_at: datetime = Field(examples=["2026-04-05T01:00:00Z"])

    @classmethod
    def of(cls, made: invitations.Invitation) -> Self:
        """Tell an invitation."""
        return cls(code=made.code, expires_at=made.expires_at)


class User(Answer):
    """Somebody who may log in."""

    id: int = Field(examples=[5])
    name: str = Field(examples=["marie"])
    platform: bool = Field(description="Whether this is a platform administrator.")
    created_at: datetime = Field(examples=["2026-03-29T01:00:00Z"])
    farms: int = Field(description="Farms on which a role counts at this moment.", examples=[1])


class InvitedUser(User):
    """Somebody new."""

    invitation: Invitation


class Users(Page):
    """A part of all people."""

    items: list[User]


class NewUser(BaseModel):
    """Somebody to invite."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "marie"}]})

    name: Name
    platform: Flag = Field(False, description="Whether to make a platform administrator, who may do everything.")


class UserChange(BaseModel):
    """What is to change."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"platform": False}]})

    platform: Flag = Field(description="Whether this is a platform administrator.")


@router.get("", response_model=Users)
def list_users(context: InContext, caller: PlatformCaller, asked: Annotated[Asked, listing(User)]) -> Response:
    """List all people; for platform administrators."""

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[people.User]:
        return people.all_users(connection, context.now(), after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, User.model_validate))


@router.post("", status_code=HTTPStatus.CREATED, responses=NAME_TAKEN)
def invite_user(context: InContext, caller: PlatformCaller, new: NewUser, response: Response) -> InvitedUser:
    """Invite somebody who sees no farm yet, and return the code to pass on; for platform administrators."""
    user_id = users.create_user(caller.connection, new.name, users.NO_PASSWORD, platform=new.platform)
    invitation = Invitation.of(invitations.invite(caller.connection, user_id, context.now()))
    audit.note(caller, None, "user.invited", f"user {new.name}", {"platform": new.platform})
    response.headers["Location"] = f"/v1/users/{user_id}"
    made = people.find_user(caller.connection, user_id, context.now())
    return InvitedUser(**made._asdict(), invitation=invitation)


@router.get("/{user}")
def get_user(context: InContext, caller: PlatformCaller, user: UserId) -> User:
    """Return somebody; for platform administrators."""
    return User.model_validate(people.find_user(caller.connection, user, context.now()))


@router.patch("/{user}")
def change_user(context: InContext, caller: PlatformCaller, user: UserId, change: UserChange) -> User:
    """Make somebody a platform administrator, or one no longer; for platform administrators."""
    found = people.find_user(caller.connection, user, context.now())
    if not change.platform:
        people.keep_a_platform_administrator(caller.connection, user)
    people.set_platform(caller.connection, user, platform=change.platform)
    audit.note(caller, None, "user.changed", f"user {found.name}", change.model_dump())
    return User.model_validate(people.find_user(caller.connection, user, context.now()))


@router.delete("/{user}", status_code=HTTPStatus.NO_CONTENT)
def delete_user(context: InContext, caller: PlatformCaller, user: UserId) -> None:
    """Forget somebody, with all roles and logins; for platform administrators. What was done stays in the audit log."""
    found = people.find_user(caller.connection, user, context.now())
    if found.platform:
        people.keep_a_platform_administrator(caller.connection, user)
    people.delete_user(caller.connection, user)
    audit.note(caller, None, "user.deleted", f"user {found.name}")


@router.post("/{user}/reset")
def reset_password(context: InContext, caller: Caller, user: UserId) -> Invitation:
    """Void somebody's password, end every login, and return a code to pass on.

    For platform administrators, and for the administrators of all farms that the person belongs to.
    """
    person_of(caller)
    name = _resettable(context, caller, user)
    users.set_password(caller.connection, user, users.NO_PASSWORD)
    sessions.end_all(caller.connection, user)
    audit.note(caller, None, "user.password_reset", f"user {name}")
    return Invitation.of(invitations.invite(caller.connection, user, context.now()))


def _resettable(context: InContext, caller: Caller, user_id: int) -> str:
    """Return the name of somebody whom the caller may reset; whoever shares no farm with the caller is not there."""
    if caller.platform:
        return people.find_user(caller.connection, user_id, context.now()).name
    name = people.name_of_member(caller.connection, caller.farms("administrator"), user_id)
    if not people.answers_for(caller.connection, user_id):
        raise forbidden(say("answers_to_others"))
    return name
