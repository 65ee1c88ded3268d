"""Daily sheets: what animals, groups and herds did on each local day of their farm."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Annotated, Any, Final, Self

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, Field

from api.forms.answers import Answer, Page
from api.forms.columns import UNIT
from api.forms.identifiers import LARGEST_ID, AnimalId, FarmName, GroupId
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.times import Zone, refuse_backwards
from api.people.callers import Caller
from api.watching.bouts import OnlyAnimals, names_of
from core.problem_texts import say
from storage.access.scoping import Scope
from storage.animals import behaviour
from storage.animals.behaviour import GroupSheet, Sheet
from storage.engine.database import Connection
from storage.herds import readable
from storage.measurements import measured, rollups

router = Router(prefix="/v1", tags=["behaviour"])

DEFAULT_DAYS = 14
_FIRST, _LAST = date(1970, 1, 1), date(2200, 1, 1)
_S: dict[str, Any] = {UNIT: "s"}
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Day = Annotated[str, Field(examples=["2026-03-29"], json_schema_extra={"format": "date"})]


class AnimalDay(Answer):
    """What an animal did on a day; what counts bouts is null where the order of seconds is not known.

    A bout belongs to the day in which it begins, and is followed for 24 h beyond that day.
    """

    animal_id: int = Field(examples=[7])
    animal_name: str = Field(examples=["Blanchette"])
    day: Day = Field(description="Date on the farm's wall clock.")
    start: datetime = Field(description="First instant of the day.")
    day_s: int = Field(description="Length of the day.", examples=[86_400], json_schema_extra=_S)
    received_s: int = Field(description="Seconds of which anything was received.", json_schema_extra=_S)
    known_s: int = Field(description="Seconds standing or lying.", json_schema_extra=_S)
    coverage: float = Field(description="`known_s / day_s`, 0 to 1.", examples=[0.97])
    ordered_s: int = Field(description="Known seconds of which bouts can be read.", json_schema_extra=_S)
    standing_s: int = Field(description="Known seconds that stand, smoothed.", json_schema_extra=_S)
    lying_s: int = Field(description="Known seconds that lie.", json_schema_extra=_S)
    standing_ratio: float | None = Field(description="`standing_s / known_s`; null if nothing is known.")
    lying_bouts: int | None = Field(description="Lying bouts that began.", examples=[14])
    lie_downs: int | None = Field(description="Times that it was seen to lie down.")
    rises: int | None = Field(description="Times that it was seen to rise.")
    longest_lying_s: int | None = Field(description="Longest lying bout with a part in the day.", json_schema_extra=_S)
    mean_lying_s: float | None = Field(description="Mean of the bouts that are known whole.", json_schema_extra=_S)
    fragmentation: float | None = Field(description="Rises per hour of lying.")
    interruptions: int | None = Field(
        description="Times that it stood 5 minutes at most between two lying bouts; null if `inferred`."
    )
    inferred: bool = Field(description="Neck collars or ear tags told most of it: they count no interruptions.")
    night_first_lying: datetime | None = Field(description="When it first lay down between 20:00 and 8:00.")
    night_last_rise: datetime | None = Field(description="When it last rose between 20:00 and 8:00.")

    @classmethod
    def of(cls, animal_id: int, sheet: Sheet, names: Mapping[int, str], zone: tzinfo) -> Self:
        """Tell a sheet."""
        fields = sheet._asdict()
        del fields["until"]
        local = {name: value.astimezone(zone) for name, value in fields.items() if isinstance(value, datetime)}
        derived = {"coverage": sheet.coverage, "standing_ratio": sheet.standing_share, "day": sheet.day.isoformat()}
        return cls(animal_id=animal_id, animal_name=names[animal_id], **{**fields, **local, **derived})


class AnimalDays(Page):
    """A part of the sheets of animals, by day."""

    items: list[AnimalDay]


class GroupDay(Answer):
    """What a group or a herd did on a day: means over its animals, each counting the same; null where none is known."""

    day: Day = Field(description="Date on the farm's wall clock.")
    members: int = Field(description="Animals of the group, N.", examples=[8])
    measured: int = Field(description="Those of them whose posture is known for long enough, n.", examples=[7])
    ordered: int = Field(description="Those of them whose bouts are.", examples=[7])
    standing_h: float | None = Field(description="Hours standing.", json_schema_extra={UNIT: "h"})
    lying_h: float | None = Field(description="Hours lying.", json_schema_extra={UNIT: "h"})
    lying_bouts: float | None = Field(description="Lying bouts.")
    longest_lying_s: float | None = Field(description="Longest lying bout.", json_schema_extra=_S)
    mean_lying_s: float | None = Field(description="Length of lying bouts.", json_schema_extra=_S)
    fragmentation: float | None = Field(description="Rises per hour of lying.")
    interruptions: float | None = Field(description="Short standings between two lying bouts.")

    @classmethod
    def of(cls, sheet: GroupSheet) -> Self:
        """Tell a sheet."""
        return cls(**{**sheet._asdict(), "day": sheet.day.isoformat()})


class GroupDays(Page):
    """A part of the sheets of a group or a herd, by day."""

    items: list[GroupDay]


def _date(given: Any) -> Any:
    if isinstance(given, str) and not _DATE.fullmatch(given):
        raise ValueError(say("no_day"))
    return given


AskedDay = Annotated[date | None, BeforeValidator(_date)]


class _Days(BaseModel):
    start: date | None
    to: date | None


async def _days(
    start: Annotated[
        AskedDay, Query(alias="from", description="First local day, inclusive; 14 days before `to` if left out.")
    ] = None,
    to: Annotated[AskedDay, Query(description="Last local day, exclusive; tomorrow if left out.")] = None,
) -> _Days:
    return _Days(start=_within(start), to=_within(to))


def _within(day: date | None) -> date | None:
    return None if day is None else min(max(day, _FIRST), _LAST)


Days = Annotated[_Days, Depends(_days)]


class Left(BaseModel, extra="forbid"):
    """What is left of a list: days `first` to `last`, both included, of `first` the animals behind one."""

    first: date = Field(ge=_FIRST, le=_LAST)
    last: date = Field(ge=date(1969, 1, 1), le=_LAST)
    animal: int = Field(0, ge=0, le=LARGEST_ID)


@router.get("/animals/{animal}/days", response_model=AnimalDays)
def list_animal_days(
    caller: Caller, animal: AnimalId, days: Days, zone: Zone, asked: Annotated[Asked, listing(AnimalDay)]
) -> Response:
    """List the daily sheets of an animal, of the days in `[from, to)`."""
    series = measured.animal_series(caller.connection, animal)
    return _animal_days(caller, series.farm_id, {animal: series.name}, days, zone, asked)


@router.get("/farms/{farm}/animals/days", response_model=AnimalDays)
def list_days(  # noqa: PLR0917 - each is a parameter of the request
    caller: Caller,
    farm: FarmName,
    days: Days,
    zone: Zone,
    asked: Annotated[Asked, listing(AnimalDay)],
    animal: OnlyAnimals = None,
) -> Response:
    """List the daily sheets of a farm's animals, of the days in `[from, to)`, by day and animal."""
    farm_id = readable.farm(caller.connection, farm).id
    return _animal_days(caller, farm_id, names_of(caller.connection, farm_id, animal), days, zone, asked)


