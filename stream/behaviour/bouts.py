"""Bouts of standing and lying, read from the seconds of one animal.

What comes of a second depends on nothing further away than `REACH_S`, so any span can be read by itself, and the
bouts are a function of the seconds, whatever the order in which these arrived.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

STANDING: Final = 1
LYING: Final = 0
UNKNOWN: Final = -1
_SUMMED: Final = -2

BRIDGED_S: Final = 60
"""A gap that is not longer is bridged: no lying goat rises, turns and lies again within what its tag may miss."""

REACH_S: Final = 900
"""Further away nothing matters: half the filter, a bridged gap at either side of a bout that is just too short."""

SHORTEST_LYING_S: Final[dict[str, int]] = {"goat": 60, "cattle": 30}
"""By species; shorter lying bouts count as standing. Cattle: triact's default (`R/003_add_methods.R`). Goats lie in
many short bouts (22-33 a day, so a filter of minutes as for cows would lose some); 60 s is our choice."""

Postures = NDArray[np.int8]
Flags = NDArray[np.bool_]
Seconds = NDArray[np.int64]


class Bout(NamedTuple):
    """One stretch in one posture.

    Attributes:
        start: Seconds since 1970, inclusive.
        end: Seconds since 1970, exclusive.
        lying: It lies; else it stands.
        open_start: It may have begun earlier: what came before is not known.
        open_end: It may have gone on: what comes after is not known.
    """

    start: int
    end: int
    lying: bool
    open_start: bool
    open_end: bool


class Bouts(NamedTuple):
    """Bouts in order of time, a column each; see `Bout`."""

    start: Seconds
    end: Seconds
    lying: Flags
    open_start: Flags
    open_end: Flags

    def only(self, which: Flags | slice) -> "Bouts":
        """Return some of the bouts."""
        return Bouts(
            self.start[which], self.end[which], self.lying[which], self.open_start[which], self.open_end[which]
        )

    def each(self) -> Iterator[Bout]:
        """Yield the bouts one by one."""
        return (Bout(*row) for row in zip(*(column.tolist() for column in self), strict=True))


class Stretches(NamedTuple):
    """Seconds that are known, with their posture once it is smoothed; in order of time, bridged gaps are left out."""

    start: Seconds
    end: Seconds
    lying: Flags


class _Runs(NamedTuple):
    """Runs of equal values; the run `i` goes from `edge[i]` to `edge[i + 1]`."""

    edge: Seconds
    value: Postures

    @property
    def length(self) -> Seconds:
        return np.diff(self.edge)


def bouts_of(
    seconds: Postures, summed: Flags | None = None, *, first: int = 0, shortest_lying_s: int
) -> tuple[Bouts, Stretches]:
    """Return the bouts of an animal, and its known seconds as they count.

    Args:
        seconds: Posture of each second: 1 standing, 0 lying, -1 unknown.
        summed: Seconds that were reported as sums, whose order means nothing; they part bouts as unknown ones do.
        first: The first of the seconds, since 1970.
        shortest_lying_s: Shorter lying between two standings is standing; at the edge of a gap it is no bout at all.
    """
    ordered = seconds if summed is None else np.where(summed, np.int8(UNKNOWN), seconds)
    smoothed = majority(ordered)
    if summed is not None:
        smoothed = np.where(summed, np.int8(_SUMMED), smoothed)
    told = _runs(smoothed)
    bridged = _merged(*_bridge(told))
    final = _without_short(bridged, shortest_lying_s)
    return _bouts(final, first, shortest_lying_s), _stretches(told, final, first)


def majority(seconds: Postures) -> Postures:
    """Return what most of the 10 s around each known second say; itself where they are even.

    The 10 s are centred on the middle of the second: nine whole ones and half of one at either end. Unknown seconds
    have no say and stay unknown.
    """
    changes = np.flatnonzero(seconds[1:] != seconds[:-1]) + 1
    near = _around(changes, len(seconds))
    lean = np.zeros(len(near), dtype=np.int16)
    padded = np.pad(seconds, 5, constant_values=UNKNOWN)
    for distance in range(-5, 6):
        there = padded[near + 5 + distance]
        weight = np.int16(1 if abs(distance) == 5 else 2)
        lean += weight * (there == STANDING) - weight * (there == LYING)
    smoothed = seconds.copy()
    changed = (lean != 0) & (seconds[near] != UNKNOWN)
    smoothed[near[changed]] = lean[changed] > 0
    return smoothed


def _around(changes: Seconds, count: int) -> Seconds:
    """Return the seconds whose 10 s hold a change; the others are as their neighbours are."""
    close = np.zeros(count, dtype=np.bool_)
    for distance in range(-5, 5):
        close[np.clip(changes + distance, 0, max(count - 1, 0))] = True
    return np.flatnonzero(close)


def _runs(values: Postures) -> _Runs:
    starts = np.flatnonzero(values[1:] != values[:-1]) + 1
    edge = np.concatenate([[0], starts, [len(values)]]) if len(values) else np.zeros(1, dtype=np.int64)
    return _Runs(edge.astype(np.int64), values[edge[:-1]])


def _bridge(runs: _Runs) -> _Runs:
    """Fill short gaps: halfway with the posture before, halfway with the one after."""
    value = runs.value
    if len(value) < 3:
        return runs
    inner = np.zeros(len(value), dtype=np.bool_)
    inner[1:-1] = (value[:-2] >= 0) & (value[1:-1] == UNKNOWN) & (value[2:] >= 0)
    gone = inner & (runs.length <= BRIDGED_S)
    edge = runs.edge.copy()
    after = np.flatnonzero(gone) + 1
    edge[after] = (edge[after - 1] + edge[after]) // 2
    return _Runs(edge[np.concatenate([~gone, [True]])], value[~gone])


def _merged(edge: Seconds, value: Postures) -> _Runs:
    first = np.concatenate([[True], value[1:] != value[:-1]]) if len(value) else np.zeros(0, dtype=np.bool_)
    return _Runs(edge[np.concatenate([first, [True]])], value[first])


def _without_short(runs: _Runs, shortest_lying_s: int) -> _Runs:
    """Take lying that is too short, and has standing at both sides, for standing."""
    value = runs.value.copy()
    if len(value) >= 3:
        between = (value[:-2] == STANDING) & (value[2:] == STANDING)
        short = runs.length[1:-1] < shortest_lying_s
        value[1:-1][between & short & (value[1:-1] == LYING)] = STANDING
    return _merged(runs.edge, value)


def _bouts(runs: _Runs, first: int, shortest_lying_s: int) -> Bouts:
    value = runs.value
    is_bout = (value >= 0) & ~((value == LYING) & (runs.length < shortest_lying_s))
    beside = np.concatenate([[False], is_bout, [False]])
    start, end = runs.edge[:-1] + first, runs.edge[1:] + first
    return Bouts(start, end, value == LYING, ~beside[:-2], ~beside[2:]).only(is_bout)


def _stretches(told: _Runs, final: _Runs, first: int) -> Stretches:
    """Return the known runs, split where a bridged gap does not part them, with the posture that they count as."""
    known = told.value >= 0
    start, end = told.edge[:-1][known], told.edge[1:][known]
    value = final.value[np.searchsorted(final.edge, start, side="right") - 1]
    return Stretches(start + first, end + first, value == LYING)
