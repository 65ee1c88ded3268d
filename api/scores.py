"""How well forecasts came true, beside the baselines that were issued with them."""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from enum import IntEnum, StrEnum
from typing import Annotated

from fastapi import Query
from pydantic import Field

from api.forms.answers import Answer
from api.forms.identifiers import FarmName, GroupId
from api.forms.late_routes import Router
from api.forms.times import Zone
from api.people.callers import Caller
from core.timeline import floor_slot
from storage.access.scoping import Scope
from storage.forecasting import scores
from storage.herds import readable
from storage.measurements import measured
from storage.measurements.series import Series

router = Router(prefix="/v1", tags=["scores"])


class Hours(IntEnum):
    """A day, a week, four weeks."""

    DAY = 24
    WEEK = 168
    FOUR_WEEKS = 672


class Span(StrEnum):
    """The rolling spans over which accuracy is watched."""

    DAY = "24h"
    WEEK = "7d"
    FOUR_WEEKS = "28d"


LastHours = Annotated[Hours, Query(description="Over how many hours until now.")]
LastSpan = Annotated[Span | None, Query(description="The same by its name, in place of `hours`.")]


class Score(Answer):
    """Accuracy of one model in one band of horizon; errors are forecast minus truth, in ratios."""

    band: str = Field(description="Steps of 15 minutes ahead, both ends inclusive.", examples=["1-4"])
    model: str = Field(description="`model` is the forecast as issued; the others are baselines.", examples=["model"])
    n: int = Field(description="Forecast steps that have come true or not.", examples=[2688])
    rmse: float = Field(description="Root of the mean squared error.", examples=[0.081])
    mae: float = Field(description="Mean absolute error.", examples=[0.063])
    bias: float = Field(description="Mean error.", examples=[-0.004])
    coverage80: float | None = Field(
        description="Share of truths within the 80 % band; null for baselines, which have none.", examples=[0.79]
    )
    coverage95: float | None = Field(
        description="Share of truths within the 95 % band; null for baselines, which have none.", examples=[0.94]
    )
    interval80: float | None = Field(
        description="Mean interval score of the 80 % band: its width, and ten times what a truth lay outside; less is "
        "better. Null for baselines, and where it was not kept.",
        examples=[0.31],
    )
    interval95: float | None = Field(
        description="The same of the 95 % band, with forty times what a truth lay outside.", examples=[0.52]
    )
    skill: float | None = Field(
        description="Of the forecasts against this baseline: 1 - RMSE of the forecasts / RMSE of the baseline. 0.25 "
        "is a quarter less error, below 0 is worse. Null for the forecasts themselves.",
        examples=[0.12],
    )


class Scores(Answer):
    """Accuracy over the 15-minute slots in `[start, end)`, by band and model."""

    start: datetime = Field(examples=["2026-03-28T01:00:00Z"])
    end: datetime = Field(examples=["2026-03-29T01:00:00Z"])
    live: list[Score] = Field(description="Of forecasts made in their time.")
    backtest: list[Score] = Field(description="Of forecasts made in hindsight, from what was known then.")


@router.get("/groups/{group}/scores")
def get_group_scores(
    caller: Caller, group: GroupId, zone: Zone, hours: LastHours = Hours.WEEK, span: LastSpan = None
) -> Scores:
    """Return how well the forecasts of a group came true."""
    return _scores(caller, measured.group_series(caller.connection, group), _length(hours, span), zone)


@router.get("/farms/{farm}/scores")
def get_herd_scores(
    caller: Caller, farm: FarmName, zone: Zone, hours: LastHours = Hours.WEEK, span: LastSpan = None
) -> Scores:
    """Return how well the forecasts of a farm's whole herd came true."""
    return _scores(caller, measured.herd_series(caller.connection, farm), _length(hours, span), zone)


def _length(hours: Hours, span: Span | None) -> timedelta:
    return timedelta(hours=hours) if span is None else scores.SPANS[span]


def _scores(caller: Scope, series: Series, length: timedelta, zone: tzinfo) -> Scores:
    end = floor_slot(readable.now(caller.connection))
    start = end - length
    found = scores.summary(caller.connection, series.id, start, end)
    return Scores(
        start=start.astimezone(zone),
        end=end.astimezone(zone),
        live=_told(score for score in found if not score.backtest),
        backtest=_told(score for score in found if score.backtest),
    )


def _told(found: Iterable[scores.Score]) -> list[Score]:
    return [Score.model_validate(score) for score in found]
