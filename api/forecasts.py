"""Forecasts as issued: 192 steps of 15 minutes, with bands."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Final

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from api.forms.answers import Answer
from api.forms.identifiers import FarmName, GroupId
from api.forms.late_routes import Router
from api.forms.lean import Lean, answered, lean
from api.forms.times import Instant, Zone
from api.people.callers import Entrance
from api.watching.alerts import InLanguage
from core.alert_texts import Language
from core.errors import NotFoundError
from core.forecast_texts import remark_in_french
from core.timeline import BUCKET
from storage.engine.database import Connection
from storage.forecasting import forecasts
from storage.forecasting.forecasts import Issued
from storage.measurements import measured
from storage.measurements.series import Series

router = Router(prefix="/v1", tags=["forecasts"])

IssuedAt = Annotated[
    Instant | None,
    Query(description="The forecast that was the latest at this instant, as it was issued; now if left out."),
]
WithBaselines = Annotated[bool, Query(description="Add what the four baselines said.")]


class Baselines(Answer):
    """What simple rules said at the same time; null where they had no history to go by."""

    persistence: float | None = Field(description="As it was last.", examples=[0.55])
    mean: float | None = Field(description="The mean of the history.", examples=[0.58])
    seasonal_naive: float | None = Field(description="As it was at this time of the day before.", examples=[0.63])
    mean_14d: float | None = Field(description="As it was at this time of day over 14 days.", examples=[0.6])


class Step(Answer):
    """15 minutes of a forecast; ratios 0 to 1."""

    step: int = Field(description="1 to 192.", examples=[1])
    bucket: datetime = Field(description="Start of the 15 minutes.", examples=["2026-03-29T01:00:00Z"])
    mean: float = Field(description="Expected standing ratio.", examples=[0.61])
    lower80: float = Field(description="In 80 of 100 cases it is not below this...", examples=[0.48])
    upper80: float = Field(description="...nor above this.", examples=[0.74])
    lower95: float = Field(description="In 95 of 100 cases it is not below this...", examples=[0.41])
    upper95: float = Field(description="...nor above this.", examples=[0.81])
    baselines: Baselines | None = Field(None, description="Present if asked for.")


class Forecast(Answer):
    """A forecast of a group or a herd."""

    issued_at: datetime = Field(
        description="Made from what was known until then; the first step starts here.",
        examples=["2026-03-29T01:00:00Z"],
    )
    backtest: bool = Field(description="Made in hindsight, from what was known at `issued_at`.", examples=[False])
    model: str = Field(description="What made it.", examples=["sarimax"])
    reason: str = Field(description="Why, where it is a fallback or without weather; else empty.", examples=[""])
    specification: str = Field(description="The model's orders and regressors.")
    inputs_hash: str = Field(description="sha256 over all it was made from, in hexadecimal digits.")
    steps: list[Step]


_BASELINES: Final = lean(Baselines)
_STEP: Final = lean(Step)
_FORECAST: Final = lean(Forecast)


def forecast(issued: Issued, zone: tzinfo, language: Language, *, baselines: bool = False) -> Lean:
    """Tell a forecast in a time zone and a language."""
    return _FORECAST(
        issued_at=issued.issued_at.astimezone(zone),
        backtest=issued.backtest,
        model=issued.model,
        reason=remark_in_french(issued.reason) if language == "fr" else issued.reason,
        specification=issued.specification,
        inputs_hash=issued.inputs_hash.hex(),
        steps=[step(issued, index, zone, baselines=baselines) for index in range(len(issued.mean))],
    )


def step(issued: Issued, index: int, zone: tzinfo, *, baselines: bool = False) -> Lean:
    """Tell one step of a forecast, counted from 0."""
    return _STEP(
        index + 1,
        (issued.issued_at + index * BUCKET).astimezone(zone),
        issued.mean[index],
        issued.lower80[index],
        issued.upper80[index],
        issued.lower95[index],
        issued.upper95[index],
        _baselines(issued, index) if baselines else None,
    )


@router.get("/groups/{group}/forecast", response_model=Forecast)
def get_group_forecast(
    enter: Entrance,
    group: GroupId,
    zone: Zone,
    lang: InLanguage,
    issued_at: IssuedAt = None,
    *,
    baselines: WithBaselines = False,
) -> Response:
    """Return the latest forecast of a group, or the one that was the latest at an instant."""
    with enter() as caller:
        series = measured.group_series(caller.connection, group)
        issued = issued_of(caller.connection, series, f"group {group}", issued_at)
    return answered(forecast(issued, zone, lang, baselines=baselines))


@router.get("/farms/{farm}/forecast", response_model=Forecast)
def get_herd_forecast(
    enter: Entrance,
    farm: FarmName,
    zone: Zone,
    lang: InLanguage,
    issued_at: IssuedAt = None,
    *,
    baselines: WithBaselines = False,
) -> Response:
    """Return the latest forecast of a farm's whole herd, or the one that was the latest at an instant."""
    with enter() as caller:
        series = measured.herd_series(caller.connection, farm)
        issued = issued_of(caller.connection, series, f"herd of {farm}", issued_at)
    return answered(forecast(issued, zone, lang, baselines=baselines))


def issued_of(connection: Connection, series: Series, name: str, until: datetime | None) -> Issued:
    """Return the latest forecast of a series, or the one that was the latest at an instant.

    Raises:
        NotFoundError: there is none; it says `name`.
    """
    issued = forecasts.latest(connection, series.id, until=until)
    if issued is None:
        raise NotFoundError("forecast of", name)
    return issued


def _baselines(issued: Issued, index: int) -> Lean:
    return _BASELINES(
        _at(issued.persistence, index),
        _at(issued.constant_mean, index),
        _at(issued.seasonal_naive, index),
        _at(issued.mean_profile, index),
    )


def _at(values: Sequence[float], index: int) -> float | None:
    return values[index] if values else None
