"""Who is in which group, over time. Whatever is said, also late, groups' ratios are as if it had always been said."""

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
from api.herd.intervals import From, OneAnimal, OneGroup, To, asked, corrected
from api.people.callers import Caller
from storage.engine.database import Connection
from storage.herds import herd_facts, readable
from storage.herds.herd import During

router = Router(prefix="/v1/farms/{farm}/memberships", tags=["herd"])

MembershipId = Annotated[int, Path(ge=1, le=2**53, description="Id of a membership.", examples=[41]), ONLY_DIGITS]


class Membership(Answer):
    """An animal is or was in a group. A correction makes a new one, with an id of its own."""

    id: int = Field(examples=[41])
    animal_id: int = Field(examples=[7])
    animal_name: str = Field(examples=["Blanchette"])
    group_id: int = Field(examples=[3])
    group_name: str = Field(examples=["primipares"])
    start: datetime | None = Field(description="Inclusive; null: since ever.")
    until: datetime | None = Field(description="Exclusive; null: until further notice.")

    @classmethod
    def of(cls, membership: herd_facts.Membership, zone: tzinfo) -> Self:
        """Tell a membership."""
        fields = membership._asdict()
        edges = {name: fields[name] and fields[name].astimezone(zone) for name in ("start", "until")}
        return cls(**{**fields, **edges})


class Memberships(Page):
    """A part of the memberships of a farm."""

    items: list[Membership]


class NewMembership(Body):
    """That an animal is or was in a group; whatever else was said of that animal and span is corrected."""

    animal: Id = Field(description="Id of the animal.", examples=[7])
    group: Id = Field(description="Id of the group.", examples=[3])
    start: Start = None
    until: Until = None


class CorrectedMembership(Body):
    """What a membership should have told; what is left out stays."""

    group: Id | None = Field(None, description="Id of the group.", examples=[3])
    start: Start = None
    until: Until = None


@router.get("", response_model=Memberships)
def list_memberships(  # noqa: PLR0917 - each is a parameter of the request
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    wanted: Annotated[Asked, listing(Membership)],
    group: OneGroup = None,
    animal: OneAnimal = None,
    start: From = None,
    to: To = None,
) -> Response:
    """List who was in which group when."""
    farm_id = readable.farm(caller.connection, farm).id
    during = asked(start, to)

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[herd_facts.Membership]:
        if during is None:
            return []
        found = herd_facts.memberships
        return found(connection, farm_id, group=group, animal=animal, during=during, after=where.after, limit=most)

    return wanted.answer(caller, Listing(AfterId(after=0), find, by_id, lambda one: Membership.of(one, zone)))


@router.get("/{membership}")
def get_membership(caller: Caller, farm: FarmName, membership: MembershipId, zone: Zone) -> Membership:
    """Return one membership."""
    farm_id = readable.farm(caller.connection, farm).id
    return Membership.of(herd_facts.membership(caller.connection, farm_id, membership), zone)


@router.post("", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_membership(change: Managed, wanted: NewMembership, zone: Zone, response: Response) -> Membership:
    """Put an animal into a group, from now on or for a span of the past.

    The answer may last longer than the span that was sent, if the same was said of more already.
    """
    during = span(wanted.start, wanted.until)
    made = herd_facts.move(change.connection, change.farm_id, wanted.animal, wanted.group, during)
    change.note("membership.made", f"animal {made.animal_name}", _noted(made))
    response.headers["Location"] = change.path("memberships", made.id)
    return Membership.of(made, zone)


@router.patch("/{membership}", responses=REFUSED_CHANGES)
def correct_membership(
    change: Managed, membership: MembershipId, wanted: CorrectedMembership, zone: Zone
) -> Membership:
    """Correct where an animal was or when; `until` alone ends a membership."""
    known = herd_facts.membership(change.connection, change.farm_id, membership)
    during = corrected(wanted, During(known.start, known.until), wanted.start, wanted.until)
    group = wanted.group or known.group_id
    made = herd_facts.correct_membership(change.connection, change.farm_id, membership, group, during)
    change.note("membership.corrected", f"animal {made.animal_name}", _noted(made))
    return Membership.of(made, zone)


@router.delete("/{membership}", status_code=HTTPStatus.NO_CONTENT, responses=REFUSED_CHANGES)
def delete_membership(change: Managed, membership: MembershipId) -> None:
    """Take a membership back: the animal was in no group then. To end one, give it an `until` instead."""
    known = herd_facts.leave(change.connection, change.farm_id, membership)
    change.note("membership.removed", f"animal {known.animal_name}", _noted(known))


def _noted(membership: herd_facts.Membership) -> dict[str, object]:
    return {"group": membership.group_name, "start": membership.start, "until": membership.until}
