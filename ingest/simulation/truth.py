"""When a simulated goat stands and when it lies: whole seconds, whatever the question.

The process starts anew at the first routine of each day, where every goat stands, so a day needs nothing
but its own number and the truth of any range is the same however the range is cut.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from math import ceil, floor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.readings import Posture, Span
from ingest.simulation.draws import Floats, Integers, key_of, one_normal, one_uniform, uniform
from ingest.simulation.environment import DAY_S
from ingest.simulation.herd import Animal, Herd
from ingest.simulation.rhythm import MINUTES, begins, pressure
from ingest.simulation.settings import HerdSettings

NO_CHANGE_MS: Final = 10_000
_NEAR_S: Final = NO_CHANGE_MS // 1000 + 2


def truth(herd: Herd, animal: Animal, start_ms: int, end_ms: int) -> list[Span]:
    """Return what a goat does in `[start_ms, end_ms)`, milliseconds since 1970: spans without gap or repetition."""
    edges, standing = turns(herd, animal, start_ms // 1000, -(-end_ms // 1000))
    spans = []
    for start, end, stands in zip(edges, edges[1:], standing, strict=False):
        t0, t1 = max(1000 * start, start_ms), min(1000 * end, end_ms)
        if t0 < t1:
            spans.append(Span(t0, t1, Posture.STANDING if stands else Posture.LYING))
    return spans


def turns(herd: Herd, animal: Animal, start_s: int, end_s: int) -> tuple[list[int], list[bool]]:
    """Return a goat's bouts that touch `[start_s, end_s)`, seconds since 1970.

    The first list holds the starts of the bouts and the end of the last, the second whether each is standing;
    neighbours differ. The first and the last may have begun earlier and end later than is said here.
    """
    edges: list[int] = []
    standing: list[bool] = []
    last = start_s
    for day in range(start_s // DAY_S - 2, end_s // DAY_S + 3):
        block = _day(herd.settings, animal, day)
        if block.starts[0] >= end_s or block.end <= start_s:
            continue
        joined = bool(standing) and standing[-1] == block.standing[0]
        edges += block.starts[joined:]
        standing += block.standing[joined:]
        last = block.end
    edges.append(last)
    return _within(edges, standing, start_s, end_s)


class Stance(NamedTuple):
    """How a goat is at each of n instants.

    Attributes:
        standing: Whether it stands, shape (n,).
        from_change_ms: Milliseconds since the nearest change of posture, negative before it; `NO_CHANGE_MS` and more
            where none is near.
    """

    standing: NDArray[np.bool_]
    from_change_ms: Integers


def stances(herd: Herd, animal: Animal, times: Integers) -> Stance:
    """Return how a goat is at rising milliseconds since 1970."""
    seconds = times // 1000
    edges, standing = turns(herd, animal, int(seconds[0]) - _NEAR_S, int(seconds[-1]) + _NEAR_S)
    stands = np.array(standing)[np.searchsorted(edges, seconds, side="right") - 1]
    return Stance(stands, _from_nearest(1000 * np.array(edges[1:-1], dtype=np.int64), times))


def _from_nearest(changes: Integers, times: Integers) -> Integers:
    if not len(changes):
        return np.full(len(times), NO_CHANGE_MS)
    after = np.searchsorted(changes, times, side="right")
    since = times - changes[np.maximum(after - 1, 0)]
    until = changes[np.minimum(after, len(changes) - 1)] - times
    since, until = (np.where(away < 0, NO_CHANGE_MS, np.minimum(away, NO_CHANGE_MS)) for away in (since, until))
    return np.asarray(np.where(until < since, -until, since))


def standing_seconds(herd: Herd, animal: Animal, start_s: int, end_s: int, step_s: int = 900) -> list[int]:
    """Return the seconds standing in each step of `[start_s, end_s)`, both multiples of the step."""
    edges, standing = turns(herd, animal, start_s, end_s)
    before = [0.0]
    for start, end, stands in zip(edges, edges[1:], standing, strict=False):
        before.append(before[-1] + (end - start) * stands)
    at_steps = np.interp(np.arange(start_s, end_s + 1, step_s), edges, before)
    return [round(seconds) for seconds in np.diff(at_steps)]


class _Day(NamedTuple):
    starts: list[int]
    standing: list[bool]
    end: int


def _within(edges: list[int], standing: list[bool], start: int, end: int) -> tuple[list[int], list[bool]]:
    first, last = bisect_right(edges, start) - 1, bisect_left(edges, end)
    return edges[first : last + 1], standing[first:last]


def _boundary(settings: HerdSettings, animal: Animal, day: int) -> int:
    """Return the second at which the goat is made to get up on a local day: not all do at once."""
    late = 300 * one_uniform(key_of(settings.seed, "up", animal.number), day)
    return floor(begins(settings, settings.routines[0], animal.group, day) + late)


@lru_cache(maxsize=8192)
def _day(settings: HerdSettings, animal: Animal, day: int) -> _Day:
    start, end = _boundary(settings, animal, day), _boundary(settings, animal, day + 1)
    first_minute, rhythm = start // 60, settings.rhythm
    hazards = _hazards(settings, animal, day, range(first_minute, -(-end // 60)))
    keys = [key_of(settings.seed, posture, animal.number, day) for posture in ("lying", "standing")]
    budgets = [_budgets(keys[0], rhythm.lying_shape), _budgets(keys[1], rhythm.standing_shape)]
    starts, standing, now = [start], [True], start
    while True:
        stands = standing[-1]
        since = now / 60 + rhythm.shortest_min - first_minute
        now = ceil(60 * (first_minute + _reached(hazards[stands], since, next(budgets[stands]))))
        if now >= end:
            return _Day(starts, standing, end)
        starts.append(now)
        standing.append(not stands)


def _hazards(settings: HerdSettings, animal: Animal, day: int, minutes: range) -> tuple[list[float], list[float]]:
    """Return the hazard of leaving lying and of leaving standing, added up to each minute."""
    days = [pressure(settings, animal.group, utc) for utc in range(minutes[0] // MINUTES, minutes[-1] // MINUTES + 1)]
    here = slice(minutes[0] % MINUTES, minutes[0] % MINUTES + len(minutes))
    logit, length, rise, lie = (np.concatenate(parts)[here] for parts in zip(*days, strict=True))
    rhythm = settings.rhythm
    own = animal.standing + rhythm.day_sd * one_normal(key_of(settings.seed, "day", animal.number), day)
    logit = logit + _illness(settings, animal, minutes)
    lean, mean = np.exp((logit + own) / 2), rhythm.bout_min * length
    lying, standing = (np.maximum(bout - rhythm.shortest_min, 1) for bout in (mean / lean, mean * lean))
    return _added_up(rhythm.lying_shape * (1 / lying + rise)), _added_up(rhythm.standing_shape * lie / standing)


def _illness(settings: HerdSettings, animal: Animal, minutes: range) -> Floats:
    """Return the logit that illness adds in each minute."""
    at, added = 60.0 * np.arange(minutes.start, minutes.stop), np.zeros(len(minutes))
    for one in settings.illnesses:
        if one.animal == animal.number:
            added[(at >= one.start.timestamp()) & (at < one.end.timestamp())] += one.standing
    return added


def _added_up(rates: Floats) -> list[float]:
    return [0.0, *np.cumsum(rates).tolist()]


def _budgets(key: int, shape: int) -> Iterator[float]:
    """Yield the hazard that each bout of a day survives: a gamma number of a whole shape."""
    for block in count():
        drawn = uniform(key, np.arange(64 * shape) + block * 64 * shape)
        yield from (-np.log1p(-drawn)).reshape(64, shape).sum(axis=1).tolist()


def _reached(added_up: list[float], since: float, budget: float) -> float:
    """Return the minute at which the hazard since a minute reaches the budget; past the end if it does not."""
    whole = int(since)
    if whole + 1 >= len(added_up):
        return len(added_up)
    target = added_up[whole] + (since - whole) * (added_up[whole + 1] - added_up[whole]) + budget
    found = bisect_left(added_up, target)
    if found == len(added_up):
        return found
    return found - (added_up[found] - target) / (added_up[found] - added_up[found - 1])
