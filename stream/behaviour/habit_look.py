"""One look at the habits of the animals of a farm, from what is kept of them: what alerts and states follow from."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from core.timeline import EPOCH
from storage.animals import behaviour
from storage.animals import watching_animals as watched
from storage.animals.behaviour import Sheet
from storage.animals.watching_animals import Raised
from stream.behaviour import looks
from stream.behaviour.bouts import SHORTEST_LYING_S
from stream.behaviour.habit import HABIT_DAYS
from stream.behaviour.hearing import heard_between
from stream.behaviour.levels import Levels, levels_for
from stream.behaviour.local_day import REACH_S
from stream.behaviour.looks import days_until, look
from stream.behaviour.measures import nothing_known, of_spans
from stream.behaviour.spans import EVENING_S, SPAN_S, Spans, spans_heard
from stream.behaviour.standing_alerts import Look

_DAY: Final = timedelta(days=1)


class Held(NamedTuple):
    """What animals are held to: `false_alarms` are allowed per 100 animals and week, days are those of `zone`."""

    species: str
    zone: ZoneInfo
    false_alarms: float


class HabitLook(NamedTuple):
    """What a look shows of animals by id, in the rows of `look`, and the levels of their herd."""

    animals: Sequence[int]
    look: looks.Look
    levels: Levels


def look_at(at: Look, animals: Sequence[int], ill: Sequence[Raised], until: datetime, to: Held) -> HabitLook:
    """Look at the 24 hours of some animals up to an instant.

    Args:
        at: The farm.
        animals: By id.
        ill: Alerts by which animals were to be looked at: their days are no habit.
        until: End of the 24 hours, exclusive.
        to: What the animals are held to.
    """
    spans = _spans(at, animals, until, SHORTEST_LYING_S[to.species])
    last = (until - _DAY).astimezone(to.zone).date() - _DAY
    sheets: dict[int, list[Sheet]] = {animal: [] for animal in animals}
    for animal, sheet in behaviour.sheets_between(at.connection, list(animals), last - HABIT_DAYS * _DAY, last):
        sheets[animal].append(sheet)
    groups = watched.groups_at(at.connection, at.farm_id, until)
    found = look(
        [
            days_until(
                sheets[animal],
                last,
                inferred=bool(spans[animal].inferred[0]) if animal in spans else None,
                left_out=_days_ill(ill, animal, to.zone),
            )
            for animal in animals
        ],
        [of_spans(spans[animal]) if animal in spans else nothing_known() for animal in animals],
        [groups.get(animal, 0) for animal in animals],
    )
    return HabitLook(animals, found, levels_for(to.false_alarms, factor=found.factor))


def _spans(at: Look, animals: Sequence[int], until: datetime, shortest_lying_s: int) -> dict[int, Spans]:
    end = int((until - EPOCH).total_seconds())
    ends = np.array([end], dtype=np.int64)
    return {
        animal: spans_heard(heard, ends, shortest_lying_s=shortest_lying_s)
        for animal, heard in heard_between(at.connection, animals, end - SPAN_S - EVENING_S - REACH_S, end)
    }


def _days_ill(ill: Sequence[Raised], animal_id: int, zone: ZoneInfo) -> set[date]:
    """Return the days on which an animal was to be looked at: they would make illness a habit."""
    days = set[date]()
    for alert in ill:
        if alert.animal_id == animal_id:
            day, last = (instant.astimezone(zone).date() for instant in (alert.since, alert.last_evidence_at))
            days |= {day + timedelta(days=step) for step in range((last - day).days + 1)}
    return days
