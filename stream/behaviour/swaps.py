"""Two animals of which each has lived, since some day, as the other did before: were their collars exchanged?

Nothing here knows of collars: only of the measures of days by animal. Goats of a group live alike, so many exchanges
can't be seen; what is proposed is for a person to confirm.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.behaviour.habit import HABIT_DAYS, LEAST_DAYS, habits_of, shared

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_SINCE: Final = 3
"""Whole days since an exchange, and days known of them, before anything is said."""

MOST_SINCE: Final = 14
"""What was exchanged for longer makes a habit of its own."""

CHANCE: Final = 0.05
"""Of proposing any pair of a herd in which none was exchanged, if days were as independent as they are taken to be."""

_EACH: Final = 0.25
"""Share of the evidence that is asked of each animal: if one falls ill and the other lives on, it is no exchange."""

_FAR: Final = 4.0
"""SDs from its animal's centre beyond which a day counts no more for how days spread: exchanged ones stand out."""


_LEAST_VARIANCE: Final = 0.1
"""Added to that of days, in squares of their robust SD, so that days that are all alike prove nothing."""


class Swap(NamedTuple):
    """Two animals whose collars may have been exchanged.

    Attributes:
        one: Place of an animal.
        other: Place of another, greater.
        since: Days since the exchange, counted back from the last: its first day is `days[-since]`.
        evidence: Natural logarithm of how many times likelier the days are if exchanged.
        one_way: That part of it by which the days of `one` since then fit the days of `other` before better.
        other_way: The same the other way round.
        level: Evidence asked for, by the number of pairs and days.
    """

    one: int
    other: int
    since: int
    evidence: float
    one_way: float
    other_way: float
    level: float


def swaps_of(days: Floats, group: Integers) -> list[Swap]:
    """Return the exchanges that the days of a farm's animals speak for, the likeliest first, an animal in one at most.

    Days spread about the mean of their animal, alike for all of them, and an exchange lets the means change places:
    the ratio of the two likelihoods, whatever the means, which spread as those of this herd do. Its level is that of
    Bonferroni: chance alone exceeds it in one of `1 / CHANCE` herds.

    Args:
        days: Measures, shape (animals, days, measures), on the scales of `measures`; NaN where unknown. A measure that
            is never known is left out, a day of which another is unknown too.
        group: Of each animal, shape (animals,): what mates have in common on a day is taken off.
    """
    white = _whitened(days, group)
    sinces = range(LEAST_SINCE, min(MOST_SINCE, days.shape[1] - LEAST_DAYS) + 1)
    pairs = len(days) * (len(days) - 1) // 2
    if white is None or not pairs or not sinces:
        return []
    white, between = _centred(white)
    level = float(np.log(pairs * len(sinces) / CHANCE))
    return _apart([swap for since in sinces for swap in _exceeding(white, between, since, level)])


class _Sums(NamedTuple):
    """Days known of each animal, shape (animals,), and what they add up to, shape (animals, measures)."""

    days: Floats
    total: Floats


def _exceeding(white: Floats, between: Floats, since: int, level: float) -> list[Swap]:
    before, after = _sums(white[:, :-since]), _sums(white[:, -since:])
    evidence = _evidence(before, after, between)
    way = _ways(before.total / (before.days[:, None] + 1 / between), after)
    told = (before.days >= LEAST_DAYS) & (after.days >= LEAST_SINCE)
    enough = told[:, None] & told & (evidence >= level) & (np.minimum(way, way.T) >= _EACH * level)
    return [
        Swap(
            int(one),
            int(other),
            since,
            float(evidence[one, other]),
            float(way[one, other]),
            float(way[other, one]),
            level,
        )
        for one, other in np.argwhere(np.triu(enough, 1))
    ]


def _evidence(before: _Sums, after: _Sums, between: Floats) -> Floats:
    """Return the logarithm of the ratio of likelihoods for each pair, shape (animals, animals), symmetric.

    Of normal days of variance 1 about a mean that is itself drawn with the variance `between`, a likelihood holds the
    number of days and what they add up to; the squares of the days are in both.
    """
    count = (before.days[:, None] + after.days)[..., None]  # row: whose days before; column: whose since
    total = before.total[:, None] + after.total
    likelihood = (total**2 / (count + 1 / between) - np.log1p(count * between)).sum(axis=-1) / 2
    own = np.diagonal(likelihood)
    ratio: Floats = likelihood + likelihood.T - own[:, None] - own
    return ratio


def _ways(mean: Floats, after: _Sums) -> Floats:
    """Return by how much the days since of each row fit the mean before of each column better than their own."""
    fit = after.total @ mean.T - after.days[:, None] * (mean**2).sum(axis=-1) / 2
    way: Floats = fit - np.diagonal(fit)[:, None]
    return way


def _sums(white: Floats) -> _Sums:
    known = np.isfinite(white[..., 0])
    return _Sums(known.sum(axis=1).astype(np.float64), np.nansum(white, axis=1))


def _centred(white: Floats) -> tuple[Floats, Floats]:
    """Return days less what is usual in the herd, and the variance of animals' means by measure."""
    count, total = _sums(white)
    told = count >= LEAST_DAYS
    means = total[told] / count[told, None]
    usual = np.median(means, axis=0)
    between = ((means - usual) ** 2).mean(axis=0) - (1 / count[told]).mean()
    return white - usual, np.maximum(between, _LEAST_VARIANCE / HABIT_DAYS)


def _whitened(days: Floats, group: Integers) -> Floats | None:
    """Return days on scales on which those of one animal have variance 1 and no correlation; `None` if too few."""
    used = np.isfinite(days).any(axis=(0, 1))
    if not used.any():
        return None
    whole = np.isfinite(days[..., used]).all(axis=-1, keepdims=True)
    habits = habits_of(np.where(whole, days, np.nan), group)
    scaled = (np.where(whole, days, np.nan) / np.median(habits.sd, axis=0))[..., used]
    centre = (habits.centre / np.median(habits.sd, axis=0))[:, None, used]
    off = scaled - centre
    off -= shared(off, group)
    known = np.clip(off[np.isfinite(off).all(axis=-1)], -_FAR, _FAR)
    if len(known) <= LEAST_DAYS:
        return None
    spread = known.T @ known / len(known) + _LEAST_VARIANCE * np.eye(used.sum())
    white: Floats = (off + centre) @ np.linalg.cholesky(np.linalg.inv(spread))
    return white


def _apart(swaps: Sequence[Swap]) -> list[Swap]:
    kept: list[Swap] = []
    for swap in sorted(swaps, key=lambda swap: -swap.evidence):
        if not any({swap.one, swap.other} & {other.one, other.other} for other in kept):
            kept.append(swap)
    return kept
