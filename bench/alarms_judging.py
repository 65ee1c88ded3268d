"""False alarms and detection: what each score finds, how soon, once its level is set by the false alarms allowed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from bench.alarms_herds import WARM_DAYS, Simulated, rolling
from bench.alarms_scores import REACH, SCORES, scores
from bench.alarms_signs import SIGNS, within
from ingest.simulation.draws import key_of
from stream.behaviour.bouts import Flags, Seconds
from stream.behaviour.habit import Floats
from stream.behaviour.levels import CALM
from stream.behaviour.spans import SPAN_S
from stream.behaviour.states import CALM_S, LOOK_S

WITHIN_H: Final = (12, 24, 36, 48)
ILL_DAYS: Final = 4
FOLLOWED_H: Final = 72
NEAR_S: Final = 36 * 3600
"""After an event, and from an onset to the event, for which they count as belonging together."""

HOT_HOURS: Final = 6
"""Of the 36 after an onset that make it one in heat."""

CONDITIONS: Final = ("quiet", "heat", "pen move", "clock change")
_CALM_LOOKS: Final = CALM_S // LOOK_S + 1
_WEEK_H: Final = 168


class Case(NamedTuple):
    """One goat that falls ill.

    Attributes:
        sign: What it shows.
        condition: What else happens around its onset.
        after_h: Hours from the onset to each look of the days around it, negative before.
        scores: Of the goat at these looks, by name.
    """

    sign: str
    condition: str
    after_h: Floats
    scores: dict[str, Floats]


def cases_of(herd: Simulated) -> Iterator[Case]:
    """Let each goat of a herd fall ill once for each sign, every second one around an event; yield what is seen."""
    rng = np.random.default_rng(key_of(herd.seed, "illness"))
    for sign in SIGNS:
        for animal in range(len(herd.told)):
            yield case_of(herd, sign, animal, _onset(herd, animal, rng), rng)


def _onset(herd: Simulated, animal: int, rng: np.random.Generator) -> int:
    first, last = herd.days[WARM_DAYS + 2].start, herd.days[-1].start - ILL_DAYS * SPAN_S
    events = [herd.moved_at] if herd.group[animal] == herd.moved_group else herd.clock_changes
    if animal % 2 and events:
        around = events[0] + int(rng.integers(-NEAR_S, SPAN_S))
        return min(max(around, first), last)
    return int(rng.integers(first, last))


def case_of(herd: Simulated, sign: str, animal: int, onset: int, rng: np.random.Generator) -> Case:
    """Let a goat fall ill at an instant, seconds since 1970, and return what is seen of it."""
    told = herd.told[animal]
    before = within(told, onset - 2 * SPAN_S, onset)
    ill = SIGNS[sign](within(told, onset, onset + ILL_DAYS * SPAN_S), rng)
    first = int(np.searchsorted(herd.looks, onset, side="right"))
    looks = slice(max(0, first - REACH * SPAN_S // LOOK_S), first + FOLLOWED_H)
    mates = np.flatnonzero(herd.group == herd.group[animal])
    values = herd.rolling[mates, looks].copy()
    me = int(np.flatnonzero(mates == animal)[0])
    values[me, first - looks.start :] = rolling([*before, *ill], herd.looks[first : looks.stop])
    found = {name: one[me] for name, one in scores(herd, mates, values, looks).items()}
    return Case(sign, _condition(herd, animal, onset), (herd.looks[looks] - onset) / 3600, found)


def _condition(herd: Simulated, animal: int, onset: int) -> str:
    if herd.group[animal] == herd.moved_group and _near(herd.moved_at, onset):
        return "pen move"
    if any(_near(change, onset) for change in herd.clock_changes):
        return "clock change"
    return "heat" if herd.hot_hours(onset, onset + NEAR_S) >= HOT_HOURS else "quiet"


def _near(event: int, onset: int) -> bool:
    return onset - SPAN_S <= event <= onset + NEAR_S


def healthy_scores(herd: Simulated) -> dict[str, Floats]:
    """Return all scores of a healthy herd, shape (animals, looks)."""
    return scores(herd, np.arange(len(herd.told)), herd.rolling, slice(0, len(herd.looks)))


def alarms(score: Floats, level: float) -> Flags:
    """Return at which looks an alarm begins, shape (animals, looks); it ends as `states.followed` ends a `look_now`."""
    begun = np.zeros(score.shape, dtype=np.bool_)
    on = np.zeros(len(score), dtype=np.bool_)
    calm = np.zeros(len(score), dtype=np.int64)
    high, low = (score >= level).T, (score < CALM * level).T
    for look in range(score.shape[1]):
        begun[:, look] = high[look] & ~on
        on |= high[look]
        calm = np.where(low[look], calm + 1, 0)
        on &= calm < _CALM_LOOKS
    return begun


def rate(healthy: Sequence[Floats], level: float) -> float:
    """Return the false alarms per 100 animals and week of a level."""
    found = sum(int(alarms(one, level).sum()) for one in healthy)
    return 100 * found * _WEEK_H / sum(one.size for one in healthy)


def level_for(healthy: Sequence[Floats], allowed: float) -> float:
    """Return the lowest level, to a thousandth, with no more false alarms than allowed: its rate falls as it rises."""
    low, high = 0.0, float(max(one.max() for one in healthy)) + 1
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (low, middle) if rate(healthy, middle) <= allowed else (middle, high)
    return high


def delays(cases: Sequence[Case], name: str, level: float) -> Floats:
    """Return the hours from each onset to the first look at which a score reaches its level; infinite without any."""
    found = []
    for one in cases:
        reached = one.after_h[(one.scores[name] >= level) & (one.after_h > 0)]
        found.append(reached[0] if len(reached) else np.inf)
    return np.array(found)


def near_events(herd: Simulated) -> dict[str, Flags]:
    """Return by condition which looks of which animals belong to it, shape (animals, looks)."""
    moved = (herd.group == herd.moved_group)[:, None] & _after(herd.looks, [herd.moved_at])
    clock = np.zeros_like(moved) | _after(herd.looks, herd.clock_changes)
    hot = np.array([herd.hot_hours(int(look) - NEAR_S, int(look)) >= HOT_HOURS for look in herd.looks])
    rest = ~moved & ~clock
    return {"quiet": rest & ~hot, "heat": rest & hot, "pen move": moved, "clock change": clock & ~moved}


def _after(looks: Seconds, events: Sequence[int]) -> Flags:
    found = np.zeros(len(looks), dtype=np.bool_)
    for event in events:
        found |= (looks > event) & (looks <= event + NEAR_S)
    return found


def levels_of(
    healthy: Sequence[Mapping[str, Floats]], allowed: Sequence[float], names: Sequence[str] = SCORES
) -> dict[str, list[float]]:
    """Return the levels of scores by the false alarms allowed, from the looks that all herds have."""
    looks = min(one[names[0]].shape[1] for one in healthy)
    found = {}
    for name in names:
        together = [np.concatenate([one[name][:, :looks] for one in healthy])]
        found[name] = [level_for(together, allowed_) for allowed_ in allowed]
    return found
