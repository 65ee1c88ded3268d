"""Whoever asks, about themselves: who they are, and where they are logged in."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path
from pydantic import Field

from api.context import InContext
from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.people.callers import Caller
from api.people.permits import person_of
from core.errors import NotFoundError
from storage.access import sessions
from storage.access.api_keys import KEY_SCOPES, KeyScope
from storage.access.sessions import Kind
from storage.access.users import Role
from storage.herds import farms

router = Router(prefix="/v1/me", tags=["people"])

SessionId = Annotated[UUID, Path(description="Id of a login.", examples=["0b6f0e0e-6a52-4a0c-9a0b-1d3a3a3f5d11"])]


class RoleOnFarm(Answer):
    """What you may do on a farm."""

    farm: str = Field(examples=["barn"])
    role: Role = Field(examples=["manager"])


class Me(Answer):
    """Who asks."""

    kind: Literal["person", "key"]
    name: str = Field(description="As the audit log names you.", examples=["marie"])
    platform: bool = Field(description="Whether you may make farms and people.")
    farms: list[RoleOnFarm]
    scopes: list[KeyScope] | None = Field(description="Of an API key; null for a person.")


class Session(Answer):
    """A login that still counts."""

    id: UUID = Field(examples=["0b6f0e0e-6a52-4a0c-9a0b-1d3a3a3f5d11"])
    kind: Kind = Field(description="`tokens`: a program's; `browser`: a cookie; `single`: one access token.")
    made_at: datetime = Field(examples=["2026-03-29T01:00:00Z"])
    used_at: datetime = Field(description="Last use of a cookie, last renewal of tokens.")
    expires_at: datetime = Field(description="When it ends, unless it is used before.")
    current: bool = Field(description="Whether it is the one with which you ask.")


class Sessions(Answer):
    """Your logins."""

    items: list[Session]


@router.get("")
def who_am_i(caller: Caller) -> Me:
    """Tell who asks, and what they may do where."""
    names = {farm.id: farm.name for farm in farms.all_farms(caller.connection)}
    scopes = None if caller.scopes is None else [scope for scope in KEY_SCOPES if scope in caller.scopes]
    return Me(
        kind="key" if caller.user_id is None else "person",
        name=caller.actor,
        platform=caller.platform,
        farms=[RoleOnFarm(farm=names[farm_id], role=role) for farm_id, role in caller.roles.items()],
        scopes=scopes,
    )


@router.get("/sessions")
def list_sessions(context: InContext, caller: Caller) -> Sessions:
    """List where you are logged in."""
    found = sessions.sessions_of(caller.connection, person_of(caller), context.now())
    return Sessions(items=[Session(**one._asdict(), current=one.id == caller.session_id) for one in found])


@router.delete("/sessions/{session}", status_code=HTTPStatus.NO_CONTENT)
def end_session(caller: Caller, session: SessionId) -> None:
    """End one of your logins, such as that of a telephone that was lost."""
    if not sessions.end(caller.connection, session, person_of(caller)):
        raise NotFoundError("session", session)
