"""From windows outside their band to episodes with a beginning and an end, and to the alerts that they belong to.

All of this is a function of the windows, the rules and the alerts that are kept, so looking twice gives the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.inputs import Floats
from storage.forecasting.watched import Rule

CALM: Final = 4
"""Known windows in a row, an hour of them, that are not outside on the side of an episode: it is over."""

SILENCE: Final = 24
"""Windows, 6 hours, of which nothing is known: whether it goes on can't be told."""

BELOW: Final = -1
INSIDE: Final = 0
ABOVE: Final = 1
UNKNOWN: Final = 9

Sides = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Episode:
    """Windows are counted from 0; an end is the number of the window after it.

    Attributes:
        side: `BELOW` or `ABOVE`.
        first: The first window outside among those that raised it.
        opened: End of the window that raised it.
        last: The last window outside so far.
        rule: What it was held to.
        outside: How many windows were outside when it was raised.
        until: End of the window after which it was over; `None` while it goes on.
        ended_by: `inside` or `no_data`; empty while it goes on.
    """

    side: int
    first: int
    opened: int
    last: int
    rule: Rule
    outside: int
    until: int | None = None
    ended_by: Literal["", "inside", "no_data"] = ""


def sides_of(ratios: Floats, lower: Floats, upper: Floats) -> Sides:
    """Return on which side of its band each window is; edges are inside, NaN is not known."""
    known = np.isfinite(ratios) & np.isfinite(lower) & np.isfinite(upper)
    sides = np.where(ratios < lower, BELOW, np.where(ratios > upper, ABOVE, INSIDE))
    return np.where(known, sides, UNKNOWN).astype(np.int8)


def episodes_of(sides: Sides, rules: Sequence[Rule], first: int = 0) -> list[Episode]:
    """Return the episodes of a series, in order of time.

    What is not known is not outside. After an episode counting begins anew.

    Args:
        sides: Consecutive windows.
        rules: For each window what it is held to, together with those before it.
        first: Windows before this one were part of an earlier episode and count no longer.
    """
    found: list[Episode] = []
    while (raised := _raised(sides, rules, first)) is not None:
        found.append(_followed(sides, raised))
        until = found[-1].until
        if until is None:
            break
        first = until
    return found


def _raised(sides: Sides, rules: Sequence[Rule], first: int) -> Episode | None:
    """Return the first episode that windows from `first` on raise, as it is at that moment."""
    for end in range(first + 1, len(sides) + 1):
        side, rule = int(sides[end - 1]), rules[end - 1]
        if side not in {BELOW, ABOVE}:
            continue  # a count rises with a window outside, and only then
        begin = max(first, end - rule.windows)
        outside = np.flatnonzero(sides[begin:end] == side)
        if len(outside) >= rule.needed:
            return Episode(side, begin + int(outside[0]), end, end - 1, rule, len(outside))
    return None


def _followed(sides: Sides, raised: Episode) -> Episode:
    """Return an episode up to its end, or to the end of what is known."""
    last, calm, silent = raised.last, 0, 0
    parts = (raised.side, raised.first, raised.opened)
    for at in range(raised.opened, len(sides)):
        if sides[at] == UNKNOWN:
            silent += 1
        elif sides[at] == raised.side:
            last, calm, silent = at, 0, 0
        else:
            calm, silent = calm + 1, 0
        if calm == CALM or silent == SILENCE:
            why: Literal["inside", "no_data"] = "inside" if calm == CALM else "no_data"
            return Episode(*parts, last, raised.rule, raised.outside, at + 1, why)
    return Episode(*parts, last, raised.rule, raised.outside)


class Span(NamedTuple):
    """When an alert was about something, in windows as above; `None` while it goes on."""

    id: int
    since: int
    until: int | None


def alerts_of(episodes: Sequence[Episode], kept: Sequence[Span]) -> list[tuple[Span | None, list[Episode]]]:
    """Return which episodes belong to which kept alert, and those that belong to none, each by itself.

    An episode belongs to the last alert that it overlaps, so that late data which move its ends or break it in two make
    no second alert of what people have seen.
    """
    owned: dict[int, list[Episode]] = {}
    new: list[tuple[Span | None, list[Episode]]] = []
    for episode in episodes:
        owners = [span for span in kept if _overlap(episode, span)]
        if owners:
            owned.setdefault(owners[-1].id, []).append(episode)
        else:
            new.append((None, [episode]))
    return [(span, owned[span.id]) for span in kept if span.id in owned] + new


def _overlap(episode: Episode, span: Span) -> bool:
    return (episode.until is None or episode.until > span.since) and (span.until is None or span.until > episode.first)
