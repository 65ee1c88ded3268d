"""Windows of 15 minutes: seconds heard, known and standing of an animal, a group, a herd."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated, Self, TypeVar

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.forms import paging, times
from api.forms.answers import Answer, Page
from api.forms.identifiers import AnimalId, FarmName, GroupId
from api.forms.paging import Cursor, Limit
from api.forms.times import From, To, Zone
from api.people.callers import Caller
from core.timeline import BUCKET, bucket_of, bucket_start
from storage import measured, readable
from storage.measured import AnimalWindow
from storage.scoping import Scope
from storage.series import Measured, Series

router = APIRouter(prefix="/v1", tags=["windows"])

Found = TypeVar("Found", AnimalWindow, Measured)
Find = Callable[[datetime, datetime, int], Sequence[Found]]
"""Returns the first windows of a span `[start, end)`, as many as asked for, in order of time."""


class Window(Answer):
    """15 minutes of an animal, a group or a herd; windows of which nothing was heard are left out."""

    bucket: datetime = Field(description="Start of the 15 minutes.", examples=["2026-03-29T01:00:00Z"])
    received_s: int = Field(description="Seconds of which anything was received, over all members.", examples=[6950])
    known_s: int = Field(description="Seconds of which the posture is known, over all members.", examples=[6900])
    standing_s: int = Field(description="Seconds standing, over all members.", examples=[4140])
    standing_ratio: float | None = Field(
        description="`standing_s / known_s`, 0 to 1; null unless enough of the seconds are known.", examples=[0.6]
    )

    @classmethod
    def of(cls, found: AnimalWindow | Measured, zone: tzinfo) -> Self:
        """Tell a window in a time zone."""
        return cls(**{**found._asdict(), "bucket": found.bucket.astimezone(zone)})


class MembersWindow(Window):
    """15 minutes of a group or a herd."""

    heard: int = Field(description="Members of which anything was heard.", examples=[7])
    members: int = Field(description="Animals that belonged to it and wore a collar.", examples=[8])


class AnimalWindows(Page):
    """A part of an animal's windows, in order of time."""

    items: list[Window]


class MembersWindows(Page):
    """A part of the windows of a group or a herd, in order of time."""

    items: list[MembersWindow]


@dataclass(frozen=True, slots=True)
class _Part:
    """What a request asks for of a list of windows."""

    start: From = None
    to: To = None
    limit: Limit = 200
    cursor: Cursor = None


AskedPart = Annotated[_Part, Depends()]


class _Span(BaseModel, extra="forbid", strict=True):
    """What is left of a list of windows: those from bucket `first` on and before bucket `last`, by number."""

    first: int
    last: int


@router.get("/animals/{animal}/windows")
def list_animal_windows(caller: Caller, animal: AnimalId, part: AskedPart, zone: Zone) -> AnimalWindows:
    """List the windows of an animal whose start lies in `[from, to)`."""

    def find(begin: datetime, end: datetime, most: int) -> Sequence[AnimalWindow]:
        return measured.animal_windows(caller.connection, animal, begin, end, limit=most)

    page, following = _page(find, _left(caller, part), part.limit)
    return AnimalWindows(items=[Window.of(window, zone) for window in page], next=following)


@router.get("/groups/{group}/windows")
def list_group_windows(caller: Caller, group: GroupId, part: AskedPart, zone: Zone) -> MembersWindows:
    """List the windows of a group whose start lies in `[from, to)`.

    Members of a window are the animals that belonged to the group at its start and wore a collar in it.
    """
    series = measured.group_series(caller.connection, group)
    return _members_windows(caller, series, _left(caller, part), part.limit, zone)


@router.get("/farms/{farm}/windows")
def list_herd_windows(caller: Caller, farm: FarmName, part: AskedPart, zone: Zone) -> MembersWindows:
    """List the windows of a farm's whole herd whose start lies in `[from, to)`.

    Members of a window are the animals that wore a collar in it.
    """
    series = measured.herd_series(caller.connection, farm)
    return _members_windows(caller, series, _left(caller, part), part.limit, zone)


def _members_windows(caller: Scope, series: Series, left: _Span, limit: int, zone: tzinfo) -> MembersWindows:
    def find(begin: datetime, end: datetime, most: int) -> Sequence[Measured]:
        return measured.first_of_history(caller.connection, series, begin, end, limit=most)

    page, following = _page(find, left, limit)
    return MembersWindows(items=[MembersWindow.of(window, zone) for window in page], next=following)


def _left(caller: Scope, part: _Part) -> _Span:
    if part.cursor is None:
        begin, end = times.span(part.start, part.to, readable.now(caller.connection))
        return _Span(first=_first_bucket(begin), last=_first_bucket(end))
    left = paging.read(_Span, part.cursor)
    if not 0 <= left.first <= left.last <= bucket_of(times.LAST):
        raise paging.refused()
    return left


def _first_bucket(instant: datetime) -> int:
    return bucket_of(instant + BUCKET) if instant != bucket_start(bucket_of(instant)) else bucket_of(instant)


def _page(find: Find[Found], left: _Span, limit: int) -> tuple[Sequence[Found], str | None]:
    found = find(bucket_start(left.first), bucket_start(left.last), limit + 1)
    return paging.cut(found, limit, lambda last: _Span(first=bucket_of(last.bucket) + 1, last=left.last))
