"""Windows of 15 minutes, hours and local days: seconds heard, known and standing of animals, a group, a herd."""

from collections.abc import Callable, Sequence
from datetime import timedelta, tzinfo
from typing import Annotated, Final

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from api.forms import spans
from api.forms.columns import Column
from api.forms.csv_text import cell
from api.forms.identifiers import LARGEST_ID, AnimalId, FarmName, GroupId
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.spans import Left, LeftOfMany, Span
from api.forms.times import Zone, name_of
from api.people.callers import Caller
from api.window_items import (
    AllWindows,
    AnimalWindows,
    MembersWindow,
    MembersWindows,
    OneAnimalsWindow,
    Window,
    members_window,
    one_animals_window,
    window,
)
from core.periods import Resolution
from core.timeline import bucket_of, bucket_start
from storage import measured, readable, rollups
from storage.copying import Dialect
from storage.database import Connection
from storage.measured import AnimalWindow, OneOfMany
from storage.rollups import Total
from storage.scoping import Scope
from storage.series import Measured, Series

router = Router(prefix="/v1", tags=["windows"])

_COPIED_AT_ONCE: Final = timedelta(days=366)
"""Of one animal: 35,136 rows, some 2 MB."""

Resolved = Annotated[
    Resolution,
    Query(description="How long windows are; hours and days begin where the farm's own clock shows it."),
]
OnlyAnimals = Annotated[
    list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] | None,
    Query(alias="animal", max_length=500, description="Only this animal; give it again for another. All if left out."),
]


@router.get("/animals/{animal}/windows", response_model=AnimalWindows)
def list_animal_windows(
    caller: Caller,
    animal: AnimalId,
    span: Span,
    zone: Zone,
    asked: Annotated[Asked, listing(Window)],
    *,
    resolution: Resolved = "15min",
) -> Response:
    """List the windows of an animal that begin in `[from, to)`."""
    series = measured.animal_series(caller.connection, animal)
    start = spans.left(span, readable.now(caller.connection))
    if resolution != "15min":
        totals = _totals(caller, series, resolution)
        return asked.answer(caller, Listing(start, totals, _behind, lambda total: window(total, zone)))

    def find(connection: Connection, where: Left, most: int) -> Sequence[AnimalWindow]:
        return measured.animal_windows(connection, animal, where.start, where.end, limit=most)

    def copy(
        connection: Connection, where: Left, columns: Sequence[Column], dialect: Dialect
    ) -> tuple[bytes, Left | None]:
        return _copied(connection, where, (animal, series.name), columns, (dialect, zone))

    return asked.answer(caller, Listing(start, find, _behind, lambda found: window(found, zone), copy))


@router.get("/groups/{group}/windows", response_model=MembersWindows)
def list_group_windows(
    caller: Caller,
    group: GroupId,
    span: Span,
    zone: Zone,
    asked: Annotated[Asked, listing(MembersWindow)],
    *,
    resolution: Resolved = "15min",
) -> Response:
    """List the windows of a group that begin in `[from, to)`.

    Members of 15 minutes are the animals that belonged to the group at their start and wore a collar in them.
    """
    series = measured.group_series(caller.connection, group)
    return _members_windows(caller, series, span, asked, resolution, zone)


@router.get("/farms/{farm}/windows", response_model=MembersWindows)
def list_herd_windows(
    caller: Caller,
    farm: FarmName,
    span: Span,
    zone: Zone,
    asked: Annotated[Asked, listing(MembersWindow)],
    *,
    resolution: Resolved = "15min",
) -> Response:
    """List the windows of a farm's whole herd that begin in `[from, to)`.

    Members of 15 minutes are the animals that wore a collar in them.
    """
    series = measured.herd_series(caller.connection, farm)
    return _members_windows(caller, series, span, asked, resolution, zone)


@router.get("/farms/{farm}/animal-windows", response_model=AllWindows)
def list_windows(
    caller: Caller,
    farm: FarmName,
    span: Span,
    zone: Zone,
    asked: Annotated[Asked, listing(OneAnimalsWindow)],
    *,
    animal: OnlyAnimals = None,
) -> Response:
    """List the windows of 15 minutes of a farm's animals that begin in `[from, to)`, by animal and time."""
    farm_id = readable.farm(caller.connection, farm).id
    whole = spans.left(span, readable.now(caller.connection))
    start = LeftOfMany(first=whole.first, last=whole.last, animal=0, next=whole.first)

    def find(connection: Connection, where: LeftOfMany, most: int) -> Sequence[OneOfMany]:
        return measured.windows_of_all(
            connection,
            farm_id,
            where.start,
            where.end,
            animal=where.animal,
            since=bucket_start(where.next),
            only=animal,
            limit=most,
        )

    def behind(found: OneOfMany, where: LeftOfMany) -> LeftOfMany:
        return where.model_copy(update={"animal": found.animal_id, "next": bucket_of(found.bucket) + 1})

    def copy(
        connection: Connection, where: LeftOfMany, columns: Sequence[Column], dialect: Dialect
    ) -> tuple[bytes, LeftOfMany | None]:
        one = measured.next_animal(connection, farm_id, animal=where.animal, only=animal)
        if one is None:
            return b"", None
        begin = where.next if one[0] == where.animal else where.first
        of_one = Left(first=min(begin, where.last), last=where.last)
        rows, following = _copied(connection, of_one, one, columns, (dialect, zone))
        if following is None:
            return rows, where.model_copy(update={"animal": one[0] + 1, "next": where.first})
        return rows, where.model_copy(update={"animal": one[0], "next": following.first})

    return asked.answer(caller, Listing(start, find, behind, lambda found: one_animals_window(found, zone), copy))


def _members_windows(  # noqa: PLR0917 - what both routes were asked, handed on
    caller: Scope, series: Series, span: Span, asked: Asked, resolution: Resolution, zone: tzinfo
) -> Response:
    start = spans.left(span, readable.now(caller.connection))
    if resolution != "15min":
        totals = _totals(caller, series, resolution)
        return asked.answer(caller, Listing(start, totals, _behind, lambda one: members_window(one, zone)))

    def find(connection: Connection, where: Left, most: int) -> Sequence[Measured]:
        return measured.first_of_history(connection, series, where.start, where.end, limit=most)

    return asked.answer(caller, Listing(start, find, _behind, lambda one: members_window(one, zone)))


def _totals(
    caller: Scope, series: Series, resolution: Resolution
) -> Callable[[Connection, Left, int], Sequence[Total]]:
    zone = rollups.zone_of(caller.connection, series.farm_id)

    def find(connection: Connection, where: Left, most: int) -> Sequence[Total]:
        return rollups.totals(connection, series, where.first, where.last, resolution=resolution, zone=zone, most=most)

    return find


def _behind(found: AnimalWindow | Measured | Total, where: Left) -> Left:
    return where.behind(found.bucket)


def _copied(
    connection: Connection,
    where: Left,
    animal: tuple[int, str],
    columns: Sequence[Column],
    style: tuple[Dialect, tzinfo],
) -> tuple[bytes, Left | None]:
    """Return what an animal has of a list in its next year, and what is left of it behind that."""
    begin = measured.next_window(connection, animal[0], where.start, where.end)
    if begin is None:
        return b"", None
    end = min(begin + _COPIED_AT_ONCE, where.end)
    named, names = (animal[0], cell(animal[1], style[0])), [column.name for column in columns]
    rows = measured.copied_windows(connection, named, begin, end, names, dialect=style[0], zone=name_of(style[1]))
    return rows, where.model_copy(update={"first": bucket_of(end)}) if end < where.end else None
