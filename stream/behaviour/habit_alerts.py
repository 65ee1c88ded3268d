"""Alerts about animals that are off their own habits: restless ones, and ones that stand too little.

One look an hour, on the hour, as the levels are made for. An alert is over once its animal has been calm for so long
as a state needs to be left (`states.CALM_S`).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

import numpy as np

from storage.alerting.findings import Subject
from storage.animals import watching_animals as watched
from storage.animals.watching_animals import WornCollar
from stream.behaviour.courses import keep_courses
from stream.behaviour.habit import HABIT_DAYS
from stream.behaviour.habit_look import HabitLook, Held, look_at
from stream.behaviour.levels import CALM
from stream.behaviour.score import SIGNS
from stream.behaviour.standing_alerts import Look
from stream.behaviour.states import CALM_S, HELD_S

RESTLESS: Final = "restless"
LYING_LONG: Final = "lying_long"

_CODES: Final = {RESTLESS: ("restless_bouts", "restless"), LYING_LONG: ("stands_little", "stands_little")}
"""Of evidence, by kind: without and with interruptions, which collars don't count."""
_RESTLESS_SIGNS: Final = frozenset({SIGNS.index("lying_bouts"), SIGNS.index("interruptions")})
_DAY: Final = timedelta(days=1)
_HABIT: Final = timedelta(days=HABIT_DAYS + 2)


class _Shown(NamedTuple):
    """What a look shows of one animal; `score` is a share of the level from which on it is to be looked at."""

    score: float
    kind: str
    evidence: dict[str, Any]
    expected: dict[str, Any]


def watch_habits(at: Look, worn: Sequence[WornCollar], to: Held) -> None:
    """Bring states, and alerts about animals off their habits, up to what is seen; between hours nothing is done."""
    if at.slot.minute:
        return
    known = watched.raised(at.connection, at.farm_id, tuple(_CODES), at.slot - _HABIT)
    ill = [one for one in known if any(one.evidence["code"] in codes for codes in _CODES.values())]
    wearers = sorted({collar.animal_id for collar in worn})
    found = look_at(at, wearers, ill, at.slot, to)
    keep_courses(at, found)
    shown = _shown(found)
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
            then = _shown(look_at(at, wearers, ill, alert.opened_at, to)).get(alert.animal_id)
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


def _shown(found: HabitLook) -> dict[int, _Shown]:
    """Tell what a look shows of animals; those of which too little is known are left out."""
    level, of = found.levels.look_now, found.look
    return {
        animal: _of_one(float(score) / level, signs, facts, low, high)
        for animal, score, signs, facts, low, high in zip(
            found.animals, of.scores, of.signs, of.seen, of.low, of.high, strict=True
        )
        if np.isfinite(score)
    }


def _of_one(score: float, signs: Any, facts: Any, low: Any, high: Any) -> _Shown:
    kind = RESTLESS if int(np.nanargmax(signs)) in _RESTLESS_SIGNS else LYING_LONG
    minutes = [None if not np.isfinite(one) else round(60 * float(one)) for one in (facts[0], low[0], high[0])]
    bouts = [None if not np.isfinite(one) else round(float(one)) for one in (facts[1], low[1], high[1], facts[2])]
    return _Shown(
        score,
        kind,
        {
            "code": _CODES[kind][bouts[3] is not None],
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
