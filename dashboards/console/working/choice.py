"""What is worked on: a group or the herd of the farm over some days, or a file. Chosen on 'Données', kept for all.

Where a file is to be worked on nothing else is, also while there is none: one that was refused has no stand-in.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeVar

import streamlit as st

from core.timeline import floor_slot
from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm, NothingChosenError
from dashboards.console.uploads import Upload

DAYS: Final = (3, 7, 14, 21, 30, 60, 90, 180, 365)
USUAL_DAYS: Final = 21
HELD_OUT_DAYS: Final = 2
"""Those that a training holds out come on top of those that it learns from."""

FRESH_S: Final = 60.0
_STEP: Final = timedelta(minutes=15)

Answer = TypeVar("Answer")


class UploadedFile(NamedTuple):
    """A series of a file, as its page has read it."""

    farm: str
    name: str
    zone: str
    unit: str
    upload: Upload


class Choice(NamedTuple):
    """What is worked on.

    Attributes:
        farm: On which farm.
        group: Number of the group; None of the herd and of a file.
        label: What it is called.
        days: How many days until now; of a file all.
        file: The file, if it is one.
    """

    farm: Farm
    group: int | None
    label: str
    days: int
    file: UploadedFile | None = None

    @property
    def title(self) -> str:
        """What it is, and what it is called."""
        if self.file is not None:
            return say("file_named", name=self.label)
        return self.label if self.group is None else say("about_group", name=self.label)

    def place(self, what: str) -> tuple[str, object]:
        """Return the path of something that the API tells of a group or a herd, and the value in it."""
        if self.group is None:
            return "/farms/{}/" + what, self.farm.name
        return "/groups/{}/" + what, self.group

    def is_of(self, subject: dict[str, Any]) -> bool:
        """Tell whether that is what a model or a training is of."""
        if self.file is not None:
            return (subject["kind"], subject["name"]) == ("file", self.file.name)
        kind = "herd" if self.group is None else "group"
        return (subject["kind"], subject["id"]) == (kind, self.group)


def groups() -> dict[int, str]:
    """Return the groups of the farm by number."""
    farm = session.farm().name
    return recent(
        "groups", farm, lambda: {one["id"]: one["name"] for one in session.api().items("/farms/{}/groups", farm)}
    )


def group_key(farm: Farm) -> str:
    """Return the name of the field of the group, which is another one on each farm."""
    return f"group.{farm.name}"


def choice() -> Choice:
    """Return what is worked on: what was chosen, or else the first group of the farm.

    Raises:
        NothingChosenError: a file is to be worked on, and there is none of the farm.
    """
    farm = session.farm()
    if st.session_state.get("kept.source") == "file":
        file: UploadedFile | None = st.session_state.get("file")
        if file is None or file.farm != farm.name:
            raise NothingChosenError(st.session_state.get("refused_file"))
        return Choice(farm, None, file.name, 0, file)
    known = groups()
    group = st.session_state.get(f"kept.{group_key(farm)}", next(iter(known), 0))
    days = st.session_state.get("kept.days", USUAL_DAYS)
    if group not in known:
        return Choice(farm, None, say("herd"), days)
    return Choice(farm, group, known[group], days)


def told(chosen: Choice) -> None:
    """Say what is worked on, on the pages where it can't be chosen."""
    span = say("whole_file") if chosen.file is not None else say("last_days", days=chosen.days)
    st.caption(say("worked_on", farm=plain(chosen.farm.title), series=plain(chosen.label), span=span))


def take(file: UploadedFile) -> None:
    """Have a file worked on."""
    st.session_state["file"] = file
    st.session_state.pop("refused_file", None)


def refuse(name: str) -> None:
    """Note that a file could not be read; nothing is worked on until another one is taken, or a series of the farm."""
    st.session_state.pop("file", None)
    st.session_state["refused_file"] = name


def learnt_from(chosen: Choice) -> list[tuple[datetime, float]]:
    """Return the known values that a training asked for now would get, the two days that it holds out among them."""
    if chosen.file is not None:
        points = chosen.file.upload.points
    else:
        points = _measured(chosen, "learnt", chosen.days + HELD_OUT_DAYS, "15min")
    return [(at, value) for at, value in points if value is not None]


def points_of(chosen: Choice) -> tuple[list[tuple[datetime, float | None]], timedelta]:
    """Return what is known of a series, and its step: quarters of an hour, hours of more than 30 days."""
    if chosen.file is not None:
        points = chosen.file.upload.points
        steps = sorted(later - earlier for (earlier, _), (later, _) in pairwise(points))
        return points, steps[len(steps) // 2] if steps else _STEP
    resolution, step = ("15min", _STEP) if chosen.days <= 30 else ("hour", timedelta(hours=1))
    return _measured(chosen, "points", chosen.days, resolution), step


def _measured(chosen: Choice, name: str, days: int, resolution: str) -> list[tuple[datetime, float | None]]:
    path, value = chosen.place("windows")

    def ask() -> list[tuple[datetime, float | None]]:
        to = floor_slot(datetime.fromisoformat(session.api().get("/clock")["now"]))
        start = to - timedelta(days=days)
        wanted = {"from_": start.isoformat(), "to": to.isoformat(), "resolution": resolution}
        found = session.api().items(path, value, **wanted, fields="bucket,standing_ratio")
        return [(datetime.fromisoformat(one["bucket"]), one["standing_ratio"]) for one in found]

    return recent(name, (path, value, days), ask)


def recent(name: str, key: object, ask: Callable[[], Answer]) -> Answer:
    """Return what was answered to the same question within the last minute, or else ask."""
    kept = st.session_state.get(f"recent.{name}")
    now = datetime.now().astimezone()
    if kept is not None and kept[0] == key and now - kept[1] < timedelta(seconds=FRESH_S):
        answer: Answer = kept[2]
        return answer
    answer = ask()
    st.session_state[f"recent.{name}"] = (key, now, answer)
    return answer


def forget_recent() -> None:
    """Have everything asked for anew."""
    for key in [key for key in st.session_state if str(key).startswith("recent.")]:
        del st.session_state[key]
