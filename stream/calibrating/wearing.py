"""Whether a collar is worn at all: pure, from how it moved.

What nothing living moves for hours has come off, or its animal is dead; samples can't tell which, and neither stands
nor lies in any sense that counts. From the last movement on nothing is told of its posture, until it moves again for
more than a kick. Both instants are those that best part what moved from what did not: a stretch of ten seconds weighs
so much that on either side the share of its own kind, counted from the instant on, never falls below what is asked.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from core.motion import Motion
from storage.evidence.registry import Calibration
from stream.behaviour.stillness import ALL_STILL, MOVES, is_still
from stream.calibrating.seating import EFFECT_MS, TURNED, Change, Parameters, reseated, seated
from stream.contribution import NECKS

STRETCH_MS: Final = 10_000
LEAST_MOVING: Final = 30
"""Stretches that must have moved since a collar lay still, before it counts as worn again: five minutes in all."""

OFF: Final[Parameters] = {**TURNED, "off": True}
"""What is told of the seat of a collar that is not worn: wherever it ends up, its old seat is lost."""


class _Run(NamedTuple):
    """What ends with the last message: since when (milliseconds since 1970), until, stretches and those still."""

    since: int
    until: int
    stretches: int
    still: int


def is_off(calibration: Calibration) -> bool:
    """Tell whether a calibration says that the collar is not worn."""
    return bool(calibration.parameters.get("off"))


def off_change_of(
    calibrations: Sequence[Calibration], motions: Iterable[Motion], now: int, limit_ms: int
) -> Change | None:
    """Tell whether a collar has lain still for so long that nobody wears it; `None` if not.

    Args:
        calibrations: Of the published generation, oldest first.
        motions: How it moved lately, in any order, since an animal is said to wear it.
        now: Milliseconds since 1970.
        limit_ms: Stillness from which on it is not worn; what was heard last is no older than that.
    """
    current = _current(calibrations, now)
    if current is None or is_off(current):
        return None
    run = _run(motions, still=1.0, moved=-ALL_STILL / (1 - ALL_STILL))
    if run is None or run.until - run.since < limit_ms or now - run.until > limit_ms:
        return None
    if not is_still(run.stretches, run.still, (run.until - run.since) / 1000):
        return None
    return _change(calibrations, current, run.since, OFF, now)


def worn_change_of(calibrations: Sequence[Calibration], motions: Iterable[Motion], now: int) -> Change | None:
    """Tell whether a collar that was not worn is worn again; `None` if not.

    Its seat is to be learned anew; of one whose seat was never known, posture is told as before.

    Args:
        calibrations: Of the published generation, oldest first.
        motions: How it moved since it was not worn, in any order.
        now: Milliseconds since 1970.
    """
    current = _current(calibrations, now)
    if current is None or not is_off(current):
        return None
    lay_since = off_since(calibrations, now)
    later = [one for one in motions if one.at > lay_since]
    run = _run(later, still=-1.0, moved=MOVES / (1 - MOVES))
    if run is None or run.stretches - run.still < LEAST_MOVING:
        return None
    had_seat = any("anchor" in one.parameters or _is_turned_only(one) for one in calibrations)
    return _change(calibrations, current, run.since, TURNED if had_seat else {}, now)


def off_since(calibrations: Sequence[Calibration], now: int) -> int:
    """Return since when a collar that is not worn is not worn, milliseconds since 1970."""
    past = [one for one in calibrations if one.effective_from <= now]
    worn = [place for place, one in enumerate(past) if not is_off(one)]
    return past[worn[-1] + 1 if worn else 0].effective_from


def _current(calibrations: Sequence[Calibration], now: int) -> Calibration | None:
    past = [one for one in calibrations if one.effective_from <= now]
    return past[-1] if past and past[-1].mount in NECKS else None


def _is_turned_only(calibration: Calibration) -> bool:
    return bool(calibration.parameters.get("turned")) and not is_off(calibration)


def _change(
    calibrations: Sequence[Calibration], current: Calibration, since: int, seat: Parameters, now: int
) -> Change:
    parameters: dict[str, Any] = seated(current.parameters, seat)
    live = current._replace(effective_from=now + EFFECT_MS, parameters=parameters)
    return Change(reseated(calibrations, [(since, seat)]), since, live)


def _run(motions: Iterable[Motion], *, still: float, moved: float) -> _Run | None:
    """Return the last messages whose weights add up to most; `None` if none do to more than nothing."""
    told = sorted(motions)
    if not told:
        return None
    stretches = np.array([one.stretches for one in told])
    quiet = np.array([one.still for one in told])
    sums = np.cumsum((quiet * still + (stretches - quiet) * moved)[::-1])[::-1]
    first = int(np.argmax(sums))
    if sums[first] <= 0:
        return None
    until = told[-1].at + STRETCH_MS * told[-1].stretches
    return _Run(told[first].at, until, int(stretches[first:].sum()), int(quiet[first:].sum()))
