"""States: which animals need a look, what was seen of each and what is usual for it."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Literal, Self

from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.times import Zone
from api.herd.intervals import OneAnimal, OneGroup
from api.herds import AnimalName
from api.people.callers import Caller
from storage.animals.animal_states import Said, Usual, states_of
from storage.engine.database import Connection
from storage.herds import readable

router = Router(prefix="/v1", tags=["behaviour"])


class Measure(Answer):
    """A measure of 24 hours beside what is usual for the animal; null where too little is known."""

    seen: float | None = Field(examples=[9.5])
    low: float | None = Field(description="From where on it is usual.", examples=[8.1])
    high: float | None = Field(description="Up to where it is usual.", examples=[12.4])

    @classmethod
    def of(cls, usual: Usual) -> Self:
        """Tell a measure."""
        return cls(**usual._asdict())


class AnimalState(Answer):
    """What is said of an animal now."""

    animal: AnimalName
    group_name: str | None = Field(description="The group that it is in.", examples=["primipares"])
    state: Literal["none", "normal", "watch", "look_now", "improving"] = Field(
        description="`none` if nothing is said, for the `reason`."
    )
    reason: str = Field(description="Why nothing is said; else empty.", examples=["not enough days"])
    since: datetime = Field(description="When that began.")
    alerts: list[str] = Field(description="Kinds of its alerts that go on, worst first.", examples=[["motionless"]])
    score: float | None = Field(
        description="How much the 24 hours speak for illness, as a share of the level of `look_now`.", examples=[0.3]
    )
    peak: float = Field(description="Highest score since then.", examples=[0.4])
    days: int = Field(description="Days that its habit is made of.", examples=[21])
    looked_at: datetime = Field(description="End of the 24 hours.")
    heard_at: datetime | None = Field(description="Last look at which enough was known for a score.")
    calm_since: datetime | None = Field(description="First look of the calm that lasts; null if it is not calm.")
    standing_h: Measure = Field(description="Hours standing.")
    lying_bouts: Measure = Field(description="Times that it lay down.")
    interruptions: Measure = Field(description="Times that it stood 5 minutes at most between two lying bouts.")
    longest_lying_h: Measure = Field(description="Hours of the longest lying bout.")

    @classmethod
    def of(cls, said: Said, zone: tzinfo) -> Self:
        """Tell a state."""
        fields = said.state._asdict()
        animal = AnimalName(id=fields.pop("animal_id"), name=said.animal)
        local = {name: value.astimezone(zone) for name, value in fields.items() if isinstance(value, datetime)}
        measures = {name: Measure.of(value) for name, value in fields.items() if isinstance(value, Usual)}
        return cls(animal=animal, group_name=said.group, alerts=list(said.alerts), **{**fields, **local, **measures})


class AnimalStates(Page):
    """A part of the states of a farm's animals, those that need a look most first."""

    items: list[AnimalState]


class _Behind(BaseModel, extra="forbid", strict=True):
    """Where the list goes on: behind so many, for the order is that of the moment."""

    count: int = Field(ge=0, le=2**31)


@router.get("/farms/{farm}/states", response_model=AnimalStates)
def list_animal_states(  # noqa: PLR0917 - each is a parameter of the request
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    asked: Annotated[Asked, listing(AnimalState)],
    group: OneGroup = None,
    animal: OneAnimal = None,
) -> Response:
    """List what is said of a farm's animals now: those of an urgent alert first, then by state and score."""
    farm_id = readable.farm(caller.connection, farm).id

    def find(connection: Connection, where: _Behind, most: int) -> Sequence[tuple[int, Said]]:
        said = states_of(connection, farm_id, group_id=group, animal_id=animal)
        return list(enumerate(said, 1))[where.count : where.count + most]

    def behind(found: tuple[int, Said], _: _Behind) -> _Behind:
        return _Behind(count=found[0])

    tell = Listing(_Behind(count=0), find, behind, lambda found: AnimalState.of(found[1], zone))
    return asked.answer(caller, tell)
