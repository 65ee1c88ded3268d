"""What live listeners are told: windows, forecasts and alerts, as the resources tell them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from pydantic import Field

from api.forecasts import Step, step
from api.forms.answers import Answer
from api.forms.lean import Lean, lean, written
from api.watching.alerts import Alert
from api.window_items import MembersWindow, Window, members_window, window
from core.timeline import BUCKET
from storage.alerting import alerts
from storage.engine.database import Connection
from storage.engine.live import Piece
from storage.forecasting import forecasts
from storage.measurements import series
from storage.measurements.measured import AnimalWindow
from storage.measurements.series import Series
from storage.measurements.window_files import Sought
from storage.measurements.window_pages import windows_of_all

STEPS = 4
"""Of a forecast as many steps are told as make an hour; the rest is to be asked for."""

_MOST_ANIMALS = 100_000


class Subject(Answer):
    """What something is of; the id of a herd is that of its farm."""

    kind: Literal["herd", "group", "animal"]
    id: int = Field(examples=[3])
    name: str = Field(description="Of a group or an animal; empty for the herd.", examples=["primipares"])


class LiveWindow(Answer):
    """A window that changed."""

    subject: Subject
    window: MembersWindow | Window


class LiveWindows(Answer):
    """Event `windows`: 15 minutes of a farm that changed: its herd, its groups and, if wished for, its animals."""

    farm: str = Field(examples=["barn"])
    bucket: datetime
    items: list[LiveWindow]


class LiveForecast(Answer):
    """A forecast that was issued, with its first hour."""

    subject: Subject
    model: str = Field(examples=["sarimax"])
    reason: str = Field(description="Why, where it is a fallback; else empty.")
    steps: list[Step]


class LiveForecasts(Answer):
    """Event `forecast`: the forecasts of a farm's herd and groups of a slot."""

    farm: str = Field(examples=["barn"])
    issued_at: datetime
    items: list[LiveForecast]


_SUBJECT: Final = lean(Subject)
_WINDOW: Final = lean(LiveWindow)
_WINDOWS: Final = lean(LiveWindows)
_FORECAST: Final = lean(LiveForecast)
_FORECASTS: Final = lean(LiveForecasts)


def told(connection: Connection, piece: Piece, animals: bool) -> tuple[str, str, str]:  # noqa: FBT001 - handed on
    """Return what is told of something that changed, as JSON; the same in French, and with the windows of animals.

    Each is empty where there is no such thing, the last one also if it is not asked for by `animals`. Times are UTC.
    """
    if piece.kind == "alert":
        alert = alerts.alert(connection, piece.subject)
        return Alert.of(alert, UTC, "en").model_dump_json(), Alert.of(alert, UTC, "fr").model_dump_json(), ""
    at = datetime.fromtimestamp(piece.subject, UTC)
    followed = [one for one in series.series_of(connection, piece.farm_id) if one.animal_id is None]
    if piece.kind == "forecast":
        return _forecasts(connection, piece, at, followed), "", ""
    items = _windows(connection, at, followed)
    windows = _told(_WINDOWS(piece.farm, at, items))
    if not animals:
        return windows, "", ""
    return windows, "", _told(_WINDOWS(piece.farm, at, [*items, *_of_animals(connection, piece.farm_id, at)]))


def _told(content: Lean) -> str:
    return written(content).decode()


def _subject(one: Series) -> Lean:
    return _SUBJECT("herd" if one.kind == "herd" else "group", one.subject, one.name)


def _windows(connection: Connection, at: datetime, followed: Sequence[Series]) -> list[Lean]:
    return [
        _WINDOW(_subject(one), members_window(found, UTC))
        for one in followed
        for found in series.history(connection, one, at, at + BUCKET)
    ]


def _of_animals(connection: Connection, farm_id: int, at: datetime) -> Iterator[Lean]:
    sought = Sought(farm_id, at, at + BUCKET, animal=0, since=at, only=None)
    return (
        _WINDOW(_SUBJECT("animal", one.animal_id, one.animal_name), window(AnimalWindow(*one[2:]), UTC))
        for one in windows_of_all(connection, sought, _MOST_ANIMALS)
    )


def _forecasts(connection: Connection, piece: Piece, at: datetime, followed: Sequence[Series]) -> str:
    issued = [(one, found) for one in followed if (found := forecasts.latest(connection, one.id, until=at)) is not None]
    items = [
        _FORECAST(_subject(one), found.model, found.reason, [step(found, index, UTC) for index in range(STEPS)])
        for one, found in issued
        if found.issued_at == at
    ]
    return _told(_FORECASTS(piece.farm, at, items))
