"""Windows of 15 minutes, hours and local days: seconds heard, known and standing of animals, a group, a herd."""

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from api.forms import spans
from api.forms.identifiers import LARGEST_ID, AnimalId, FarmName, GroupId
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.spans import Left, LeftOfMany, Span
from api.forms.times import Zone
from api.people.callers import Caller
from api.window_files import OfMany, OfOne
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
from storage.access.scoping import Scope
from storage.engine.database import Connection
from storage.herds import readable
from storage.measurements import measured, rollups, window_pages
from storage.measurements.measured import AnimalWindow, OneOfMany
from storage.measurements.rollups import Total
from storage.measurements.series import Measured, Series
from storage.measurements.window_files import Sought

router = Router(prefix="/v1", tags=["windows"])

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
    now = readable.now(caller.connection)
    start = spans.left(span, now)
    if resolution != "15min":
        totals = _totals(caller, series, resolution)
        return asked.answer(caller, Listing(start, totals, _behind, lambda total: window(total, zone)))

    def find(connection: Connection, where: Left, most: int) -> Sequence[AnimalWindow]:
        return window_pages.first_windows(connection, animal, where.start, where.end, limit=most)

    bulk = OfOne(animal, OfMany(series.farm_id, [animal], zone, now))
    return asked.answer(caller, Listing(start, find, _behind, lambda found: window(found, zone), bulk))


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
    now = readable.now(caller.connection)
    whole = spans.left(span, now)
    start = LeftOfMany(first=whole.first, last=whole.last, animal=0, next=whole.first)

    def find(connection: Connection, where: LeftOfMany, most: int) -> Sequence[OneOfMany]:
        since = bucket_start(where.next)
        sought = Sought(farm_id, where.start, where.end, where.animal, since, animal)
        return window_pages.windows_of_all(connection, sought, most)

    def behind(found: OneOfMany, where: LeftOfMany) -> LeftOfMany:
        return where.model_copy(update={"animal": found.animal_id, "next": bucket_of(found.bucket) + 1})

    bulk = OfMany(farm_id, animal, zone, now)
    return asked.answer(caller, Listing(start, find, behind, lambda found: one_animals_window(found, zone), bulk))


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
