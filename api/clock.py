"""The node's time: in a demo or a replay another one than on the wall."""

from datetime import datetime, tzinfo
from typing import Self

from pydantic import Field

from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.forms.times import Zone
from api.people.callers import Caller
from core.clock import NodeClock
from storage.engine import clocks
from storage.herds import readable

router = Router(prefix="/v1", tags=["farms"])


class Clock(Answer):
    """What time it is."""

    now: datetime = Field(description="The node's time, that of all data.", examples=["2026-03-29T01:02:03Z"])
    speed: float = Field(description="Its seconds for one on the wall; 1 in ordinary life.", examples=[1])

    @classmethod
    def of(cls, clock: NodeClock, now: datetime, zone: tzinfo) -> Self:
        """Tell the time in a time zone."""
        return cls(now=now.astimezone(zone), speed=clock.speed)


@router.get("/clock")
def read_clock(caller: Caller, zone: Zone) -> Clock:
    """Return the node's time, which charts and ages of data are to be held against."""
    return Clock.of(clocks.read(caller.connection), readable.now(caller.connection), zone)
