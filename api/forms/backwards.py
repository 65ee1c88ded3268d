"""Lists that go back in time: what lies in a span `[from, to)`, the latest first, and where such a list goes on."""

from datetime import datetime, timedelta
from typing import Final, Self

from pydantic import BaseModel, Field

from api.forms import times
from api.forms.spans import Span
from api.forms.times import LAST
from core.timeline import EPOCH

_US: Final = timedelta(microseconds=1)
_LAST_US: Final = (LAST - EPOCH) // _US


class Before(BaseModel, extra="forbid", strict=True):
    """What is left of a list: from `first_us` on and before `before_us`, in microseconds since 1970."""

    first_us: int = Field(ge=0, le=_LAST_US)
    before_us: int = Field(ge=0, le=_LAST_US)

    @property
    def start(self) -> datetime:
        """The first instant."""
        return EPOCH + self.first_us * _US

    @property
    def end(self) -> datetime:
        """The last instant, not included."""
        return EPOCH + self.before_us * _US

    def behind(self, instant: datetime) -> Self:
        """Return what is left behind an instant."""
        return self.model_copy(update={"before_us": (instant - EPOCH) // _US})


def before(span: Span, now: datetime) -> Before:
    """Return a whole span as it is asked for."""
    begin, end = times.span(span.start, span.to, now)
    return Before(first_us=(begin - EPOCH) // _US, before_us=(end - EPOCH) // _US)
