"""What live listeners are told: windows, forecasts and alerts, as the resources tell them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from api.forecasts import Step, step
from api.forms.answers import Answer
from api.watching.alerts import Alert
from api.window_items import MembersWindow, Window, members_window, window
from core.timeline import BUCKET
from storage import alerts, forecasts, series
from storage.database import Connection
from storage.live import Piece
from storage.measured import AnimalWindow
from storage.series import Series
from storage.window_files import Sought
from storage.window_pages import windows_of_all

STEPS = 4
"""Of a forecast as many steps are told as make an hour; the rest is to be asked for."""

_MOST_ANIMALS = 100_000


class Subject(Answer):
    """What something is of; the id of a herd is that of its farm."""

    kind: Literal["herd", "group", "animal"]
    id: int = Field(examples=[3])
    name: str = Field(description="Of a group or an animal; empty for the herd.", examples=["primipares"])

    @classmethod
    def of(cls, one: Series) -> "Subject":
        """Tell a series."""
        return cls(kind="herd" if one.kind == "herd" else "group", id=one.subject, name=one.name)


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
    windows = LiveWindows(farm=piece.farm, bucket=at, items=_windows(connection, at, followed))
    if not animals:
        return windows.model_dump_json(), "", ""
    items = [*windows.items, *_of_animals(connection, piece.farm_id, at)]
    return windows.model_dump_json(), "", windows.model_copy(update={"items": items}).model_dump_json()


def _windows(connection: Connection, at: datetime, followed: Sequence[Series]) -> list[LiveWindow]:
    return [
        LiveWindow(subject=Subject.of(one), window=MembersWindow.model_validate(members_window(found, UTC)))
        for one in followed
        for found in series.history(connection, one, at, at + BUCKET)
    ]


def _of_animals(connection: Connection, farm_id: int, at: datetime) -> Iterator[LiveWindow]:
    found = windows_of_all(connection, Sought(farm_id, at, at + BUCKET, 0, at, None), _MOST_ANIMALS)
    return (
        LiveWindow(
            subject=Subject(kind="animal", id=one.animal_id, name=one.animal_name),
            window=Window.model_validate(window(AnimalWindow(*one[2:]), UTC)),
        )
        for one in found
    )


def _forecasts(connection: Connection, piece: Piece, at: datetime, followed: Sequence[Series]) -> str:
    issued = [(one, found) for one in followed if (found := forecasts.latest(connection, one.id, until=at)) is not None]
    items = [
        LiveForecast(
            subject=Subject.of(one),
            model=found.model,
            reason=found.reason,
            steps=[Step.model_validate(step(found, index, UTC)) for index in range(STEPS)],
        )
        for one, found in issued
        if found.issued_at == at
    ]
    return LiveForecasts(farm=piece.farm, issued_at=at, items=items).model_dump_json()
