"""Forecasts by when they were issued, and one target seen from every issue."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Self

from fastapi import Path
from fastapi.responses import Response
from pydantic import Field

from api.forecasts import Baselines
from api.forms.answers import Answer, Page
from api.forms.backwards import Before, before
from api.forms.identifiers import FarmName, GroupId
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.spans import Span
from api.forms.times import LAST, Instant, Zone
from api.people.callers import Caller
from core.errors import NotFoundError
from core.timeline import BUCKET, EPOCH, floor_slot
from storage.access.scoping import Scope
from storage.engine.database import Connection
from storage.forecasting import issues
from storage.forecasting.issues import Issue, Seen
from storage.herds import readable
from storage.measurements import measured, series
from storage.measurements.series import Series

router = Router(prefix="/v1", tags=["forecasts"])

Target = Annotated[
    Instant, Path(description="Start of the 15 minutes that were foretold.", examples=["2026-03-29T01:00:00Z"])
]


class ForecastIssue(Answer):
    """A forecast without its steps, which `forecast?issued_at=` of the same group or farm tells."""

    issued_at: datetime = Field(description="Made from what was known until then.")
    backtest: bool = Field(description="Made in hindsight.", examples=[False])
    model: str = Field(description="What made it.", examples=["harmonic_sarimax"])
    reason: str = Field(description="Why, where it is a fallback or without weather; else empty.", examples=[""])
    specification: str = Field(description="The model's orders and regressors.")
    inputs_hash: str = Field(description="sha256 over all it was made from, in hexadecimal digits.")

    @classmethod
    def of(cls, issue: Issue, zone: tzinfo) -> Self:
        """Tell an issue in a time zone."""
        told = {"issued_at": issue.issued_at.astimezone(zone), "inputs_hash": issue.inputs_hash.hex()}
        return cls(**issue._asdict() | told)


class ForecastIssues(Page):
    """A part of the forecasts of a group or a herd, the latest first."""

    items: list[ForecastIssue]


class TargetSeen(Answer):
    """A target as one forecast saw it; ratios 0 to 1."""

    issued_at: datetime
    step: int = Field(description="1 to 192: how many quarters of an hour ahead.", examples=[4])
    backtest: bool = Field(description="Made in hindsight.", examples=[False])
    model: str = Field(description="What made it.", examples=["harmonic_sarimax"])
    mean: float = Field(description="Expected standing ratio.", examples=[0.61])
    lower80: float = Field(description="In 80 of 100 cases it is not below this...", examples=[0.48])
    upper80: float = Field(description="...nor above this.", examples=[0.74])
    lower95: float = Field(description="In 95 of 100 cases it is not below this...", examples=[0.41])
    upper95: float = Field(description="...nor above this.", examples=[0.81])
    baselines: Baselines

    @classmethod
    def of(cls, seen: Seen, zone: tzinfo) -> Self:
        """Tell what one forecast saw in a time zone."""
        plain = seen._asdict()
        baselines = Baselines(
            persistence=plain.pop("persistence"),
            mean=plain.pop("constant_mean"),
            seasonal_naive=plain.pop("seasonal_naive"),
            mean_14d=plain.pop("mean_profile"),
        )
        return cls(**plain | {"issued_at": seen.issued_at.astimezone(zone), "baselines": baselines})


class TargetForecasts(Answer):
    """15 minutes as every forecast of the 48 hours before saw them, the earliest first."""

    bucket: datetime = Field(description="Start of the 15 minutes.")
    standing_ratio: float | None = Field(description="What came, as known now; null while not known.", examples=[0.6])
    seen: list[TargetSeen]


@router.get("/groups/{group}/forecasts", response_model=ForecastIssues)
def list_group_forecasts(
    caller: Caller, group: GroupId, span: Span, zone: Zone, asked: Annotated[Asked, listing(ForecastIssue)]
) -> Response:
    """List the forecasts of a group that were issued in `[from, to)`, the latest first."""
    return _issued(caller, measured.group_series(caller.connection, group), span, zone, asked)


@router.get("/farms/{farm}/forecasts", response_model=ForecastIssues)
def list_herd_forecasts(
    caller: Caller, farm: FarmName, span: Span, zone: Zone, asked: Annotated[Asked, listing(ForecastIssue)]
) -> Response:
    """List the forecasts of a farm's whole herd that were issued in `[from, to)`, the latest first."""
    return _issued(caller, measured.herd_series(caller.connection, farm), span, zone, asked)


@router.get("/groups/{group}/targets/{target}")
def get_group_target(caller: Caller, group: GroupId, target: Target, zone: Zone) -> TargetForecasts:
    """Return 15 minutes of a group as every forecast before them saw them."""
    return _target(caller, measured.group_series(caller.connection, group), target, zone)


@router.get("/farms/{farm}/targets/{target}")
def get_herd_target(caller: Caller, farm: FarmName, target: Target, zone: Zone) -> TargetForecasts:
    """Return 15 minutes of a farm's whole herd as every forecast before them saw them."""
    return _target(caller, measured.herd_series(caller.connection, farm), target, zone)


def _issued(caller: Scope, of: Series, span: Span, zone: tzinfo, asked: Asked) -> Response:
    start = before(span, readable.now(caller.connection))

    def find(connection: Connection, where: Before, most: int) -> Sequence[Issue]:
        return issues.issues(connection, of.id, where.start, where.end, limit=most)

    def behind(last: Issue, where: Before) -> Before:
        return where.behind(last.issued_at)

    return asked.answer(caller, Listing(start, find, behind, lambda one: ForecastIssue.of(one, zone)))


def _target(caller: Scope, of: Series, target: datetime, zone: tzinfo) -> TargetForecasts:
    if not EPOCH + timedelta(days=3) <= target < LAST or floor_slot(target) != target:
        raise NotFoundError("quarter of an hour that begins at", target.isoformat())
    truth = series.history(caller.connection, of, target, target + BUCKET)
    return TargetForecasts(
        bucket=target.astimezone(zone),
        standing_ratio=truth[0].standing_ratio if truth else None,
        seen=[TargetSeen.of(one, zone) for one in issues.seen(caller.connection, of.id, target)],
    )
