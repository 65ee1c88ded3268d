"""What live listeners are told: windows, forecasts and alerts, as the resources tell them."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from api.forecasts import Step, step
from api.forms.answers import Answer
from api.watching.alerts import Alert
from api.window_items import MembersWindow, members_window
from core.timeline import BUCKET
from storage import alerts, forecasts, series
from storage.database import Connection
from storage.live import Piece
from storage.series import Series

STEPS = 4
"""Of a forecast as many steps are told as make an hour; the rest is to be asked for."""


class Subject(Answer):
    """What something is of; the id of a herd is that of its farm."""

    kind: Literal["herd", "group"]
    id: int = Field(examples=[3])
    name: str = Field(description="Of a group; empty for the herd.", examples=["primipares"])

    @classmethod
    def of(cls, one: Series) -> "Subject":
        """Tell a series."""
        return cls(kind="herd" if one.kind == "herd" else "group", id=one.subject, name=one.name)


class LiveWindow(Answer):
    """A window that changed."""

    subject: Subject
    window: MembersWindow


class LiveWindows(Answer):
    """Event `windows`: 15 minutes of a farm that changed; those of animals are to be asked for."""

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


def told(connection: Connection, piece: Piece) -> tuple[str, str]:
    """Return what is told of something that changed, as JSON, and the same in French if there are words in it.

    Times are UTC.
    """
    if piece.kind == "alert":
        alert = alerts.alert(connection, piece.subject)
        return Alert.of(alert, UTC, "en").model_dump_json(), Alert.of(alert, UTC, "fr").model_dump_json()
    return _numbers(connection, piece), ""


def _numbers(connection: Connection, piece: Piece) -> str:
    at = datetime.fromtimestamp(piece.subject, UTC)
    followed = [one for one in series.series_of(connection, piece.farm_id) if one.animal_id is None]
    if piece.kind == "windows":
        windows = [
            LiveWindow(subject=Subject.of(one), window=MembersWindow.model_validate(members_window(found, UTC)))
            for one in followed
            for found in series.history(connection, one, at, at + BUCKET)
        ]
        return LiveWindows(farm=piece.farm, bucket=at, items=windows).model_dump_json()
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
