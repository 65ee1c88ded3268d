"""Devices of network servers: which collar each is, and those that speak and are none yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import Path, Response
from pydantic import AfterValidator, BaseModel, Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import LARGEST_ID, FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.times import LAST, Zone
from api.forms.values import ONLY_DIGITS
from api.herd.changing import REFUSED_CHANGES, Body, Managed
from api.herd.collars import CollarId
from api.people.callers import Caller
from core.devices import PATTERN, alias_of
from core.timeline import EPOCH
from storage.engine.database import Connection
from storage.herds import devices, readable
from storage.herds.devices import Behind, Unknown

router = Router(prefix="/v1/farms/{farm}", tags=["herd"])

DeviceId = Annotated[
    int, Path(ge=1, le=LARGEST_ID, description="Id of a device of the collar.", examples=[5]), ONLY_DIGITS
]

_DEVICE = "At its network server: `tts:` and the device id, `chirpstack:` and the DevEUI, `senml:` and the name."


class Device(Answer):
    """A device of a network server that is a collar."""

    id: int = Field(examples=[5])
    device: str = Field(description=_DEVICE, examples=["chirpstack:0011223344aabbcc"])


class Devices(Page):
    """A part of the devices that a collar is."""

    items: list[Device]


class NewDevice(Body):
    """A device that is the collar."""

    device: Annotated[str, AfterValidator(lambda device: alias_of(device) or device)] = Field(
        pattern=PATTERN, max_length=200, description=_DEVICE, examples=["chirpstack:0011223344AABBCC"]
    )


class NamedDevice(Device):
    """A device that is the collar from now on."""

    retried: int = Field(
        description="Messages that it had sent before, as long as rejected ones are kept: they are being read again.",
        examples=[12],
    )


class UnknownDevice(Answer):
    """A device that speaks and is no collar: its messages are rejected, and read once it is one."""

    device: str = Field(description=_DEVICE, examples=["tts:tag-7"])
    topic: str = Field(description="Where it spoke last.", examples=["v3/barn@ttn/devices/tag-7/up"])
    first_received: datetime
    last_received: datetime
    messages: int = Field(description="How often it spoke.", examples=[12])

    @classmethod
    def of(cls, unknown: Unknown, zone: tzinfo) -> Self:
        """Tell a device in a time zone."""
        fields = unknown._asdict().items()
        return cls(**{name: value.astimezone(zone) if isinstance(value, datetime) else value for name, value in fields})


class UnknownDevices(Page):
    """A part of the devices that are no collar, the one heard last first."""

    items: list[UnknownDevice]


class _Behind(BaseModel, extra="forbid", strict=True):
    """Where the list goes on: behind this device, last heard so many microseconds after 1970 began."""

    us: int = Field(ge=0, le=(LAST - EPOCH) // timedelta(microseconds=1))
    device: str = Field(max_length=200)

    @classmethod
    def of(cls, unknown: Unknown, _: Self) -> Self:
        """Return the position behind a device."""
        return cls(us=(unknown.last_received - EPOCH) // timedelta(microseconds=1), device=unknown.device)


_NEWEST = _Behind(us=(LAST - EPOCH) // timedelta(microseconds=1), device="")


@router.get("/unknown-devices", response_model=UnknownDevices)
def list_unknown_devices(
    caller: Caller, farm: FarmName, zone: Zone, asked: Annotated[Asked, listing(UnknownDevice)]
) -> Response:
    """List devices of network servers that speak and are no collar, the one heard last first.

    Only managers see any. Nothing tells to which farm a device belongs, so where the node has several farms only
    platform administrators do; a manager there names a device by the id that is printed on it.
    """
    farm_id = readable.farm(caller.connection, farm).id

    def find(connection: Connection, where: _Behind, most: int) -> Sequence[Unknown]:
        behind = Behind(EPOCH + timedelta(microseconds=where.us), where.device)
        return devices.unknown(connection, farm_id, behind=behind, limit=most)

    return asked.answer(caller, Listing(_NEWEST, find, _Behind.of, lambda one: UnknownDevice.of(one, zone)))


@router.get("/collars/{collar}/devices", response_model=Devices)
def list_collar_devices(
    caller: Caller, farm: FarmName, collar: CollarId, asked: Annotated[Asked, listing(Device)]
) -> Response:
    """List the devices of network servers that a collar is; most collars speak for themselves and are none."""
    farm_id = readable.farm(caller.connection, farm).id
    readable.collar(caller.connection, farm_id, collar)

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[devices.Device]:
        return devices.devices_of(connection, collar, after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, Device.model_validate))


@router.get("/collars/{collar}/devices/{device}")
def get_collar_device(caller: Caller, farm: FarmName, collar: CollarId, device: DeviceId) -> Device:
    """Return one of the devices that a collar is."""
    farm_id = readable.farm(caller.connection, farm).id
    readable.collar(caller.connection, farm_id, collar)
    return Device.model_validate(devices.device(caller.connection, collar, device))


@router.post("/collars/{collar}/devices", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def add_collar_device(change: Managed, collar: CollarId, wanted: NewDevice, response: Response) -> NamedDevice:
    """Say that a device of a network server is a collar; what it sent before is read too, within seconds."""
    name = readable.collar(change.connection, change.farm_id, collar).name
    made = devices.add(change.connection, change.farm_id, collar, wanted.device)
    change.note("collar.device_added", f"collar {name}", {"device": made.device})
    response.headers["Location"] = change.path("collars", collar, "devices", made.id)
    return NamedDevice(**made._asdict(), retried=devices.retry(change.connection, made.device))


@router.delete("/collars/{collar}/devices/{device}", status_code=HTTPStatus.NO_CONTENT, responses=REFUSED_CHANGES)
def remove_collar_device(change: Managed, collar: CollarId, device: DeviceId) -> None:
    """Say that a device is the collar no longer: what it sent stays, and what it sends from now on is rejected."""
    name = readable.collar(change.connection, change.farm_id, collar).name
    known = devices.remove(change.connection, change.farm_id, collar, device)
    change.note("collar.device_removed", f"collar {name}", {"device": known.device})
