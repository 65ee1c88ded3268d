"""Who wears which collar, over time. Whatever is said, also late, windows are as if it had always been said."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import Path, Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.times import Zone
from api.forms.values import ONLY_DIGITS
from api.herd.changing import REFUSED_CHANGES, Body, Id, Managed, Start, Until, span
from api.herd.intervals import From, OneAnimal, OneCollar, To, asked, corrected
from api.people.callers import Caller
from storage.engine.database import Connection
from storage.herds import herd_facts, readable
from storage.herds.herd import During

router = Router(prefix="/v1/farms/{farm}/assignments", tags=["herd"])

AssignmentId = Annotated[int, Path(ge=1, le=2**53, description="Id of an assignment.", examples=[41]), ONLY_DIGITS]


class Assignment(Answer):
    """An animal wears or wore a collar. A correction makes a new one, with an id of its own."""

    id: int = Field(examples=[41])
    collar_id: int = Field(examples=[12])
    collar_name: str = Field(examples=["c-012"])
    animal_id: int = Field(examples=[7])
    animal_name: str = Field(examples=["Blanchette"])
    start: datetime | None = Field(description="Inclusive; null: since ever.")
    until: datetime | None = Field(description="Exclusive; null: until further notice.")

    @classmethod
    def of(cls, assignment: herd_facts.Assignment, zone: tzinfo) -> Self:
        """Tell an assignment."""
        fields = assignment._asdict()
        edges = {name: fields[name] and fields[name].astimezone(zone) for name in ("start", "until")}
        return cls(**{**fields, **edges})


class Assignments(Page):
    """A part of the assignments of a farm."""

    items: list[Assignment]


class NewAssignment(Body):
    """That an animal wears or wore a collar; whatever else was said of that collar and span is corrected."""

    collar: Id = Field(description="Id of the collar.", examples=[12])
    animal: Id = Field(description="Id of the animal.", examples=[7])
    start: Start = None
    until: Until = None


class CorrectedAssignment(Body):
    """What an assignment should have told; what is left out stays."""

    animal: Id | None = Field(None, description="Id of the animal.", examples=[7])
    start: Start = None
    until: Until = None


@router.get("", response_model=Assignments)
def list_assignments(  # noqa: PLR0917 - each is a parameter of the request
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    wanted: Annotated[Asked, listing(Assignment)],
    collar: OneCollar = None,
    animal: OneAnimal = None,
    start: From = None,
    to: To = None,
) -> Response:
    """List who wore which collar when."""
    farm_id = readable.farm(caller.connection, farm).id
    during = asked(start, to)

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[herd_facts.Assignment]:
        if during is None:
            return []
        found = herd_facts.assignments
        return found(connection, farm_id, collar=collar, animal=animal, during=during, after=where.after, limit=most)

    return wanted.answer(caller, Listing(AfterId(after=0), find, by_id, lambda one: Assignment.of(one, zone)))


@router.get("/{assignment}")
def get_assignment(caller: Caller, farm: FarmName, assignment: AssignmentId, zone: Zone) -> Assignment:
    """Return one assignment."""
    farm_id = readable.farm(caller.connection, farm).id
    return Assignment.of(herd_facts.assignment(caller.connection, farm_id, assignment), zone)


@router.post("", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_assignment(change: Managed, wanted: NewAssignment, zone: Zone, response: Response) -> Assignment:
    """Put a collar on an animal, from now on or for a span of the past; windows of that span are derived again.

    The answer may last longer than the span that was sent, if the same was said of more already.
    """
    during = span(wanted.start, wanted.until)
    made = herd_facts.assign(change.connection, change.farm_id, wanted.collar, wanted.animal, during)
    change.note("assignment.made", f"collar {made.collar_name}", _noted(made))
    response.headers["Location"] = change.path("assignments", made.id)
    return Assignment.of(made, zone)


@router.patch("/{assignment}", responses=REFUSED_CHANGES)
def correct_assignment(
    change: Managed, assignment: AssignmentId, wanted: CorrectedAssignment, zone: Zone
) -> Assignment:
    """Correct who wore a collar or when; `until` alone ends an assignment. Windows of the past follow."""
    known = herd_facts.assignment(change.connection, change.farm_id, assignment)
    during = corrected(wanted, During(known.start, known.until), wanted.start, wanted.until)
    animal = wanted.animal or known.animal_id
    made = herd_facts.correct_assignment(change.connection, change.farm_id, assignment, animal, during)
    change.note("assignment.corrected", f"collar {made.collar_name}", _noted(made))
    return Assignment.of(made, zone)


@router.delete("/{assignment}", status_code=HTTPStatus.NO_CONTENT, responses=REFUSED_CHANGES)
def delete_assignment(change: Managed, assignment: AssignmentId) -> None:
    """Take an assignment back: nobody wore the collar then. To end one, give it an `until` instead."""
    known = herd_facts.unassign(change.connection, change.farm_id, assignment)
    change.note("assignment.removed", f"collar {known.collar_name}", _noted(known))


def _noted(assignment: herd_facts.Assignment) -> dict[str, object]:
    return {"animal": assignment.animal_name, "start": assignment.start, "until": assignment.until}
