"""Bouts: each stretch of lying or standing of an animal."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Literal, Self

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.forms import times
from api.forms.answers import Answer, Page
from api.forms.columns import UNIT
from api.forms.identifiers import LARGEST_ID, AnimalId, FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.times import LAST, From, To, Zone
from api.people.callers import Caller
from core.timeline import EPOCH
from storage.animals import behaviour, bouts
from storage.engine.database import Connection
from storage.herds import readable
from storage.measurements import measured

router = Router(prefix="/v1", tags=["behaviour"])

_US = timedelta(microseconds=1)
_END = (LAST - EPOCH) // _US

OnlyAnimals = Annotated[
    list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] | None,
    Query(alias="animal", max_length=500, description="Only this animal; give it again for another. All if left out."),
]


class Bout(Answer):
    """A stretch of an animal in one posture."""

    animal_id: int = Field(examples=[7])
    animal_name: str = Field(examples=["Blanchette"])
    posture: Literal["lying", "standing"]
    start: datetime = Field(description="First second, inclusive.")
    until: datetime = Field(description="Exclusive.")
    length_s: int = Field(examples=[4210], json_schema_extra={UNIT: "s"})
    open_start: bool = Field(description="It may have begun earlier: what came before is not known.")
    open_end: bool = Field(description="It may have gone on: what comes after is not known.")

    @classmethod
    def of(cls, bout: bouts.Bout, names: Mapping[int, str], zone: tzinfo) -> Self:
        """Tell a bout."""
        return cls(
            animal_id=bout.animal_id,
            animal_name=names[bout.animal_id],
            posture="lying" if bout.lying else "standing",
            start=bout.start.astimezone(zone),
            until=bout.until.astimezone(zone),
            length_s=round((bout.until - bout.start).total_seconds()),
            open_start=bout.open_start,
            open_end=bout.open_end,
        )


class Bouts(Page):
    """A part of the bouts of animals, by their start."""

    items: list[Bout]


class _Left(BaseModel, extra="forbid", strict=True):
    """What is left of a list: the bouts of a span behind this start and animal; microseconds since 1970."""

    first: int = Field(ge=0, le=_END)
    last: int = Field(ge=0, le=_END)
    start: int | None = Field(None, ge=0, le=_END)
    animal: int = Field(0, ge=0, le=LARGEST_ID)


@router.get("/animals/{animal}/bouts", response_model=Bouts)
def list_animal_bouts(  # noqa: PLR0917 - each is a parameter of the request
    caller: Caller,
    animal: AnimalId,
    zone: Zone,
    asked: Annotated[Asked, listing(Bout)],
    start: From = None,
    to: To = None,
) -> Response:
    """List the bouts of an animal that have a part in `[from, to)`."""
    series = measured.animal_series(caller.connection, animal)
    where = _left(caller.connection, start, to)
    return asked.answer(caller, _bouts(where, {animal: series.name}, zone))


@router.get("/farms/{farm}/animals/bouts", response_model=Bouts)
def list_bouts(  # noqa: PLR0917 - each is a parameter of the request
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    asked: Annotated[Asked, listing(Bout)],
    start: From = None,
    to: To = None,
    animal: OnlyAnimals = None,
) -> Response:
    """List the bouts of a farm's animals that have a part in `[from, to)`, by start and animal."""
    names = names_of(caller.connection, readable.farm(caller.connection, farm).id, animal)
    return asked.answer(caller, _bouts(_left(caller.connection, start, to), names, zone))


def names_of(connection: Connection, farm_id: int, only: Sequence[int] | None) -> dict[int, str]:
    """Return the names of a farm's animals, or of some of them, by id."""
    known = behaviour.animals_of(connection, farm_id)
    return {animal_id: name for name, animal_id in known.items() if only is None or animal_id in only}


def _bouts(start: _Left, names: Mapping[int, str], zone: tzinfo) -> Listing[bouts.Bout, _Left]:
    def find(connection: Connection, where: _Left, most: int) -> Sequence[bouts.Bout]:
        after = None if where.start is None else (_instant(where.start), where.animal)
        first, last = _instant(where.first), _instant(where.last)
        return bouts.bouts_between(connection, list(names), first, last, after=after, limit=most)

    def behind(bout: bouts.Bout, where: _Left) -> _Left:
        return where.model_copy(update={"start": (bout.start - EPOCH) // _US, "animal": bout.animal_id})

    return Listing(start, find, behind, lambda bout: Bout.of(bout, names, zone))


def _left(connection: Connection, start: datetime | None, to: datetime | None) -> _Left:
    first, last = times.span(start, to, readable.now(connection))
    return _Left(first=(first - EPOCH) // _US, last=(last - EPOCH) // _US)


def _instant(us: int) -> datetime:
    return EPOCH + us * _US
