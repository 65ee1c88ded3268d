"""Alerts about animals that are off their own habits: restless ones, and ones that stand too little.

One look an hour, on the hour, as the levels are made for. An alert is over once its animal has been calm for so long
as a state needs to be left (`states.CALM_S`).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from core.timeline import EPOCH
from storage import behaviour
from storage import watching_animals as watched
from storage.behaviour import Sheet
from storage.findings import Subject
from storage.watching_animals import Raised, WornCollar
from stream.behaviour.bouts import SHORTEST_LYING_S
from stream.behaviour.habit import HABIT_DAYS
from stream.behaviour.hearing import heard_between
from stream.behaviour.levels import CALM, levels_for
from stream.behaviour.local_day import REACH_S
from stream.behaviour.looks import days_until, look
from stream.behaviour.measures import Measured, of_spans
from stream.behaviour.score import SIGNS
from stream.behaviour.spans import EVENING_S, SPAN_S, spans_heard
from stream.behaviour.standing_alerts import Look
from stream.behaviour.states import CALM_S, HELD_S

RESTLESS: Final = "restless"
LYING_LONG: Final = "lying_long"

_CODES: Final = {RESTLESS: "restless", LYING_LONG: "stands_little"}
_RESTLESS_SIGNS: Final = frozenset({SIGNS.index("lying_bouts"), SIGNS.index("interruptions")})
_DAY: Final = timedelta(days=1)
_HABIT: Final = timedelta(days=HABIT_DAYS + 2)


class _Shown(NamedTuple):
    """What a look shows of one animal; `score` is a share of the level from which on it is to be looked at."""

    score: float
    kind: str
    evidence: dict[str, Any]
    expected: dict[str, Any]


class Held(NamedTuple):
    """What animals are held to: `false_alarms` are allowed per 100 animals and week, days are those of `zone`."""

    species: str
    zone: ZoneInfo
    false_alarms: float


def watch_habits(at: Look, worn: Sequence[WornCollar], to: Held) -> None:
    """Raise, amend and end the alerts about animals that are off their habits; between two hours nothing is done."""
    if at.slot.minute:
        return
    known = watched.raised(at.connection, at.farm_id, tuple(_CODES), at.slot - _HABIT)
    ill = [one for one in known if one.evidence["code"] in _CODES.values()]
    wearers = sorted({collar.animal_id for collar in worn})
    shown = _shown(at, wearers, ill, at.slot, to)
    kept = [one for one in ill if one.until is None]
    for alert in kept:
        now = shown.get(alert.animal_id or 0)
        if alert.animal_id not in wearers:
            at.end(alert, "not_worn")
        elif now is not None and now.score >= CALM:
            at.revise(alert, last_evidence_at=max(at.slot, alert.last_evidence_at))
        elif now is None and at.slot - alert.last_evidence_at >= timedelta(seconds=HELD_S):
            at.end(alert, "no_data")
        elif now is not None and at.slot - alert.last_evidence_at >= timedelta(seconds=CALM_S):
            then = _shown(at, wearers, ill, alert.opened_at, to).get(alert.animal_id)
            at.end(alert, "usual_again" if then is not None and then.score >= CALM else "undone")
    on = {one.animal_id for one in kept}
    for animal_id, one in shown.items():
        if one.score >= 1 and animal_id not in on:
            at.open(
                one.kind,
                Subject(animal_id=animal_id),
                since=at.slot - _DAY,
                severity="warning",
                evidence=one.evidence,
                expected=one.expected,
            )


def _shown(at: Look, animals: Sequence[int], ill: Sequence[Raised], until: datetime, to: Held) -> dict[int, _Shown]:
    """Look at some animals at an instant; those of which too little is known are left out."""
    spans = _spans(at, animals, until, SHORTEST_LYING_S[to.species])
    if not spans:
        return {}
    last = (until - _DAY).astimezone(to.zone).date() - timedelta(days=1)
    sheets: dict[int, list[Sheet]] = {animal: [] for animal in spans}
    for animal, sheet in behaviour.sheets_between(at.connection, list(spans), last - timedelta(days=HABIT_DAYS), last):
        sheets[animal].append(sheet)
    groups = watched.groups_at(at.connection, at.farm_id, until)
    seen = look(
        [days_until(sheets[animal], last, left_out=_days_ill(ill, animal, to.zone)) for animal in spans],
        list(spans.values()),
        [groups.get(animal, 0) for animal in spans],
    )
    level = levels_for(to.false_alarms, factor=seen.factor).look_now
    return {
        animal: _of_one(float(score) / level, signs, facts, low, high)
        for animal, score, signs, facts, low, high in zip(
            spans, seen.scores, seen.signs, seen.seen, seen.low, seen.high, strict=True
        )
        if np.isfinite(score)
    }


def _spans(at: Look, animals: Sequence[int], until: datetime, shortest_lying_s: int) -> dict[int, Measured]:
    end = int((until - EPOCH).total_seconds())
    ends = np.array([end], dtype=np.int64)
    return {
        animal: of_spans(spans_heard(heard, ends, shortest_lying_s=shortest_lying_s))
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


def _of_one(score: float, signs: Any, facts: Any, low: Any, high: Any) -> _Shown:
    kind = RESTLESS if int(np.nanargmax(signs)) in _RESTLESS_SIGNS else LYING_LONG
    minutes = [None if not np.isfinite(one) else round(60 * float(one)) for one in (facts[0], low[0], high[0])]
    bouts = [None if not np.isfinite(one) else round(float(one)) for one in (facts[1], low[1], high[1], facts[2])]
    return _Shown(
        score,
        kind,
        {
            "code": _CODES[kind],
            "score": round(score, 2),
            "standing_minutes": minutes[0],
            "bouts": bouts[0],
            "interruptions": bouts[3],
        },
        {
            "standing_minutes_low": minutes[1],
            "standing_minutes_high": minutes[2],
            "bouts_low": bouts[1],
            "bouts_high": bouts[2],
        },
    )
