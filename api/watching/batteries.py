"""Batteries of collars, day by day; what a collar last said of itself stands in the list of collars."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, NamedTuple, Self

from fastapi.responses import Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.columns import UNIT
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.herd.collars import CollarId
from api.people.callers import Caller
from api.watching.sheets import Day, Days, Left, span_of
from storage.engine.database import Connection
from storage.evidence import batteries
from storage.herds import readable

router = Router(prefix="/v1/farms/{farm}/collars/{collar}", tags=["herd"])


class _Said(NamedTuple):
    day: date
    least_v: float


class BatteryDay(Answer):
    """The least that a collar said of its battery in a day."""

    day: Day = Field(description="In UTC.")
    least_v: float = Field(description="Volts.", examples=[3.61], json_schema_extra={UNIT: "V"})

    @classmethod
    def of(cls, said: _Said) -> Self:
        """Tell a day."""
        return cls(day=said.day.isoformat(), least_v=said.least_v)


class BatteryDays(Page):
    """A part of what a collar said of its battery, by day."""

    items: list[BatteryDay]


@router.get("/battery", response_model=BatteryDays)
def list_battery(
    caller: Caller, farm: FarmName, collar: CollarId, days: Days, asked: Annotated[Asked, listing(BatteryDay)]
) -> Response:
    """List the least voltage that a collar told on each day of `[from, to)`."""
    farm_id = readable.farm(caller.connection, farm).id
    readable.collar(caller.connection, farm_id, collar)
    first, last = span_of(days, readable.now(caller.connection).date())

    def find(connection: Connection, where: Left, most: int) -> Sequence[_Said]:
        said = batteries.days_of(connection, [collar], where.first, where.last).get(collar, ())
        return [_Said(*one) for one in said[:most]]

    def behind(said: _Said, where: Left) -> Left:
        return where.model_copy(update={"first": said.day + timedelta(days=1)})

    tell = Listing(Left(first=first, last=last), find, behind, BatteryDay.of)
    return asked.answer(caller, tell)
