"""A forecast as a list of its steps: for tables and charts, which read CSV and Parquet."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated

from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.forecasts import IssuedAt, Step, WithBaselines, issued_of, step
from api.forms import times
from api.forms.answers import Page
from api.forms.identifiers import FarmName, GroupId
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.times import Zone
from api.people.callers import Caller
from core.timeline import bucket_of, bucket_start
from storage.access.scoping import Scope
from storage.engine.database import Connection
from storage.forecasting.forecasts import STEPS, Issued
from storage.measurements import measured
from storage.measurements.series import Series

router = Router(prefix="/v1", tags=["forecasts"])


class _After(BaseModel, extra="forbid", strict=True):
    """Where the steps go on: behind step `step` of the forecast of bucket `issued`, however many come after that."""

    issued: int = Field(ge=0, le=bucket_of(times.LAST))
    step: int = Field(ge=0, le=STEPS)


class Steps(Page):
    """A part of the steps of a forecast, in order of time."""

    items: list[Step]


@router.get("/groups/{group}/forecast/steps", response_model=Steps)
def list_group_forecast_steps(
    caller: Caller,
    group: GroupId,
    zone: Zone,
    asked: Annotated[Asked, listing(Step)],
    issued_at: IssuedAt = None,
    *,
    baselines: WithBaselines = False,
) -> Response:
    """List the steps of the latest forecast of a group, or of the one that was the latest at an instant."""
    series = measured.group_series(caller.connection, group)
    return _steps(caller, (series, f"group {group}"), issued_at, (zone, baselines), asked)


@router.get("/farms/{farm}/forecast/steps", response_model=Steps)
def list_herd_forecast_steps(
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    asked: Annotated[Asked, listing(Step)],
    issued_at: IssuedAt = None,
    *,
    baselines: WithBaselines = False,
) -> Response:
    """List the steps of the latest forecast of a farm's whole herd, or of the one that was the latest at an instant."""
    series = measured.herd_series(caller.connection, farm)
    return _steps(caller, (series, f"herd of {farm}"), issued_at, (zone, baselines), asked)


def _steps(
    caller: Scope, of: tuple[Series, str], issued_at: datetime | None, style: tuple[tzinfo, bool], asked: Asked
) -> Response:
    (series, name), (zone, baselines) = of, style
    latest = issued_of(caller.connection, series, name, issued_at)

    def find(connection: Connection, where: _After, most: int) -> Sequence[tuple[Issued, int]]:
        issued = issued_of(connection, series, name, bucket_start(where.issued))
        return [(issued, index) for index in range(where.step, min(where.step + most, STEPS))]

    def behind(found: tuple[Issued, int], where: _After) -> _After:
        return where.model_copy(update={"step": found[1] + 1})

    start = _After(issued=bucket_of(latest.issued_at), step=0)
    return asked.answer(caller, Listing(start, find, behind, lambda found: step(*found, zone, baselines=baselines)))
