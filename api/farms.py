"""Farms: who they are, where, and what happens there every day."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from fastapi.responses import Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.people.callers import Caller
from storage.access.scoping import Scope
from storage.access.users import Role
from storage.engine.database import Connection
from storage.herds import readable

router = Router(prefix="/v1/farms", tags=["farms"])


class DailyEvent(Answer):
    """Something that happens every day at the same local time."""

    name: str = Field(examples=["milking"])
    at: str = Field(description="Local time, HH:MM.", examples=["06:30"])
    minutes: float = Field(description="How long it takes.", examples=[60])


class Farm(Answer):
    """A farm that you may see."""

    name: str = Field(description="As in MQTT topics and in paths.", examples=["barn"])
    title: str = Field(description="As people call it; may be empty.", examples=["La Chèvrerie"])
    time_zone: str = Field(description="IANA name; days and daily events follow it.", examples=["Europe/Paris"])
    latitude: float | None = Field(description="Degrees, north positive.", examples=[45.1])
    longitude: float | None = Field(description="Degrees, east positive.", examples=[1.5])
    species: Literal["goat", "cattle"] = Field(description="What is kept: how long a lying bout must last follows.")
    events: list[DailyEvent]
    animal_coverage: float = Field(
        description="Share of a window's seconds that must be known for an animal's ratio to count.", examples=[0.5]
    )
    group_coverage: float = Field(
        description="Share of the members' seconds that must be known for a group's ratio to count.", examples=[0.5]
    )
    role: Role = Field(description="What you may do there.", examples=["viewer"])

    @classmethod
    def of(cls, farm: readable.Farm, caller: Scope) -> Self:
        """Tell a farm to the caller."""
        fields = farm._asdict()
        role = caller.roles[fields.pop("id")]
        events = [DailyEvent.model_validate(event) for event in fields.pop("events")]
        return cls(**fields, events=events, role=role)


class Farms(Page):
    """A part of your farms."""

    items: list[Farm]


@router.get("", response_model=Farms)
def list_farms(caller: Caller, asked: Annotated[Asked, listing(Farm)]) -> Response:
    """List the farms that you may see."""

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[readable.Farm]:
        return readable.farms(connection, after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, lambda farm: Farm.of(farm, caller)))


@router.get("/{farm}")
def get_farm(caller: Caller, farm: FarmName) -> Farm:
    """Return one farm."""
    return Farm.of(readable.farm(caller.connection, farm), caller)
