"""Collars and leg tags: one, made, changed, removed; how they are read, and their passwords."""

from datetime import tzinfo
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import Path, Response
from pydantic import AfterValidator, Field
from pydantic.config import JsonDict

from api.forms.answers import Answer
from api.forms.identifiers import LARGEST_ID, FarmName
from api.forms.late_routes import Router
from api.forms.times import Zone
from api.forms.values import ONLY_DIGITS, ONLY_WHOLE
from api.herd.changing import REFUSED_CHANGES, Body, Change, Managed, TopicName
from api.herds import Collar
from api.people.callers import Caller
from core.readings import CollarName
from storage.herds import collar_readings, credentials, herd_names, readable
from storage.herds.collar_readings import Said

router = Router(prefix="/v1/farms/{farm}/collars", tags=["herd"])

CollarId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Id of a collar.", examples=[12]), ONLY_DIGITS]
Axis = Literal["fwd", "up", "right", "-fwd", "-up", "-right"]


def _each_once(axes: tuple[Axis, Axis, Axis]) -> tuple[Axis, Axis, Axis]:
    if len({axis.removeprefix("-") for axis in axes}) != 3:
        message = "fwd, up and right are each named once"
        raise ValueError(message)
    return axes


_EACH_ONCE: Final[JsonDict] = {
    "not": {"anyOf": [{"not": {"contains": {"enum": [axis, f"-{axis}"]}}} for axis in ("fwd", "up", "right")]}
}
"""The same for the description; `not` is what generators of clients pass over."""

Axes = Annotated[
    tuple[Axis, Axis, Axis],
    AfterValidator(_each_once),
    Field(
        description="What the three numbers of a sample are, in order; - points the other way.",
        examples=[["fwd", "up", "right"]],
        json_schema_extra=_EACH_ONCE,
    ),
]


Seconds = Annotated[int, Field(ge=1, le=900), ONLY_WHOLE]


class Reading(Body):
    """How the samples of a collar are read; what is left out stays as it is known."""

    mount: Literal["leg", "collar", "ear"] | None = Field(None, description="Where it sits.", examples=["leg"])
    axes: Axes | None = None
    hold_s: Seconds | None = Field(
        None, description="Seconds that a sample stands for: a slow tag's interval.", examples=[1]
    )

    @property
    def said(self) -> Said:
        """What of it is said."""
        return Said(self.mount, self.axes, self.hold_s)


class NewCollar(Reading):
    """A collar as somebody wants it."""

    name: TopicName = Field(examples=["c-012"])


class ChangedCollar(Reading):
    """What is to be changed of a collar."""

    name: TopicName | None = Field(
        None, description="From now on it is heard under this name only.", examples=["c-013"]
    )


class Credentials(Answer):
    """With what a collar logs in over MQTT; the password is told once and not kept."""

    username: str = Field(examples=["barn/c-012"])
    password: str = Field(description="As the MQTT password; nobody can tell it again.")


@router.get("/{collar}")
def get_collar(caller: Caller, farm: FarmName, collar: CollarId, zone: Zone) -> Collar:
    """Return one collar: who wears it now, when it was last heard, its latest status."""
    farm_id = readable.farm(caller.connection, farm).id
    return Collar.of(readable.collar(caller.connection, farm_id, collar), zone)


@router.post("", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_collar(change: Managed, wanted: NewCollar, zone: Zone, response: Response) -> Collar:
    """Make a collar. Without a mount it is received and not read, as one is that nobody has announced."""
    made = herd_names.create(change.connection, change.farm_id, "collar", wanted.name)
    _say(change, made, wanted.name, wanted)
    change.note("collar.made", f"collar {wanted.name}", wanted.model_dump(exclude={"name"}, exclude_none=True))
    response.headers["Location"] = change.path("collars", made)
    return _told(change, made, zone)


@router.patch("/{collar}", responses=REFUSED_CHANGES)
def change_collar(change: Managed, collar: CollarId, wanted: ChangedCollar, zone: Zone) -> Collar:
    """Rename a collar, or say how its samples are read, the past included.

    What it sent before is read again within a quarter of an hour or two; until then `recomputing` is true and windows
    stay as they were.
    """
    name = readable.collar(change.connection, change.farm_id, collar).name
    _say(change, collar, name, wanted)
    if wanted.name is not None and wanted.name != name:
        herd_names.rename(change.connection, change.farm_id, "collar", collar, wanted.name)
    change.note("collar.changed", f"collar {name}", wanted.model_dump(exclude_none=True))
    return _told(change, collar, zone)


@router.delete("/{collar}", status_code=HTTPStatus.NO_CONTENT, responses=REFUSED_CHANGES)
def delete_collar(change: Managed, collar: CollarId) -> None:
    """Remove a collar that was made by mistake: one that was never worn and never heard."""
    name = herd_names.remove(change.connection, change.farm_id, "collar", collar)
    change.note("collar.removed", f"collar {name}")


@router.post("/{collar}/password", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_collar_password(change: Managed, collar: CollarId) -> Credentials:
    """Give a collar a new password for MQTT; the one before it lets nobody in any longer."""
    name = readable.collar(change.connection, change.farm_id, collar).name
    password = credentials.new_password(change.connection, collar)
    change.note("collar.password_made", f"collar {name}")
    return Credentials(username=f"{change.farm}/{name}", password=password)


def _say(change: Change, collar: int, name: str, reading: Reading) -> None:
    collar_readings.say(change.connection, change.farm_id, collar, CollarName(change.farm, name), reading.said)


def _told(change: Change, collar: int, zone: tzinfo) -> Collar:
    return Collar.of(readable.collar(change.connection, change.farm_id, collar), zone)
