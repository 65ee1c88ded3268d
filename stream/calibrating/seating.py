"""What is to be said anew of how a collar sits: pure, from its calibrations and from how it moved.

Whatever concerns the past is a new history as a whole, with the change dated between two walks: in between, nothing
is said that depends on how the collar sits. What only refines the present takes effect later, and touches no past.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from core.motion import Motion
from storage.evidence.registry import SINCE_EVER, Calibration
from stream.contribution import NECKS
from stream.posture.anchor import anchor_of, angles_deg
from stream.posture.gain import corrected, gain_of
from stream.posture.refused import Refused
from stream.posture.seat import Seat, seat_of
from stream.posture.turning import turned, turns
from stream.posture.walks import Walks, walks_of

DAY_MS: Final = 86_400_000
EFFECT_MS: Final = 600_000
"""A calibration for live use takes effect so much after it was made, so that all who read messages agree."""

LOOK_BACK_MS: Final = 7 * DAY_MS
"""Walking that a first anchor, or one after a turn, is learned from."""
RECENT_MS: Final = DAY_MS
"""Walking by which a known anchor is held up: that of one whole day, with all that is done in it."""
SEATED_MS: Final = DAY_MS // 4
"""Walking that a known anchor is learned from anew: a collar slips by several degrees in a day, so what it walked
yesterday tells where it was."""
RENEWED_MS: Final = DAY_MS // 12
"""Time that a seat is left alone: a few calibrations a day."""
DRIFTED_DEG: Final = 3.0
"""Angle from which a new estimate of the same seat is worth a calibration: about the error of the estimate."""
BETTER_G: Final = 0.005
"""Mean error at rest that gain and offset must take away: half of what is accepted after a fit."""

_SEAT: Final = ("anchor", "spread_deg", "turned", "off")
Parameters = Mapping[str, Any]
TURNED: Final[Parameters] = {"turned": True}
"""What is told of a seat that is lost."""


class Change(NamedTuple):
    """What is to be done about a collar; all instants in milliseconds since 1970.

    Attributes:
        history: All calibrations of a new generation, oldest first; empty if the past stays as it is.
        since: Before it the new generation says what the old one says.
        live: To be added to the published generation; `None` for nothing.
        later: To be added with it, oldest first: what was to take effect later still, with the same seat.
    """

    history: tuple[Calibration, ...]
    since: int
    live: Calibration | None
    later: tuple[Calibration, ...] = ()


def change_of(calibrations: Sequence[Calibration], motions: Iterable[Motion], now: int) -> Change | None:
    """Tell what the walking of the last days changes; `None` for nothing.

    Args:
        calibrations: Of the published generation, oldest first.
        motions: What walked since `now - LOOK_BACK_MS`, at least.
        now: Milliseconds since 1970.
    """
    past = [one for one in calibrations if one.effective_from <= now]
    if not past or past[-1].mount not in NECKS:
        return None
    current, start = past[-1], _run_start(past)
    walks = _since(walks_of(motions, current.axes, current.parameters), max(start, now - LOOK_BACK_MS))
    seat = seat_of(current.parameters)
    if current.parameters.get("turned") or seat is None:
        return _learned(calibrations, walks, start, turned_before=bool(current.parameters.get("turned")))
    recent = _since(walks, now - RECENT_MS)
    turn = turned(recent, seat)
    if turn is not None:
        after = max(start, now - RECENT_MS) if turn.after is None else turn.after + 1
        seats = [(after, TURNED), *_seats(_since(recent, turn.before), turn.before)]
        live = current._replace(effective_from=now + EFFECT_MS, parameters=seated(current.parameters, TURNED))
        return Change(reseated(calibrations, seats), after, live)
    coming = calibrations[len(past) :]
    if now - current.effective_from < RENEWED_MS or (coming and coming[0].effective_from - now < RENEWED_MS):
        return None
    new = anchor_of(_since(recent, now - SEATED_MS))
    if isinstance(new, Refused) or angles_deg(np.array([new.anchor]), np.array(seat.anchor))[0] < DRIFTED_DEG:
        return None
    change = _live(current, seated(current.parameters, _told(new)), now)
    return change._replace(later=_later(coming, _told(new)))


def forgotten(calibrations: Sequence[Calibration]) -> tuple[Calibration, ...]:
    """Return calibrations without what was learned of the seat."""
    return _shortest([one._replace(parameters=seated(one.parameters, {})) for one in calibrations])


def refusal_of(calibrations: Sequence[Calibration], motions: Iterable[Motion]) -> Refused | None:
    """Tell why the latest seat of a collar can't be learned from its walking; `None` if it can."""
    current = calibrations[-1]
    walks = walks_of(motions, current.axes, current.parameters)
    found = turns(walks)
    seat = anchor_of(_since(walks, found[-1].before if found else SINCE_EVER))
    return seat if isinstance(seat, Refused) else None


