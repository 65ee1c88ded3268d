"""When an animal has kept one posture for too long: pure functions of its bouts.

Two alarms. Lying for far longer than the animal ever does. No change of posture at all for longer than any animal
can: it is down for good, or what is measured is no animal but a collar on the ground.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from stream.behaviour.bouts import Bout

MOTIONLESS_S: Final = 12 * 3600
"""Goats lie down 22 to 33 times a day (Ruminants 2023, 3(2):10), cattle about 9 times (NZSAP 2020, 80:8-13): half a
day without a single change is beyond both. `animov bench alarms` prints the longest of simulated goats."""

SPECIES_LYING_S: Final[dict[str, int]] = {"goat": 5 * 3600, "cattle": 6 * 3600}
"""Shorter lying is never too long. Goats' bouts last 22 to 34 min on average (Ruminants 2023, 3(2):10); of
simulated goats with such bouts 0.22 per 100 animals and week lie for longer than 5 h and half as long again as ever in
four weeks (`animov bench alarms`). Cattle lie for longer at a time; our choice."""

OWN_LYING: Final = 1.5
"""Too long is half as long again as the longest of its own last four weeks."""

LEAST_DAYS: Final = 7
"""Of its own, before its longest bout says anything; until then twice the species' limit holds."""

SPECIES_STILL_S: Final[dict[str, int]] = {"goat": 3 * 3600, "cattle": 4 * 3600}
"""Twice the 90 min after which a device counts as not worn in human studies (actipy): goats rise more often than that,
and breathe, chew and flick their ears meanwhile. Cattle lie for longer at a time; our choice, as for lying."""

ALL_STILL: Final = 0.99
"""Share of the stretches without any movement from which on nothing moves: a collar on the ground may be kicked."""

MOVES: Final = 0.9
"""Share of the last hour's below which it moves again."""

BRIDGED_S: Final = 600
"""A gap between two bouts of one posture that hides no rest of its own: goats' standing bouts are longer."""

LEAST_KNOWN: Final = 0.8
"""Of the span in one posture, for it to count."""

FRESH_S: Final = 3600
"""What was known last must not be older, or it says nothing of now."""


class Run(NamedTuple):
    """A span in which only one posture was seen, seconds since 1970, `[since, until)`."""

    since: int
    until: int
    lying: bool
    known_s: int

    @property
    def length_s(self) -> int:
        """From the first to the last second."""
        return self.until - self.since

    @property
    def is_known(self) -> bool:
        """Whether enough of it is known."""
        return self.known_s >= LEAST_KNOWN * self.length_s


def runs_of(bouts: Iterable[Bout]) -> list[Run]:
    """Join bouts of one posture that only short gaps part."""
    runs: list[Run] = []
    for bout in bouts:
        length = bout.end - bout.start
        if runs and runs[-1].lying == bout.lying and bout.start - runs[-1].until <= BRIDGED_S:
            runs[-1] = runs[-1]._replace(until=bout.end, known_s=runs[-1].known_s + length)
        else:
            runs.append(Run(bout.start, bout.end, bout.lying, length))
    return runs


def run_at(runs: Sequence[Run], instant: int) -> Run | None:
    """Return the run that an instant lies in, or the last before it if that is fresh."""
    begun = [run for run in runs if run.since < instant]
    return begun[-1] if begun and instant - begun[-1].until <= FRESH_S else None


def lasts(run: Run | None, instant: int, limit_s: float) -> bool:
    """Tell whether by an instant a run had lasted for a limit, and enough of it is known."""
    return run is not None and run.is_known and min(run.until, instant) - run.since >= limit_s


def is_still(stretches: int, still: int, span_s: float, share: float = ALL_STILL) -> bool:
    """Tell whether nothing moves: at least half of a span is told of in stretches of ten seconds, nearly all still.

    >>> is_still(540, 539, 3 * 3600), is_still(539, 539, 3 * 3600), is_still(540, 530, 3 * 3600)
    (True, False, False)
    """
    return 20 * stretches >= span_s and still >= share * stretches


def lying_limit_s(species: str, days: int, longest_s: int) -> float:
    """Return for how long an animal may lie, in seconds.

    Args:
        species: `goat` or `cattle`.
        days: Of which its longest lying is known.
        longest_s: In these days.

    >>> lying_limit_s("goat", 28, 3 * 3600) / 3600, lying_limit_s("goat", 3, 3600) / 3600
    (5.0, 10.0)
    """
    least = SPECIES_LYING_S[species]
    return max(least, OWN_LYING * longest_s) if days >= LEAST_DAYS else 2 * least


def end_of(runs: Sequence[Run], run: Run) -> str:
    """Return by what a run ended, a stable code; empty if it may go on."""
    after = [each for each in runs if each.since >= run.until]
    if not after:
        return ""
    return "no_data" if after[0].lying == run.lying else "posture_changed"
