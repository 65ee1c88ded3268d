"""What a chart of a group or a herd shows, in one answer: its latest windows and its forecast."""

from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Final

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from api.forecasts import Forecast, forecast
from api.forms import spans
from api.forms.answers import Answer
from api.forms.identifiers import FarmName, GroupId
from api.forms.late_routes import Router
from api.forms.lean import answered, lean
from api.forms.times import Instant, Zone
from api.people.callers import Entrance
from api.watching.alerts import InLanguage
from api.window_items import MembersWindow, members_window
from core.alert_texts import Language
from storage.engine.database import Connection
from storage.forecasting import forecasts
from storage.herds import readable
from storage.measurements import measured, series
from storage.measurements.series import Series

router = Router(prefix="/v1", tags=["windows"])

Hours = Annotated[int, Query(ge=1, le=168, description="How long before its end the view begins, a week at most.")]
At = Annotated[
    Instant | None,
    Query(description="Where the windows end, with the forecast that was the latest then; now if left out."),
]


class View(Answer):
    """Windows of 15 minutes of a group or a herd, and the forecast from their end on."""

    windows: list[MembersWindow] = Field(description="In order of time, those left out of which nothing was heard.")
    forecast: Forecast | None = Field(description="Null if there is none.")


_VIEW: Final = lean(View)


@router.get("/groups/{group}/view", response_model=View)
def get_group_view(
    enter: Entrance, group: GroupId, zone: Zone, lang: InLanguage, hours: Hours = 48, *, at: At = None
) -> Response:
    """Return what a group measured last together with its forecast."""
    with enter() as caller:
        return _view(caller.connection, measured.group_series(caller.connection, group), (hours, at), (zone, lang))


@router.get("/farms/{farm}/view", response_model=View)
def get_herd_view(
    enter: Entrance, farm: FarmName, zone: Zone, lang: InLanguage, hours: Hours = 48, *, at: At = None
) -> Response:
    """Return what the whole herd of a farm measured last together with its forecast."""
    with enter() as caller:
        return _view(caller.connection, measured.herd_series(caller.connection, farm), (hours, at), (zone, lang))


def _view(
    connection: Connection, of: Series, span: tuple[int, datetime | None], told: tuple[tzinfo, Language]
) -> Response:
    (hours, at), (zone, language) = span, told
    shown = spans.until(at, timedelta(hours=hours), readable.now(connection))
    windows = series.history(connection, of, shown.start, shown.end)
    issued = forecasts.latest(connection, of.id, until=at)
    foreseen = None if issued is None else forecast(issued, zone, language)
    return answered(_VIEW([members_window(one, zone) for one in windows], foreseen))
