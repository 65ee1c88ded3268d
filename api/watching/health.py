"""Whether this process lives, and whether it can answer."""

from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from api.context import InContext
from api.forms.answers import Answer
from core.errors import UnavailableError
from core.timeline import BUCKET
from storage import readiness
from storage.scoping import opened

router = APIRouter(prefix="/health", tags=["health"])


class Liveness(Answer):
    """The process answers."""

    status: Literal["live"] = "live"


class Readiness(Answer):
    """The database answers and is at the version that this program wants."""

    status: Literal["ready"] = "ready"
    last_window: datetime | None = Field(
        description="Start of the newest 15 minutes of which anything was heard; null before the first.",
        examples=["2026-03-29T01:00:00Z"],
    )
    last_window_age_s: float | None = Field(
        description="Seconds since these 15 minutes ended; 0 while they last.", examples=[312.5]
    )


@router.get("/live")
async def live() -> Liveness:
    """Tell that the process answers, whatever else is the matter."""
    return Liveness()


@router.get("/ready")
def ready(context: InContext) -> Readiness:
    """Tell that requests can be answered: the database answers and its migrations are current."""
    with opened(context.engine) as connection:
        state = readiness.read(connection)
    if state is None:
        raise UnavailableError("the database is not at the version that this program wants; run animov db upgrade")
    if state.last_window is None:
        return Readiness(last_window=None, last_window_age_s=None)
    age = state.now - (state.last_window + BUCKET)
    return Readiness(last_window=state.last_window, last_window_age_s=max(age / timedelta(seconds=1), 0))
