"""Instants as people on the farm say them: on its wall clock, to the minute."""

from datetime import UTC, datetime, tzinfo
from typing import Final, Literal

import streamlit as st

from core.wallclock import TimeError, WallClock
from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.settings.asking import labels

Since = Literal["first", "now", "other"]

_AGES: Final = ((60, "age_seconds", 1), (3600, "age_minutes", 60), (172_800, "age_hours", 3600))


def instant(told: str) -> datetime:
    """Return an instant as the API told it."""
    return datetime.fromisoformat(told)


def read(told: str | None) -> datetime | None:
    """Return the same of what may be null."""
    return None if told is None else instant(told)


def now() -> datetime:
    """Return the node's time, which is that of all data."""
    return instant(session.api().get("/clock")["now"])


def shown(at: datetime, zone: tzinfo) -> str:
    """Return an instant on the farm's wall clock."""
    return say("moment", at=at.astimezone(zone))


def age(seconds: float) -> str:
    """Return how long ago something was."""
    for most, key, unit in _AGES:
        if seconds < most:
            return say(key, count=max(0, int(seconds // unit)))
    return say("age_days", count=int(seconds // 86_400))


def ask(label: str, key: str, zone: tzinfo, at: datetime) -> datetime | None:
    """Ask for an instant; `None` where there is no such time on the farm's wall clock, which is said.

    Args:
        label: What is asked for.
        key: Of the field.
        zone: The farm's.
        at: The instant that is proposed at first.
    """
    proposed = at.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    wall = st.datetime_input(
        label,
        key=session.kept(key, proposed),
        step=60,
        format="DD/MM/YYYY",
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - a wall clock
    )
    if wall is None:
        return None
    try:
        return WallClock(zone).instant(wall).astimezone(UTC)
    except TimeError as skipped:
        st.error(plain(str(skipped)))
        return None


def ask_since(key: str, zone: tzinfo, first: datetime | None, present: datetime) -> datetime | None:
    """Ask since when something is so: from a first instant, from now, or from another one.

    Args:
        key: Of the fields.
        zone: The farm's.
        first: The instant that is proposed, if there is one.
        present: The node's time.
    """
    choices: list[Since] = ["now", "other"] if first is None else ["first", "now", "other"]
    told = "" if first is None else shown(first, zone)
    chosen = st.segmented_control(
        say("since_when"),
        choices,
        format_func=labels("since", choices, at=told),
        key=session.kept(f"{key}.since", choices[0]),
        required=True,
    )
    if chosen == "other":
        return ask(say("from_when"), f"{key}.at", zone, first or present)
    return first if chosen == "first" else present
