"""Lists by time: the buckets of a span `[from, to)`, and where such a list goes on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Self

from fastapi import Depends
from pydantic import BaseModel, Field, model_validator

from api.forms import times
from api.forms.identifiers import LARGEST_ID
from api.forms.times import From, To
from core.timeline import BUCKET, EPOCH, bucket_of, bucket_start

_LAST: Final = bucket_of(times.LAST)


@dataclass(frozen=True, slots=True)
class _Span:
    """The span that a request asks for; what is left out depends on the time."""

    start: datetime | None
    to: datetime | None


async def _span(start: From = None, to: To = None) -> _Span:
    return _Span(start, to)


Span = Annotated[_Span, Depends(_span)]


class Left(BaseModel, extra="forbid", strict=True):
    """What is left of a list by time: buckets `first` and on, before bucket `last`, by number."""

    first: int = Field(ge=0, le=_LAST)
    last: int = Field(ge=0, le=_LAST)

    @model_validator(mode="after")
    def _refuse_reversed(self) -> Self:
        if self.first > self.last:
            raise ValueError
        return self

    @property
    def start(self) -> datetime:
        """The first instant."""
        return bucket_start(self.first)

    @property
    def end(self) -> datetime:
        """The last instant, not included."""
        return bucket_start(self.last)

    def behind(self, bucket: datetime) -> Self:
        """Return what is left behind a bucket."""
        return self.model_copy(update={"first": bucket_of(bucket) + 1})


class LeftOfMany(Left):
    """What is left of a list by animal and time: of this animal from bucket `next` on, and of those behind it all."""

    animal: int = Field(ge=0, le=LARGEST_ID)
    next: int = Field(ge=0, le=_LAST)


def left(span: _Span, now: datetime) -> Left:
    """Return the buckets that begin in a span."""
    begin, end = times.span(span.start, span.to, now)
    first, last = _first_bucket(begin), _first_bucket(end)
    return Left(first=first, last=max(first, last))


def until(at: datetime | None, length: timedelta, now: datetime) -> Left:
    """Return the buckets that begin in a span of some length that ends at an instant, or now."""
    _, end = times.span(None, at, now)
    return left(_Span(max(end - length, EPOCH), end), now)


def _first_bucket(instant: datetime) -> int:
    return bucket_of(instant + BUCKET) if instant != bucket_start(bucket_of(instant)) else bucket_of(instant)