def gain_change_of(
    calibrations: Sequence[Calibration], still: Iterable[Motion], walking: Iterable[Motion], now: int
) -> Change | None:
    """Tell whether gain and offset are to be corrected, and the anchor with them; `None` for nothing.

    Args:
        calibrations: Of the published generation, oldest first.
        still: What was still in the last days.
        walking: What walked in the last day.
        now: Milliseconds since 1970.
    """
    current = calibrations[-1]
    if current.mount not in NECKS or now < current.effective_from:
        return None
    stills = list(still)
    gain = gain_of(stills)
    if isinstance(gain, Refused) or gain.error_g > _error_g(stills, current.parameters) - BETTER_G:
        return None
    parameters = {**current.parameters, "gain": list(gain.gain), "offset": list(gain.offset)}
    if "anchor" in parameters:
        seat = anchor_of(_since(walks_of(walking, current.axes, parameters), _run_start(calibrations)))
        if isinstance(seat, Refused):
            return None  # an anchor that was learned otherwise does not go with it
        parameters = seated(parameters, _told(seat))
    return _live(current, parameters, now)


def _learned(calibrations: Sequence[Calibration], walks: Walks, start: int, *, turned_before: bool) -> Change | None:
    """Return the history in which every seat is told that the walking tells; `None` if the latest is not."""
    found = turns(walks)
    edges = [int(walks.at[0]) if turned_before and len(walks.at) else start]
    edges += [turn.before for turn in found]
    seats: list[tuple[int, Parameters]] = []
    for index, (first, end) in enumerate(pairwise([*edges, 1 << 62])):
        if index:
            seats.append(((found[index - 1].after or first - 1) + 1, TURNED))
        within = walks.part((walks.at >= first) & (walks.at < end))
        seats += _seats(within, first)
    if not seats or "turned" in seats[-1][1]:
        return None
    return Change(reseated(calibrations, seats), seats[0][0], None)


def _seats(walks: Walks, start: int) -> list[tuple[int, Parameters]]:
    seat = anchor_of(walks)
    return [] if isinstance(seat, Refused) else [(start, _told(seat))]


def reseated(calibrations: Sequence[Calibration], seats: Sequence[tuple[int, Parameters]]) -> tuple[Calibration, ...]:
    """Return calibrations with other seats from the first of them on; all else that they say stays."""
    since = seats[0][0]
    kept = [one for one in calibrations if one.effective_from < since]
    starts = {one.effective_from for one in calibrations if one.effective_from >= since} | {at for at, _ in seats}
    for start in sorted(starts):
        base = [one for one in calibrations if one.effective_from <= start][-1]
        told = [seat for at, seat in seats if at <= start][-1] if base.mount in NECKS else {}
        kept.append(base._replace(effective_from=start, parameters=seated(base.parameters, told)))
    return _shortest(kept)


def _later(coming: Sequence[Calibration], seat: Parameters) -> tuple[Calibration, ...]:
    """Return what follows, a millisecond after, on calibrations that are still to come: the same with another seat.

    Calibrations are only ever added, so one that was asked for long ahead, with the seat of that day, stays; of those
    that differ in their seat alone the last holds.
    """
    last = [
        one
        for one, after in zip(coming, [*coming[1:], None], strict=False)
        if after is None or _but_seat(one) != _but_seat(after)
    ]
    found = (one._replace(effective_from=one.effective_from + 1) for one in last if "anchor" in one.parameters)
    starts = {one.effective_from for one in coming}
    return tuple(
        one._replace(parameters=seated(one.parameters, seat)) for one in found if one.effective_from not in starts
    )


def _but_seat(calibration: Calibration) -> Calibration:
    return calibration._replace(effective_from=0, parameters=seated(calibration.parameters, {}))


def _shortest(calibrations: Sequence[Calibration]) -> tuple[Calibration, ...]:
    """Leave out what says the same as the one before."""
    kept: list[Calibration] = []
    for one in calibrations:
        if not kept or one != kept[-1]._replace(effective_from=one.effective_from):
            kept.append(one)
    return tuple(kept)


def _run_start(past: Sequence[Calibration]) -> int:
    """Return since when the collar has not turned, as far as the calibrations say."""
    current = past[-1]
    start = current.effective_from
    for one in reversed(past[:-1]):
        same = (one.mount, one.axes) == (current.mount, current.axes)
        if not same or {"anchor", "turned"} & one.parameters.keys() != {"anchor", "turned"} & current.parameters.keys():
            break
        start = one.effective_from
    return start


def _since(walks: Walks, start: int) -> Walks:
    return walks.part(walks.at >= start)


def _told(seat: Seat) -> Parameters:
    return {"anchor": list(seat.anchor), "spread_deg": seat.spread_deg}


def seated(parameters: Parameters, seat: Parameters) -> dict[str, Any]:
    """Return parameters with another seat; all else that they say stays."""
    return {name: value for name, value in parameters.items() if name not in _SEAT} | dict(seat)


def _live(current: Calibration, parameters: Parameters, now: int) -> Change:
    return Change((), now, current._replace(effective_from=now + EFFECT_MS, parameters=parameters))


def _error_g(still: Sequence[Motion], parameters: Parameters) -> float:
    measured = np.array([(one.still_fwd, one.still_up, one.still_right) for one in still])
    return float(np.abs(np.linalg.norm(corrected(measured, parameters), axis=1) - 1).mean())
