"""What people and keys changed: of a farm for its administrators, of all for platform administrators."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Final, Self

from fastapi.responses import Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.times import Zone
from api.people.callers import Caller
from api.people.permits import permit, permit_platform
from storage.access import audit
from storage.access.audit import Entry, Scalar
from storage.engine.database import Connection
from storage.herds import readable

router = Router(prefix="/v1", tags=["people"])

_LARGEST: Final = 2**63 - 1


class Change(Answer):
    """Something that was changed."""

    id: int = Field(examples=[812])
    at: datetime = Field(description="When, by the wall clock.", examples=["2026-03-29T01:00:00Z"])
    farm: str | None = Field(description="Null for what belongs to no farm.", examples=["barn"])
    actor: str = Field(description="Name of a person, or prefix and name of an API key.", examples=["marie"])
    action: str = Field(description="A stable code: subject and deed.", examples=["animal.renamed"])
    subject: str = Field(description="What was changed.", examples=["animal Brune"])
    change: dict[str, Scalar | list[Scalar]] = Field(
        description="What it was changed to.", examples=[{"name": "Brune"}]
    )

    @classmethod
    def of(cls, entry: Entry, zone: tzinfo) -> Self:
        """Tell an entry in a time zone."""
        return cls(**{**entry._asdict(), "at": entry.at.astimezone(zone)})


class Changes(Page):
    """A part of the audit log, the latest first."""

    items: list[Change]


AskedChanges = Annotated[Asked, listing(Change)]


@router.get("/farms/{farm}/audit", response_model=Changes)
def list_farm_changes(caller: Caller, farm: FarmName, zone: Zone, asked: AskedChanges) -> Response:
    """List what people and keys changed on a farm, the latest first; for its administrators."""
    farm_id = readable.farm(caller.connection, farm).id
    permit(caller, farm_id, "administrator")
    return asked.answer(caller, _changes(farm_id, zone))


@router.get("/audit", response_model=Changes)
def list_changes(caller: Caller, zone: Zone, asked: AskedChanges) -> Response:
    """List what was changed anywhere, the latest first; for platform administrators."""
    permit_platform(caller)
    return asked.answer(caller, _changes(None, zone))


def _changes(farm_id: int | None, zone: tzinfo) -> Listing[Entry, AfterId]:
    def find(connection: Connection, where: AfterId, most: int) -> Sequence[Entry]:
        return audit.entries(connection, farm_id, before=where.after, limit=most)

    return Listing(AfterId(after=_LARGEST), find, by_id, lambda entry: Change.of(entry, zone))
