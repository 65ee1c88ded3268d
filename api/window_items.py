"""What is told of windows: 15 minutes, hours and local days of animals, groups, herds."""

from datetime import datetime, tzinfo
from typing import Any, Final

from pydantic import Field
from pydantic.config import JsonDict

from api.forms.answers import Answer, Page
from api.forms.columns import UNIT
from api.forms.lean import Lean, lean
from core.timeline import BUCKET_S
from storage.measurements.measured import AnimalWindow, OneOfMany
from storage.measurements.rollups import Total
from storage.measurements.series import Measured

_SECONDS: Final[JsonDict] = {UNIT: "s"}


class Window(Answer):
    """15 minutes, an hour or a day of an animal; those of which nothing was heard are left out."""

    bucket: datetime = Field(description="When it begins.", examples=["2026-03-29T01:00:00Z"])
    length_s: int = Field(
        description="Seconds that it lasts: a day that changes the clock has 82,800 or 90,000.",
        examples=[900],
        json_schema_extra=_SECONDS,
    )
    received_s: int = Field(
        description="Seconds of which anything was received, over all members.",
        examples=[6950],
        json_schema_extra=_SECONDS,
    )
    known_s: int = Field(
        description="Seconds of which the posture is known, over all members.",
        examples=[6900],
        json_schema_extra=_SECONDS,
    )
    standing_s: int = Field(
        description="Seconds standing, over all members.", examples=[4140], json_schema_extra=_SECONDS
    )
    standing_ratio: float | None = Field(
        description="`standing_s / known_s`, 0 to 1; null unless enough of the seconds are known.", examples=[0.6]
    )
    coverage: float | None = Field(
        description="Share of the members' seconds that are known: of each member 900 for each 15 minutes that have "
        "begun, in which it belonged and wore a collar. Null without members.",
        examples=[0.96],
    )


class MembersWindow(Window):
    """15 minutes, an hour or a day of a group or a herd."""

    heard: int = Field(description="Members of which anything was heard.", examples=[7])
    members: int = Field(description="Animals that belonged to it and wore a collar.", examples=[8])


class OneAnimalsWindow(Window):
    """15 minutes of one animal of many."""

    animal_id: int = Field(examples=[7])
    animal_name: str = Field(examples=["Blanchette"])


class AnimalWindows(Page):
    """A part of an animal's windows, in order of time."""

    items: list[Window]


class MembersWindows(Page):
    """A part of the windows of a group or a herd, in order of time."""

    items: list[MembersWindow]


class AllWindows(Page):
    """A part of the windows of a farm's animals, by animal and time."""

    items: list[OneAnimalsWindow]


_WINDOW: Final = lean(Window)
_MEMBERS_WINDOW: Final = lean(MembersWindow)
_ONE_ANIMALS_WINDOW: Final = lean(OneAnimalsWindow)


def window(found: AnimalWindow | Total, zone: tzinfo) -> Lean:
    """Tell a window of an animal."""
    return _WINDOW(*_common(found, zone))


def members_window(found: Measured | Total, zone: tzinfo) -> Lean:
    """Tell a window of a group or a herd."""
    return _MEMBERS_WINDOW(*_common(found, zone), found.heard, found.members)


def one_animals_window(found: OneOfMany, zone: tzinfo) -> Lean:
    """Tell a window of one animal of many."""
    return _ONE_ANIMALS_WINDOW(*_common(found, zone), found.animal_id, found.animal_name)


def _common(found: AnimalWindow | OneOfMany | Measured | Total, zone: tzinfo) -> tuple[Any, ...]:
    """Return the members that all windows have, in their order."""
    length_s, possible_s = _length_s(found)
    return (
        found.bucket.astimezone(zone),
        length_s,
        found.received_s,
        found.known_s,
        found.standing_s,
        found.standing_ratio,
        found.known_s / possible_s if possible_s else None,
    )


def _length_s(found: AnimalWindow | OneOfMany | Measured | Total) -> tuple[int, int]:
    """Return how long a window is, and the seconds that its members have in it together."""
    if isinstance(found, Total):
        return found.length_s, found.possible_s
    return BUCKET_S, BUCKET_S * found.members if isinstance(found, Measured) else BUCKET_S
