"""When a collar turned: dated between two walks, never smeared over the change.

A change splits the walks in two, each with a direction of its own. The split is where the resultant lengths of both
parts add up to most: the maximum likelihood of two directions with one concentration (von Mises and Fisher), which
needs one pass over running sums. Whether it is a turn is then told by the robust directions of both sides.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.posture.anchor import angles_deg, middle
from stream.posture.seat import Seat
from stream.posture.walks import Walks

Floats = NDArray[np.float64]

TURN_DEG: Final = 25.0
"""Angle between the directions of two walks from which the collar counts as turned; the heads of walking animals are
taken to stay within it."""
SPREADS: Final = 3.0
"""Spreads that a walk must be off its anchor to disagree with it, where these are more than that angle."""
LEAST_STRETCHES: Final = 6
"""Stretches of walking on each side of a turn: a minute."""
AGREED: Final = 0.8
"""Share of the walking after a turn that must disagree with the anchor."""
TILT_DEG: Final = 18.0
"""Angle from which the walking of the last hours, as a whole, counts as split in two: single walks need not tell. On
simulated collars that nobody turned (seeds 21 to 44) 18 told of none, 15 of four and 12 of six."""
TILT_MS: Final = 6 * 3_600_000
"""Walking in which that is sought: a collar that slips by ten degrees a day slips by less than half of them within."""
TILT_MINUTES: Final = 5
"""Different minutes of walking on each side of it."""


class Turn(NamedTuple):
    """A collar turned some time after `after` and before `before`.

    Attributes:
        after: Milliseconds since 1970: the last walk that agrees with the old seat; `None` if none does.
        before: Milliseconds since 1970: the first walk that does not.
        angle_deg: Angle between the old direction and the new, degrees.
    """

    after: int | None
    before: int
    angle_deg: float


def turned(walks: Walks, seat: Seat) -> Turn | None:
    """Tell since when the walking has left the seat; `None` while the latest walking agrees with it."""
    if not len(walks.at):
        return None
    return _left(walks, seat) or _tilted(walks.part(walks.at > walks.at[-1] - TILT_MS), seat)


def _left(walks: Walks, seat: Seat) -> Turn | None:
    """Tell since when walk by walk is off the seat by more than walks differ."""
    old = np.array(seat.anchor)
    off = angles_deg(walks.direction, old) > max(TURN_DEG, SPREADS * seat.spread_deg)
    first = _latest_run(off, walks.weight)
    since = walks.part(slice(first, None))
    disagreeing = since.weight[off[first:]].sum()
    if disagreeing < max(LEAST_STRETCHES, AGREED * since.weight.sum()):
        return None
    new, _ = middle(since)
    nearer = angles_deg(walks.direction, new) < angles_deg(walks.direction, old)
    first = _latest_run(nearer, walks.weight)  # both seats are known now: each walk belongs to the nearer
    return Turn(int(walks.at[first - 1]) if first else None, int(walks.at[first]), float(angles_deg(new[None], old)[0]))


def _tilted(walks: Walks, seat: Seat) -> Turn | None:
    """Tell since when the walking is off the seat and off the hours before, by less than would show on each walk."""
    index = _clearest(walks)
    if index is None:
        return None
    sides = walks.part(slice(None, index)), walks.part(slice(index, None))
    if min(len(np.unique(side.at // 60_000)) for side in sides) < TILT_MINUTES:
        return None
    (old, _), (new, _) = map(middle, sides)
    angle = float(angles_deg(new[None], old)[0])
    if min(angle, float(angles_deg(new[None], np.array(seat.anchor))[0])) <= TILT_DEG:
        return None
    return Turn(int(walks.at[index - 1]), int(walks.at[index]), angle)


def _latest_run(marked: NDArray[np.bool_], weight: Floats) -> int:
    """Return the index from which on, to the end, the marked outweigh the others by most."""
    return int(np.argmax(np.cumsum(np.where(marked, weight, -weight)[::-1])[::-1]))


def turns(walks: Walks) -> tuple[Turn, ...]:
    """Find every turn in a past of which no seat is known, oldest first; between two of them the collar sat still."""
    split = _split(walks)
    if split is None:
        return ()
    index, angle = split
    turn = Turn(int(walks.at[index - 1]), int(walks.at[index]), angle)
    return (*turns(walks.part(slice(None, index))), turn, *turns(walks.part(slice(index, None))))


def _split(walks: Walks) -> tuple[int, float] | None:
    """Return the first walk after the clearest turn and the angle in degrees; `None` where there is no turn."""
    index = _clearest(walks)
    if index is None:
        return None
    (old, old_spread), (new, new_spread) = (
        middle(walks.part(slice(None, index))),
        middle(walks.part(slice(index, None))),
    )
    angle = float(angles_deg(new[None], old)[0])
    return (index, angle) if angle > max(TURN_DEG, SPREADS * min(old_spread, new_spread)) else None


def _clearest(walks: Walks) -> int | None:
    """Return the first walk after the clearest split in two; `None` where there is too little walking for one."""
    weight = np.cumsum(walks.weight)
    if not len(weight) or weight[-1] < 2 * LEAST_STRETCHES:
        return None
    before = np.cumsum(walks.direction * walks.weight[:, None], axis=0)[:-1]
    after = (walks.direction * walks.weight[:, None]).sum(axis=0) - before
    enough = (weight[:-1] >= LEAST_STRETCHES) & (weight[-1] - weight[:-1] >= LEAST_STRETCHES)
    agreement = np.where(enough, np.linalg.norm(before, axis=1) + np.linalg.norm(after, axis=1), -1.0)
    if not enough.any():
        return None
    return int(np.argmax(agreement)) + 1
