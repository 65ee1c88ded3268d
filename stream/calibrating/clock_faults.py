"""Whether a collar's clock is right: pure, from when its messages were made and received.

A message is received after its last sample, by its transport at least, by days if it waited on the collar. Delays only
ever add, so the clock shows in the least of them: the lags lie above a line, whose height is the offset of the clock
and whose slope its drift (Zhang, Liu and Xia 2002, Clock synchronization algorithms for network measurements: an edge
of the lower convex hull). What waited lies above the line and says nothing, nor does what came twice.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
RESET_MS: Final = 1_420_070_400_000
"""2015-01-01T00:00:00Z in milliseconds since 1970: clocks that lost their time begin at 2000 or at their making."""
RESET_RECEIPTS: Final = 3
"""Instants of receipt that tell a reset: what is imported from before 2015 has one."""
OFFSET_MS: Final = 60_000
"""Lag beyond transport, to either side."""
DRIFT_S: Final = 20.0
"""Seconds a day; a sound crystal strays by less than 10."""
STEEPEST: Final = 0.01
"""Seconds per second; oscillators without a crystal stray by as much, and what is steeper is a backlog being sent."""
TOUCHING_MS: Final = 5_000
"""Lags so far above the line count as on it. Transport that varies by less makes no drift: see `LEAST_SPAN_MS`."""
LEAST_HOURS: Final = 6
"""Hours with a lag on the line that make it one."""
LEAST_SPAN_MS: Final = DAY_MS // 2
"""From the first to the last of them: twice `TOUCHING_MS` in it is `DRIFT_S`."""
NEWEST_MS: Final = 6 * HOUR_MS
"""Time, up to the latest sample, in which a message must have come at once for the clock to be right."""


class Timed(NamedTuple):
    """When a message was received, and its last sample by the device's clock: milliseconds since 1970."""

    received_at: int
    last: int


class Verdict(StrEnum):
    """What is said of a clock; `unclear` if too little was received, or all of it late."""

    RIGHT = "right"
    OFFSET = "offset"
    DRIFT = "drift"
    RESET = "reset"
    UNCLEAR = "unclear"


class Clock(NamedTuple):
    """What a day's messages tell of a collar's clock.

    Attributes:
        verdict: What it is.
        behind_s: Seconds that it is behind at its latest sample, transport included; negative if ahead. `None` if
            unclear.
        drift_s: Seconds that it falls behind in a day; negative if it gains. `None` where no line was found.
    """

    verdict: Verdict
    behind_s: float | None = None
    drift_s: float | None = None


class _Line(NamedTuple):
    at: int
    lag: int
    slope: float

    def above(self, point: tuple[int, int]) -> float:
        return point[1] - self.lag - self.slope * (point[0] - self.at)


def clock_of(messages: Iterable[Timed]) -> Clock:
    """Judge a clock by the messages received in about a day, in any order."""
    timed = set(messages)
    lost = {one for one in timed if one.last < RESET_MS <= one.received_at}
    if len({one.received_at for one in lost}) >= RESET_RECEIPTS:
        newest = max(lost)
        return Clock(Verdict.RESET, (newest.received_at - newest.last) / 1000)
    points = _least_lags(timed - lost)
    line = _line_under(points)
    if line is None:
        return _without_line(points)
    behind_s = (line.lag + line.slope * (points[-1][0] - line.at)) / 1000
    drift_s = line.slope * DAY_MS / 1000
    if abs(drift_s) >= DRIFT_S:
        return Clock(Verdict.DRIFT, behind_s, drift_s)
    if abs(behind_s) * 1000 >= OFFSET_MS:
        return Clock(Verdict.OFFSET, behind_s, drift_s)
    return _without_line(points)._replace(drift_s=drift_s)


def _least_lags(messages: Iterable[Timed]) -> list[tuple[int, int]]:
    """Return the message of the least lag of each hour by the device: time and lag, in order of time."""
    least: dict[int, tuple[int, int]] = {}
    for received_at, last in messages:
        hour, found = last // HOUR_MS, (received_at - last, last)
        least[hour] = min(least.get(hour, found), found)
    return [(last, lag) for _, (lag, last) in sorted(least.items())]


def _line_under(points: Sequence[tuple[int, int]]) -> _Line | None:
    """Return the edge under all points that most of them touch, the later of two; `None` if too few do for long."""
    found: list[tuple[int, int, _Line]] = []
    for (start, low), (end, high) in pairwise(_hull(points)):
        line = _Line(start, low, (high - low) / (end - start))
        on = [point[0] for point in points if line.above(point) <= TOUCHING_MS]
        if abs(line.slope) <= STEEPEST and len(on) >= LEAST_HOURS and on[-1] - on[0] >= LEAST_SPAN_MS:
            found.append((len(on), start, line))
    return max(found)[2] if found else None


def _hull(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the lower convex hull of points in order of time (Andrew's monotone chain)."""
    hull: list[tuple[int, int]] = []
    for point in points:
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_down(first: tuple[int, int], second: tuple[int, int], third: tuple[int, int]) -> bool:
    rise, run = second[1] - first[1], second[0] - first[0]
    return run * (third[1] - first[1]) <= rise * (third[0] - first[0])


def _without_line(points: Sequence[tuple[int, int]]) -> Clock:
    lags = [lag for at, lag in points if at > points[-1][0] - NEWEST_MS]
    if not lags or min(lags) >= OFFSET_MS or min(lag for _, lag in points) <= -OFFSET_MS:
        return Clock(Verdict.UNCLEAR)
    return Clock(Verdict.RIGHT, min(lags) / 1000)
