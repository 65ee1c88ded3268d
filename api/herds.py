"""The herd of a farm as it is now: groups, animals, collars."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Literal, Self

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import LARGEST_ID, FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.times import Zone
from api.people.callers import Caller
from storage.engine.database import Connection
from storage.herds import readable

router = Router(prefix="/v1/farms/{farm}", tags=["herd"])

OfName = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$", description="Only the one of this name.")]


class Group(Answer):
    """A group of animals."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["primipares"])
    animals: int = Field(description="How many belong to it now.", examples=[8])


class Groups(Page):
    """A part of a farm's groups."""

    items: list[Group]


class GroupName(Answer):
    """A group, by its id and name."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["primipares"])


class Animal(Answer):
    """An animal."""

    id: int = Field(examples=[7])
    name: str = Field(examples=["Blanchette"])
    group: GroupName | None = Field(description="The group it belongs to now.")
    collar_ids: list[int] = Field(description="Collars that it wears now.", examples=[[12]])

    @classmethod
    def of(cls, animal: readable.Animal) -> Self:
        """Tell an animal."""
        group = None
        if animal.group_id is not None and animal.group_name is not None:
            group = GroupName(id=animal.group_id, name=animal.group_name)
        return cls(id=animal.id, name=animal.name, group=group, collar_ids=list(animal.collar_ids))


class Animals(Page):
    """A part of a farm's animals."""

    items: list[Animal]


class AnimalName(Answer):
    """An animal, by its id and name."""

    id: int = Field(examples=[7])
    name: str = Field(examples=["Blanchette"])


class CollarStatus(Answer):
    """What a collar last said of itself; null where it said nothing."""

    at: datetime
    online: bool | None = Field(examples=[True])
    battery_v: float | None = Field(description="Volts.", examples=[3.7])
    rssi_dbm: float | None = Field(description="Strength of its signal, dBm.", examples=[-71])
    firmware: str | None = Field(examples=["1.4.2"])

    @classmethod
    def of(cls, collar: readable.Collar, zone: tzinfo) -> Self | None:
        """Tell a collar's status, if it ever said anything of itself."""
        if collar.status_at is None:
            return None
        return cls(
            at=collar.status_at.astimezone(zone),
            online=collar.online,
            battery_v=collar.battery_v,
            rssi_dbm=collar.rssi_dbm,
            firmware=collar.firmware,
        )


class Collar(Answer):
    """A collar or leg tag."""

    id: int = Field(examples=[12])
    name: str = Field(description="As in MQTT topics.", examples=["c-012"])
    mount: Literal["unknown", "leg", "collar", "ear"] = Field(description="Where it sits now.")
    axes: list[str] | None = Field(
        description="What the three numbers of a sample are, in order; null while nobody has said the mount.",
        examples=[["fwd", "up", "right"]],
    )
    hold_s: int | None = Field(description="Seconds that a sample stands for; null as above.", examples=[1])
    recomputing: bool = Field(description="Whether what it sent before is still to be read again another way.")
    animal: AnimalName | None = Field(description="Who wears it now.")
    last_heard: datetime | None = Field(description="End of the latest second of which it sent anything.")
    status: CollarStatus | None

    @classmethod
    def of(cls, collar: readable.Collar, zone: tzinfo) -> Self:
        """Tell a collar."""
        animal = None
        if collar.animal_id is not None and collar.animal_name is not None:
            animal = AnimalName(id=collar.animal_id, name=collar.animal_name)
        return cls(
            id=collar.id,
            name=collar.name,
            mount=collar.mount,
            axes=None if collar.axes is None else collar.axes.split(","),
            hold_s=collar.hold_s,
            recomputing=collar.recomputing,
            animal=animal,
            last_heard=None if collar.last_heard is None else collar.last_heard.astimezone(zone),
            status=CollarStatus.of(collar, zone),
        )


class Collars(Page):
    """A part of a farm's collars."""

    items: list[Collar]


@router.get("/groups", response_model=Groups)
def list_groups(
    caller: Caller, farm: FarmName, asked: Annotated[Asked, listing(Group)], name: OfName = None
) -> Response:
    """List the groups of a farm."""
    farm_id = readable.farm(caller.connection, farm).id

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[readable.Group]:
        return readable.groups(connection, farm_id, name=name, after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, Group.model_validate))


@router.get("/animals", response_model=Animals)
def list_animals(
    caller: Caller,
    farm: FarmName,
    asked: Annotated[Asked, listing(Animal)],
    name: OfName = None,
    group: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only those in this group now.")] = None,
) -> Response:
    """List the animals of a farm, with the group and the collars that each has now."""
    farm_id = readable.farm(caller.connection, farm).id

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[readable.Animal]:
        return readable.animals(connection, farm_id, name=name, group=group, after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, Animal.of))


@router.get("/collars", response_model=Collars)
def list_collars(  # noqa: PLR0917 - each is a parameter of the request
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    asked: Annotated[Asked, listing(Collar)],
    name: OfName = None,
    animal: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Only those it wears now.")] = None,
) -> Response:
    """List the collars of a farm: who wears them now, when they were last heard, their latest status."""
    farm_id = readable.farm(caller.connection, farm).id

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[readable.Collar]:
        return readable.collars(connection, farm_id, name=name, animal=animal, after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, lambda collar: Collar.of(collar, zone)))
