"""What all routes that change a farm or its herd have in common: who may, of which farm, and that it is recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.forms.identifiers import LARGEST_ID, FarmName
from api.forms.problems import contradicting
from api.forms.refusals import refusal
from api.forms.times import Instant
from api.forms.values import ONLY_WHOLE
from api.people import names
from api.people.callers import Caller
from api.people.permits import permit
from core.problem_texts import say
from storage.access import audit
from storage.access.scoping import Scope
from storage.access.users import Role
from storage.engine.database import Connection
from storage.herds import herd, readable
from storage.herds.herd import During

REFUSED_CHANGES: Final[dict[int | str, dict[str, Any]]] = {
    403: refusal("You may see the farm and not change this."),
    409: refusal("It contradicts what is there, or itself."),
}


Id = Annotated[int, Field(ge=1, le=LARGEST_ID), ONLY_WHOLE]
Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        description="1 to 100 characters that can be shown, without a space at an end.",
        json_schema_extra={"format": "animov-name"},
    ),
    AfterValidator(names.readable),
]
TopicName = Annotated[
    str, Field(pattern="^[A-Za-z0-9_-]{1,64}$", description="As in MQTT topics: letters, digits, _ and -.")
]


class Body(BaseModel):
    """What somebody sends: no member that the schema does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Change:
    """A change that the caller is permitted to make to a farm, in the transaction of the request."""

    caller: Scope
    farm_id: int
    farm: str

    @property
    def connection(self) -> Connection:
        """The transaction; herd functions derive in it the windows of the caller's farms."""
        return self.caller.connection

    def note(self, action: str, subject: str, change: Mapping[str, Any] | None = None) -> None:
        """Record the change; see `storage.access.audit.note`."""
        audit.note(self.caller, self.farm_id, action, subject, change)

    def path(self, *steps: object) -> str:
        """Return the path of something of the farm."""
        return "/".join(("/v1/farms", self.farm, *map(str, steps)))


def _changing(role: Role) -> Callable[[Scope, str], Change]:
    def change(caller: Caller, farm: FarmName) -> Change:
        farm_id = readable.farm(caller.connection, farm).id
        permit(caller, farm_id, role)
        herd.within_managed(caller.connection)
        return Change(caller, farm_id, farm)

    return change


Managed = Annotated[Change, Depends(_changing("manager"))]
"""A change to the herd, by a manager."""

Administered = Annotated[Change, Depends(_changing("administrator"))]
"""A change to the farm's settings, by an administrator."""


def span(start: datetime | None, until: datetime | None) -> During:
    """Return the span of a body's `start` and `until`.

    Raises:
        ProblemError: it ends before it begins.
    """
    if start is not None and until is not None and start >= until:
        raise contradicting("until", "body", say("span_backwards"))
    return During(start, until)


Start = Annotated[Instant | None, Field(description="Since when, inclusive; null: since ever.", examples=[None])]
Until = Annotated[
    Instant | None, Field(description="Until when, exclusive; null: until further notice.", examples=[None])
]
