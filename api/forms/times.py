"""Time in requests and answers: RFC 3339 with an offset in, UTC or a wished time zone out."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from api.forms.problems import invalid_field
from core.errors import NotFoundError
from core.problem_texts import say
from core.timeline import EPOCH
from core.wallclock import zone_named

Ordered = TypeVar("Ordered", date, datetime)

DEFAULT_SPAN: Final = timedelta(hours=48)
LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""No data lie outside `[1970, 2200)`; spans are cut to it."""

_EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""Instants between these can be told in every time zone."""

_LOST_PLUS: Final = re.compile(r"(T[0-9:.]+) ([0-9]{2}:[0-9]{2})")
_NUMBER: Final = re.compile(r"\s*[+-]?[0-9.]+\s*")


def _instant(given: Any) -> Any:
    if isinstance(given, int | float):
        raise ValueError(say("number_for_instant"))  # noqa: TRY004 - pydantic tells only this one
    if isinstance(given, str):
        if _NUMBER.fullmatch(given):
            raise ValueError(say("number_for_instant"))
        return _LOST_PLUS.sub(r"\1+\2", given)  # an unescaped plus of a query arrives as a space
    return given


def _tellable(instant: datetime) -> datetime:
    return min(max(instant, _EARLIEST), _LATEST)


Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_tellable)]
"""An instant as RFC 3339 with its offset; the calendar's first and last day are taken for those beside them."""

From = Annotated[
    Instant | None,
    Query(alias="from", description="First instant, inclusive; 48 hours before `to` if left out."),
]
To = Annotated[Instant | None, Query(description="Last instant, exclusive; now if left out.")]


async def _zone(
    tz: Annotated[
        str,
        Query(
            max_length=64,
            description="IANA time zone of the times in the answer.",
            examples=["Europe/Paris"],
            json_schema_extra={"format": "iana-time-zone"},
        ),
    ] = "UTC",
) -> tzinfo:
    if tz == "UTC":
        return UTC
    try:
        return zone_named(tz)
    except NotFoundError:
        raise invalid_field("tz", "query", say("no_time_zone")) from None


Zone = Annotated[tzinfo, Depends(_zone)]
"""The time zone in which an answer tells its times."""


def name_of(zone: tzinfo) -> str:
    """Return the IANA name of a time zone, as the database knows it too."""
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def span(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the span `[start, end)` that a request means, in UTC; both within `[1970, 2200]`.

    Raises:
        ProblemError: 422, it ends before it begins.
    """
    refuse_backwards(start, end)
    if end is None:
        end = now if start is None else max(start, now)
    end = _within(end)
    return (max(end - DEFAULT_SPAN, EPOCH) if start is None else _within(start)), end


def refuse_backwards(start: Ordered | None, end: Ordered | None) -> None:
    """Refuse a query's `from` and `to` in the wrong order; the same for both is a span with nothing in it.

    Raises:
        ProblemError: 422, naming `to`.
    """
    if start is not None and end is not None and end < start:
        raise invalid_field("to", "query", say("to_before_from"))


def _within(instant: datetime) -> datetime:
    return min(max(instant, EPOCH), LAST).astimezone(UTC)
