"""What illness, and being moved to another pen, make of the time in which a goat stands and lies.

Chosen, not taken from a source: what is published of goats gives no hours of onset. All signs are whole from the
onset on. How lying is broken was set anew twice while the score was made, with the tuning herds in view, and the score
counts interruptions because of it: what is found of fragmented lying, and of all signs together, is optimistic by that.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

LESS: Final = 0.25
"""Share of the time standing that is gone."""

BREAKABLE_S: Final = 900
BROKEN: Final = 0.7
"""Lying bouts of a quarter of an hour and more are broken with that chance: about half as many bouts again."""

UP_S: Final = (120, 480)
"""How long the goat then stands."""

IMMOBILE_S: Final = 5 * 3600
"""It lies so long once in each 24 hours from the onset on, some time: about ten bouts' time."""

MOVED_UP_S: Final = (3600, 4 * 3600)
MOVED_BROKEN: Final = 0.35
"""In a new pen goats stand at first, each for its own while, and lie less quietly for a day."""

_DAY_S: Final = 86_400


class Stretch(NamedTuple):
    """In one posture from `start` until `end`, seconds since 1970, exclusive."""

    start: int
    end: int
    stands: bool


Stretches = list[Stretch]
Change = Callable[[Stretches, np.random.Generator], Stretches]


def less_standing(told: Stretches, rng: np.random.Generator) -> Stretches:  # noqa: ARG001 - as the others
    """End each standing bout a quarter earlier."""
    return _shortened(told, LESS)


def fragmented(told: Stretches, rng: np.random.Generator) -> Stretches:
    """Break most longer lying bouts by a short standing."""
    return broken(told, BROKEN, rng)


def immobile(told: Stretches, rng: np.random.Generator) -> Stretches:
    """Lie for hours once in each 24."""
    return _joined(part for day in _days(told) for part in _laid(day, _quiet(day, rng)))


def together(told: Stretches, rng: np.random.Generator) -> Stretches:
    """Show all three signs; standing is a quarter less in all, the hours of immobility included."""
    found: Stretches = []
    for day in _days(told):
        first = _quiet(day, rng)
        last = first + IMMOBILE_S
        edge = day[-1].end
        around = [*fragmented(within(day, day[0].start, first), rng), *_laid(within(day, first, last), first)]
        around = _joined([*around, *fragmented(within(day, last, edge), rng)])
        found += _shortened(around, 1 - min(1.0, (1 - LESS) * _standing_s(day) / max(1, _standing_s(around))))
    return _joined(found)


SIGNS: Final[dict[str, Change]] = {
    "25 % less standing": less_standing,
    "fragmented lying": fragmented,
    "immobility": immobile,
    "all together": together,
}


def moved(told: Stretches, rng: np.random.Generator) -> Stretches:
    """Put a goat into a new pen at the beginning of what is told."""
    start = told[0].start
    settled = start + int(rng.integers(*MOVED_UP_S))
    restless = broken(within(told, settled, start + _DAY_S), MOVED_BROKEN, rng)
    return _joined([Stretch(start, settled, True), *restless, *within(told, start + _DAY_S, told[-1].end)])


def broken(told: Stretches, chance: float, rng: np.random.Generator) -> Stretches:
    """Break lying bouts of `BREAKABLE_S` and more, each with a chance."""
    found: Stretches = []
    for one in told:
        if one.stands or one.end - one.start < BREAKABLE_S or rng.random() >= chance:
            found.append(one)
            continue
        up_s = int(rng.integers(*UP_S))
        rise = int(rng.integers(one.start + 60, one.end - 60 - up_s))
        found += [
            Stretch(one.start, rise, False),
            Stretch(rise, rise + up_s, True),
            Stretch(rise + up_s, one.end, False),
        ]
    return found


def within(told: Sequence[Stretch], start: int, end: int) -> Stretches:
    """Return what is told of `[start, end)`."""
    return [
        Stretch(max(one.start, start), min(one.end, end), one.stands)
        for one in told
        if one.start < end and one.end > start and start < end
    ]


def _joined(parts: Iterable[Stretch]) -> Stretches:
    found: Stretches = []
    for one in parts:
        if one.start >= one.end:
            continue
        if found and found[-1].stands == one.stands:
            found[-1] = found[-1]._replace(end=one.end)
        else:
            found.append(one)
    return found


def _shortened(told: Stretches, share: float) -> Stretches:
    parts: Stretches = []
    for one in told:
        lies = one.end - round(share * (one.end - one.start)) if one.stands else one.start
        parts += [Stretch(one.start, lies, True), Stretch(lies, one.end, False)]
    return _joined(parts)


def _days(told: Stretches) -> list[Stretches]:
    return [within(told, start, start + _DAY_S) for start in range(told[0].start, told[-1].end, _DAY_S)]


def _quiet(day: Stretches, rng: np.random.Generator) -> int:
    """Return when the hours of immobility of a day begin: anywhere from which they end within it."""
    room = max(1, day[-1].end - day[0].start - IMMOBILE_S)
    return day[0].start + int(rng.integers(room))


def _laid(told: Stretches, first: int) -> Stretches:
    """Let a goat lie from an instant on for `IMMOBILE_S`."""
    if not told:
        return []
    last = min(first + IMMOBILE_S, told[-1].end)
    before, after = within(told, told[0].start, first), within(told, last, told[-1].end)
    return _joined([*before, Stretch(first, last, False), *after])


def _standing_s(told: Stretches) -> int:
    return sum(one.end - one.start for one in told if one.stands)
