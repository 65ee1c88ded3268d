"""Whether an animal needs a look: what the scores of its last hours come to, without flicker.

One look an hour, on the hour: the levels are made for that. Each follows from the one before and the score alone.
"""

import math
from enum import StrEnum
from typing import Final, NamedTuple

from stream.behaviour.habit import LEAST_DAYS
from stream.behaviour.levels import CALM, Levels

LOOK_S: Final = 3600
"""Between two looks."""

CALM_S: Final = 12 * 3600
"""A state is left once its score has been calm for so long without a break."""

IMPROVING_S: Final = 48 * 3600
"""An animal that was to be looked at counts as improving for so long once it is calm."""

HELD_S: Final = 24 * 3600
"""A state outlasts silence for so long."""


class State(StrEnum):
    """What is said of an animal."""

    NONE = "none"
    NORMAL = "normal"
    WATCH = "watch"
    LOOK_NOW = "look_now"
    IMPROVING = "improving"


class Reason(StrEnum):
    """Why nothing is said."""

    NOT_ENOUGH_DAYS = "not enough days"
    NOT_ENOUGH_HEARD = "not enough heard"


class Course(NamedTuple):
    """Where an animal is; the next look starts from it.

    Attributes:
        state: What is said of it.
        since: Seconds since 1970 at which that began.
        heard: Last look that had a score; `None` if none had.
        peak: Highest score since `since`; 0 without any.
        calm_since: First look of the calm that has lasted until now; `None` if it is not calm.
        reason: Why nothing is said; `None` if something is.
    """

    state: State
    since: int
    heard: int | None
    peak: float
    calm_since: int | None
    reason: Reason | None


def followed(before: Course | None, at: int, score: float | None, levels: Levels, *, days: int) -> Course:
    """Return the course of an animal after one more look.

    Args:
        before: Its course so far; `None` at its first look.
        at: Time of the look, seconds since 1970, later than any before.
        score: As `score.score_of` returns it; `None` or NaN if too little is known of the animal.
        levels: Of its herd.
        days: Days that its habit is made of.
    """
    if score is None or math.isnan(score):
        return _unheard(before, at, days)
    if before is None or before.state is State.NONE:
        before = Course(State.NORMAL, at, at, 0.0, None, None)
    calm_since = _calm_since(before, at, score, levels)
    calm = calm_since is not None and at - calm_since >= CALM_S
    state = _turned(before, at, score, levels, calm=calm)
    if state is not before.state:
        return Course(state, at, at, score, None, None)
    return Course(state, before.since, at, max(before.peak, score), calm_since, None)


def _turned(before: Course, at: int, score: float, levels: Levels, *, calm: bool) -> State:
    """Return the state after a look with a score."""
    if score >= levels.look_now:
        return State.LOOK_NOW
    if before.state is State.LOOK_NOW:
        return State.IMPROVING if calm else State.LOOK_NOW
    if before.state is State.IMPROVING:
        return State.NORMAL if calm and at - before.since >= IMPROVING_S else State.IMPROVING
    if score >= levels.watch:
        return State.WATCH
    return State.NORMAL if calm else before.state


def _calm_since(before: Course, at: int, score: float, levels: Levels) -> int | None:
    if score >= CALM * (levels.look_now if before.state is State.LOOK_NOW else levels.watch):
        return None
    return at if before.calm_since is None else before.calm_since


def _unheard(before: Course | None, at: int, days: int) -> Course:
    from_habit = days < LEAST_DAYS
    reason = Reason.NOT_ENOUGH_DAYS if from_habit else Reason.NOT_ENOUGH_HEARD
    if before is not None and before.heard is not None and at - before.heard < HELD_S:
        return before
    if before is not None and before.state is State.NONE and before.reason is reason:
        return before
    return Course(State.NONE, at, None, 0.0, None, reason)