@router.get("/groups/{group}/days", response_model=GroupDays)
def list_group_days(caller: Caller, group: GroupId, days: Days, asked: Annotated[Asked, listing(GroupDay)]) -> Response:
    """List the daily sheets of a group, of the days in `[from, to)` of which anything is known.

    An animal belongs to the group in which it spent more than half of the day.
    """
    series = measured.group_series(caller.connection, group)
    return _group_days(caller, series.farm_id, group, days, asked)


@router.get("/farms/{farm}/days", response_model=GroupDays)
def list_herd_days(caller: Caller, farm: FarmName, days: Days, asked: Annotated[Asked, listing(GroupDay)]) -> Response:
    """List the daily sheets of a farm's whole herd, of the days in `[from, to)` of which anything is known."""
    farm_id = readable.farm(caller.connection, farm).id
    return _group_days(caller, farm_id, None, days, asked)


def _animal_days(  # noqa: PLR0917 - what both routes were asked, handed on
    caller: Scope, farm_id: int, names: Mapping[int, str], days: _Days, zone: tzinfo, asked: Asked
) -> Response:
    def find(connection: Connection, where: Left, most: int) -> Sequence[tuple[int, Sheet]]:
        return behaviour.sheets_between(
            connection, list(names), where.first, where.last, after_animal=where.animal, limit=most
        )

    def behind(found: tuple[int, Sheet], where: Left) -> Left:
        return where.model_copy(update={"first": found[1].day, "animal": found[0]})

    start = _left(caller, farm_id, days)
    return asked.answer(caller, Listing(start, find, behind, lambda found: AnimalDay.of(*found, names, zone)))


def _group_days(caller: Scope, farm_id: int, group_id: int | None, days: _Days, asked: Asked) -> Response:
    def find(connection: Connection, where: Left, most: int) -> Sequence[GroupSheet]:
        return behaviour.group_sheets(connection, farm_id, group_id, where.first, where.last)[:most]

    def behind(sheet: GroupSheet, where: Left) -> Left:
        return where.model_copy(update={"first": sheet.day + timedelta(days=1)})

    return asked.answer(caller, Listing(_left(caller, farm_id, days), find, behind, GroupDay.of))


def _left(caller: Scope, farm_id: int, days: _Days) -> Left:
    zone = rollups.zone_of(caller.connection, farm_id)
    first, last = span_of(days, readable.now(caller.connection).astimezone(zone).date())
    return Left(first=first, last=last)


def span_of(days: _Days, today: date) -> tuple[date, date]:
    """Return the first and the last day that a request means, both included; none if the last is earlier.

    Raises:
        ProblemError: 422, it ends before it begins.
    """
    refuse_backwards(days.start, days.to)
    to = days.to or max(today + timedelta(days=1), days.start or _FIRST)
    first = days.start or max(to - timedelta(days=DEFAULT_DAYS), _FIRST)
    return first, min(to, _LAST) - timedelta(days=1)
