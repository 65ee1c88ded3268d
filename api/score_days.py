"""How well forecasts came true, day by day of the farm: what a curve of errors over time is drawn from."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import Annotated

from fastapi import Query
from pydantic import Field

from api.forms.answers import Answer
from api.forms.identifiers import FarmName, GroupId
from api.forms.late_routes import Router
from api.people.callers import Caller
from api.scores import Score
from core.wallclock import zone_named
from storage.access.scoping import Scope
from storage.forecasting import scores
from storage.herds import farms, readable
from storage.measurements import measured
from storage.measurements.series import Series

router = Router(prefix="/v1", tags=["scores"])

LastDays = Annotated[int, Query(ge=1, le=28, description="How many days of the farm until today.")]


class DayScores(Answer):
    """Accuracy over a day of the farm, by band and model; empty of a day on which nothing came true."""

    day: date = Field(description="Of the farm's calendar; today is not over.", examples=["2026-03-29"])
    live: list[Score] = Field(description="Of forecasts made in their time.")
    backtest: list[Score] = Field(description="Of forecasts made in hindsight, from what was known then.")


class ScoresByDay(Answer):
    """Accuracy day by day."""

    days: list[DayScores] = Field(description="In order of time.")


@router.get("/groups/{group}/scores/days")
def get_group_scores_by_day(caller: Caller, group: GroupId, days: LastDays = 14) -> ScoresByDay:
    """Return how well the forecasts of a group came true, day by day."""
    return _by_day(caller, measured.group_series(caller.connection, group), days)


@router.get("/farms/{farm}/scores/days")
def get_herd_scores_by_day(caller: Caller, farm: FarmName, days: LastDays = 14) -> ScoresByDay:
    """Return how well the forecasts of a farm's whole herd came true, day by day."""
    return _by_day(caller, measured.herd_series(caller.connection, farm), days)


def _by_day(caller: Scope, series: Series, days: int) -> ScoresByDay:
    zone = zone_named(farms.farm(caller.connection, series.farm_id).time_zone)
    today = readable.now(caller.connection).astimezone(zone).date()
    return ScoresByDay(days=list(_told(caller, series.id, today, days, zone)))


def _told(caller: Scope, series_id: int, today: date, days: int, zone: tzinfo) -> Iterator[DayScores]:
    for day in (today - timedelta(days=age) for age in reversed(range(days))):
        start, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        found = scores.summary(caller.connection, series_id, start, end)
        yield DayScores(
            day=day,
            live=[Score.model_validate(score) for score in found if not score.backtest],
            backtest=[Score.model_validate(score) for score in found if score.backtest],
        )


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone)
