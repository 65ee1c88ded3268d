"""Keeps what is said of each animal: its course of states, brought on by each look at its habit."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from core.timeline import EPOCH
from storage.animals import animal_states
from storage.animals.animal_states import State as Row
from storage.animals.animal_states import Usual
from stream.behaviour.habit_look import HabitLook
from stream.behaviour.levels import Levels
from stream.behaviour.standing_alerts import Look
from stream.behaviour.states import Course, Reason, State, followed

_MEASURES: Final = 4
"""Measures that a look at 24 hours has: the first of `measures.MEASURES`, in the order of the row's."""

_UNKNOWN: Final = (Usual(None, None, None),) * _MEASURES


def keep_courses(at: Look, found: HabitLook) -> None:
    """Bring on the courses of the animals that were looked at, and of those that wear no collar any longer.

    A look that is not later than an animal's last one changes nothing of it.
    """
    before = animal_states.last_states(at.connection, at.farm_id)
    rows = [*_of_wearers(at.slot, found, before), *_of_others(at.slot, found, before)]
    animal_states.keep_states(at.connection, [row for row in rows if _is_news(before.get(row.animal_id), row)])


def _of_wearers(slot: datetime, found: HabitLook, before: dict[int, Row]) -> Iterator[Row]:
    levels = Levels(1.0, found.levels.watch / found.levels.look_now)
    for place, animal in enumerate(found.animals):
        score, days = float(found.look.scores[place]) / found.levels.look_now, int(found.look.days[place])
        columns = (found.look.seen[place], found.look.low[place], found.look.high[place])
        measures = [Usual(*map(_number, ends)) for ends in zip(*columns, strict=True)][:_MEASURES]
        course = followed(_course(before.get(animal)), _second(slot), score, levels, days=days)
        yield _row(animal, slot, course, days, score=_number(score), measures=measures)


def _of_others(slot: datetime, found: HabitLook, before: dict[int, Row]) -> Iterator[Row]:
    for animal in before.keys() - set(found.animals):
        last = before[animal]
        if last.state != "none":
            course = followed(_course(last), _second(slot), None, found.levels, days=last.days)
            yield _row(animal, slot, course, last.days)


def _is_news(last: Row | None, row: Row) -> bool:
    return last is None or last.looked_at < row.looked_at


def _course(last: Row | None) -> Course | None:
    if last is None:
        return None
    heard, calm = (None if at is None else _second(at) for at in (last.heard_at, last.calm_since))
    return Course(
        State(last.state), _second(last.since), heard, last.peak, calm, Reason(last.reason) if last.reason else None
    )


def _row(
    animal: int,
    slot: datetime,
    course: Course,
    days: int,
    *,
    score: float | None = None,
    measures: Sequence[Usual] = _UNKNOWN,
) -> Row:
    return Row(
        animal,
        _instant(course.since),
        course.state.value,
        course.reason.value if course.reason else "",
        slot,
        None if course.heard is None else _instant(course.heard),
        None if course.calm_since is None else _instant(course.calm_since),
        course.peak,
        score,
        days,
        *measures,
    )


def _number(one: float) -> float | None:
    return float(one) if np.isfinite(one) else None


def _second(instant: datetime) -> int:
    return int((instant - EPOCH).total_seconds())


def _instant(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)
