"""Collars that nobody wears: what a person looks at who has a box of them and puts them on."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Literal, Self

from fastapi import Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.times import Zone
from api.people.callers import Caller
from storage.engine.database import Connection
from storage.herds import readable, unworn
from storage.herds.unworn import Unworn

router = Router(prefix="/v1/farms/{farm}", tags=["herd"])


class UnwornCollar(Answer):
    """A collar that nobody wears now."""

    id: int = Field(examples=[12])
    name: str = Field(description="As in MQTT topics.", examples=["c-012"])
    mount: Literal["unknown", "leg", "collar", "ear"] = Field(description="Where it sits.")
    taken_off: datetime | None = Field(description="When it was last taken off; null if it was never worn.")
    first_heard: datetime | None = Field(
        description="The first second since then of which it sent anything: whoever puts it on an animal from then on"
        " brings in all that it said. Only managers see it."
    )
    last_heard: datetime | None = Field(description="End of the latest second of which it sent anything.")
    recent_s: int = Field(
        description="Seconds of which it sent anything, of the quarters of an hour that began within the last hour."
        " Only managers see it.",
        examples=[1260],
    )
    battery_v: float | None = Field(description="Volts, as it last said.", examples=[3.7])
    rssi_dbm: float | None = Field(description="Strength of its signal, dBm, as it last said.", examples=[-71])

    @classmethod
    def of(cls, found: Unworn, zone: tzinfo) -> Self:
        """Tell a collar."""
        fields = found._asdict().items()
        return cls(**{name: value.astimezone(zone) if isinstance(value, datetime) else value for name, value in fields})


class UnwornCollars(Page):
    """A part of the collars that nobody wears."""

    items: list[UnwornCollar]


@router.get("/unworn-collars", response_model=UnwornCollars)
def list_unworn_collars(
    caller: Caller, farm: FarmName, zone: Zone, asked: Annotated[Asked, listing(UnwornCollar)]
) -> Response:
    """List the collars that nobody wears now: those that speak and belong to no animal yet, and those given back.

    A collar is made when it is first heard, so whoever switches a box of them on finds them here.
    """
    farm_id = readable.farm(caller.connection, farm).id

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[Unworn]:
        return unworn.unworn(connection, farm_id, after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, lambda one: UnwornCollar.of(one, zone)))
