"""A farm made and changed: what it says of itself, and what happens there every day."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Response
from pydantic import AfterValidator, Field

from api.farms import DailyEvent, Farm
from api.forms.answers import Answer
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router, adopt
from api.forms.problems import contradicting
from api.forms.values import Number
from api.herd.changing import REFUSED_CHANGES, Administered, Body, TopicName
from api.people.callers import Caller
from api.people.permits import permit_platform
from core.errors import NotFoundError
from core.names import folded
from core.problem_texts import say
from core.wallclock import zone_named
from storage.access import audit
from storage.herds import farms, readable

router = Router(tags=["farms"])
_one = Router(prefix="/v1/farms/{farm}")


def _known_zone(name: str) -> str:
    try:
        zone_named(name)
    except NotFoundError:
        raise ValueError(say("no_time_zone")) from None
    return name


Coverage = Annotated[Number, Field(ge=0, le=1, examples=[0.5])]


class NewFarm(Body):
    """A farm as somebody wants it."""

    name: TopicName = Field(examples=["barn"])


class FarmSettings(Body):
    """What is to be changed of a farm; what is left out stays."""

    title: str = Field(default_factory=str, max_length=200, pattern=r"^[^\x00-\x1f]*$", examples=["La Chèvrerie"])
    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default_factory=str,
        max_length=64,
        description="IANA name; daily sheets are made again by it.",
        examples=["Europe/Paris"],
        json_schema_extra={"format": "iana-time-zone"},
    )
    latitude: Number | None = Field(None, ge=-90, le=90, description="Degrees, north positive.", examples=[45.1])
    longitude: Number | None = Field(None, ge=-180, le=180, description="Degrees, east positive.", examples=[1.5])
    species: Literal["goat", "cattle"] = Field(
        default_factory=lambda: "goat", description="What is kept; daily sheets are made again by it."
    )
    animal_coverage: Coverage = Field(
        default_factory=float,
        description="Share of a window's seconds that must be known for an animal's ratio to count; windows that are"
        " there already follow when their data or assignments change.",
    )
    group_coverage: Coverage = Field(
        default_factory=float,
        description="Share of the members' seconds that must be known for a group's ratio to count.",
    )


class WantedEvent(Body):
    """Something that happens every day at the same local time."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]*$", examples=["milking"])
    at: str = Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Local time, HH:MM.", examples=["06:30"])
    minutes: Number = Field(gt=0, le=1440, description="How long it takes.", examples=[60])


class WantedEvents(Body):
    """What happens on a farm every day."""

    items: list[WantedEvent] = Field(max_length=48)


class DailyEvents(Answer):
    """What happens on a farm every day."""

    items: list[DailyEvent]


@router.post("/v1/farms", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_farm(caller: Caller, wanted: NewFarm, response: Response) -> NewFarm:
    """Make a farm, which is for platform administrators."""
    permit_platform(caller)
    farm_id = farms.create(caller.connection, wanted.name)
    audit.note(caller, farm_id, "farm.made", f"farm {wanted.name}")
    response.headers["Location"] = f"/v1/farms/{wanted.name}"
    return wanted


@_one.patch("", responses=REFUSED_CHANGES)
def change_farm(change: Administered, wanted: FarmSettings) -> Farm:
    """Change what a farm says of itself, which is for its administrators."""
    settings = {name: getattr(wanted, name) for name in wanted.model_fields_set}
    farms.change(change.connection, change.farm_id, settings)
    change.note("farm.changed", f"farm {change.farm}", settings)
    return Farm.of(readable.farm(change.connection, change.farm), change.caller)


@_one.get("/events")
def list_farm_events(caller: Caller, farm: FarmName) -> DailyEvents:
    """List what happens on a farm every day."""
    events = readable.farm(caller.connection, farm).events
    return DailyEvents(items=[DailyEvent.model_validate(event) for event in events])


@_one.put("/events", responses=REFUSED_CHANGES)
def set_farm_events(change: Administered, wanted: WantedEvents) -> DailyEvents:
    """Say what happens on a farm every day, in place of all that was said; forecasts take it into account."""
    _refuse_twice(wanted.items)
    events = [event.model_dump() for event in wanted.items]
    farms.set_events(change.connection, change.farm_id, events)
    change.note("farm.events_set", f"farm {change.farm}", {"events": events})
    return DailyEvents(items=[DailyEvent.model_validate(event) for event in events])


def _refuse_twice(events: Sequence[WantedEvent]) -> None:
    seen: set[tuple[str, str]] = set()
    for place, event in enumerate(events):
        said = (folded(event.name), event.at)
        if said in seen:
            raise contradicting(f"items.{place}.at", "body", say("event_twice", at=event.at))
        seen.add(said)


adopt(router, _one)
