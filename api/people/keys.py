"""API keys of a farm, for its administrators: shown once, told apart by their first characters, revoked at once."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from api.context import InContext
from api.forms.answers import Answer, Page
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.people.administering import InAdministered
from api.people.names import KeyId, Name, Until, refuse_past
from api.people.permits import NAME_TAKEN
from storage.access import api_keys, audit
from storage.access.api_keys import ApiKey, KeyScope
from storage.engine.database import Connection

router = Router(prefix="/v1/farms/{farm}/keys", tags=["people"])

_SCOPES = "`read`: see the farm; `write`: change it too; `readings`: send what a collar would."


class Key(Answer):
    """A key with which a machine asks, for one farm."""

    id: int = Field(examples=[2])
    name: str = Field(description="What it is for.", examples=["milking parlour"])
    prefix: str = Field(description="Its first characters.", examples=["anv_4kX9sQ"])
    scopes: list[KeyScope] = Field(description=_SCOPES, examples=[["read"]])
    made_by: str = Field(examples=["marie"])
    made_at: datetime = Field(examples=["2026-03-29T01:00:00Z"])
    expires_at: datetime | None = Field(description="It counts before then; null: until it is revoked.")
    used_at: datetime | None = Field(description="Last use, to the minute; null before the first.")


class MadeKey(Key):
    """A key that was just made."""

    key: str = Field(description="Shown this once: send it as `X-API-Key`.", examples=["anv_4kX9sQ7b"])


class Keys(Page):
    """A part of a farm's keys."""

    items: list[Key]


class NewKey(BaseModel):
    """A key to make."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "milking parlour", "scopes": ["read"]}]}
    )

    name: Name
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=3, description=_SCOPES)]
    expires_at: Until = None


@router.get("", response_model=Keys)
def list_keys(own: InAdministered, asked: Annotated[Asked, listing(Key)]) -> Response:
    """List the API keys of a farm; for its administrators."""
    caller, farm_id, _ = own

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[ApiKey]:
        return api_keys.keys_of(connection, farm_id, after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, Key.model_validate))


@router.post("", status_code=HTTPStatus.CREATED, responses=NAME_TAKEN)
def make_key(context: InContext, own: InAdministered, new: NewKey, response: Response) -> MadeKey:
    """Make an API key, and show it this once; for the farm's administrators."""
    caller, farm_id, farm = own
    refuse_past("expires_at", new.expires_at, context.now)
    made, key = api_keys.make_key(
        caller.connection,
        farm_id,
        new.name,
        scopes=new.scopes,
        by=caller.actor,
        at=context.now(),
        expires_at=new.expires_at,
    )
    change = {"scopes": made.scopes, "expires_at": made.expires_at}
    audit.note(caller, farm_id, "key.made", f"key {made.prefix} {made.name}", change)
    response.headers["Location"] = f"/v1/farms/{farm}/keys/{made.id}"
    return MadeKey(**made._asdict(), key=key)


@router.get("/{key}")
def get_key(own: InAdministered, key: KeyId) -> Key:
    """Return an API key of a farm, without its text; for the farm's administrators."""
    return Key.model_validate(api_keys.find_key(own.caller.connection, own.farm_id, key))


@router.delete("/{key}", status_code=HTTPStatus.NO_CONTENT)
def revoke_key(own: InAdministered, key: KeyId) -> None:
    """Revoke an API key: it lets nobody in from now on; for the farm's administrators."""
    caller, farm_id, _ = own
    revoked = api_keys.revoke(caller.connection, farm_id, key)
    audit.note(caller, farm_id, "key.revoked", f"key {revoked.prefix} {revoked.name}")
