"""The people of a farm, for its administrators: who may do what until when."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import InContext
from api.forms.answers import Answer, Page
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.people.administering import InAdministered
from api.people.names import Name, Until, UserId, refuse_past
from api.people.permits import END_OVER, NAME_TAKEN
from api.people.users import Invitation
from core.errors import ConflictError
from core.problem_texts import say
from storage.access import audit, invitations, people, users
from storage.access.people import Member
from storage.access.scoping import Scope
from storage.access.users import Role
from storage.engine.database import Connection

router = Router(prefix="/v1/farms/{farm}/people", tags=["people"])


class Person(Answer):
    """Somebody who may do something on a farm."""

    id: int = Field(examples=[5])
    name: str = Field(examples=["marie"])
    role: Role = Field(examples=["manager"])
    until: datetime | None = Field(
        description="It counts before this instant; null: until it is taken away.", examples=["2026-12-31T23:00:00Z"]
    )


class AddedPerson(Person):
    """Somebody who was added."""

    invitation: Invitation | None = Field(description="For somebody whom this server did not know; else null.")


class People(Page):
    """A part of a farm's people."""

    items: list[Person]


class RoleGiven(BaseModel):
    """What somebody may do."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "manager", "until": None}]})

    role: Role
    until: Until = None


class NewPerson(RoleGiven):
    """Somebody to add: a name that this server knows, or one to invite."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "marie", "role": "viewer"}]})

    name: Name


@router.get("", response_model=People)
def list_people(own: InAdministered, asked: Annotated[Asked, listing(Person)]) -> Response:
    """List the people of a farm, those whose time is over among them; for its administrators."""
    caller, farm_id, _ = own

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[Member]:
        return people.members(connection, farm_id, after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, Person.model_validate))


@router.post("", status_code=HTTPStatus.CREATED, responses=NAME_TAKEN)
def add_person(context: InContext, own: InAdministered, new: NewPerson, response: Response) -> AddedPerson:
    """Give somebody a role on a farm; whom this server does not know is invited: pass the code on."""
    caller, farm_id, farm = own
    refuse_past("until", new.until, context.now)
    known = users.find_login(caller.connection, new.name)
    invitation = None
    if known is None:
        user_id = users.create_user(caller.connection, new.name, users.NO_PASSWORD)
        invitation = Invitation.of(invitations.invite(caller.connection, user_id, context.now()))
    else:
        user_id = known.user_id
    if not users.add_role(caller.connection, user_id, farm_id, new.role, new.until):
        raise ConflictError(say("member_known", name=new.name))
    _note(caller, farm_id, "person.added", new.name, new)
    response.headers["Location"] = f"/v1/farms/{farm}/people/{user_id}"
    return AddedPerson(id=user_id, name=new.name, role=new.role, until=new.until, invitation=invitation)


@router.get("/{user}")
def get_person(own: InAdministered, user: UserId) -> Person:
    """Return somebody of a farm; for its administrators."""
    return Person.model_validate(people.member(own.caller.connection, own.farm_id, user))


@router.put("/{user}", responses=END_OVER)
def set_role(context: InContext, own: InAdministered, user: UserId, given: RoleGiven) -> Person:
    """Change what somebody may do on a farm, and until when; it counts at once."""
    caller, farm_id, _ = own
    refuse_past("until", given.until, context.now)
    found = people.member(caller.connection, farm_id, user)
    if given.role != "administrator" or given.until is not None:
        _keep_an_administrator(caller, farm_id, found)
    users.set_role(caller.connection, user, farm_id, given.role, given.until)
    _note(caller, farm_id, "person.changed", found.name, given)
    return Person.model_validate(people.member(caller.connection, farm_id, user))


@router.delete("/{user}", status_code=HTTPStatus.NO_CONTENT)
def remove_person(own: InAdministered, user: UserId) -> None:
    """Take somebody's role on a farm away; it counts at once."""
    caller, farm_id, _ = own
    found = people.member(caller.connection, farm_id, user)
    _keep_an_administrator(caller, farm_id, found)
    people.take_away(caller.connection, farm_id, user)
    audit.note(caller, farm_id, "person.removed", f"user {found.name}")


def _keep_an_administrator(caller: Scope, farm_id: int, leaving: Member) -> None:
    """A platform administrator may leave a farm without one: nobody else could mend that."""
    if leaving.role == "administrator" and not caller.platform:
        people.keep_an_administrator(caller.connection, farm_id, leaving.id)


def _note(caller: Scope, farm_id: int, action: str, name: str, given: RoleGiven) -> None:
    audit.note(caller, farm_id, action, f"user {name}", {"role": given.role, "until": given.until})
