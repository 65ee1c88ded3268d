"""How often a rule is right where the posture was observed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.posture.verdicts import LYING, STANDING


class Scores(NamedTuple):
    """Stretches of ten seconds, counted by what was observed and what was said.

    Attributes:
        stood_standing: Stood, said to stand.
        stood_lying: Stood, said to lie.
        stood_unknown: Stood, nothing said.
        lay_standing: Lay, said to stand.
        lay_lying: Lay, said to lie.
        lay_unknown: Lay, nothing said.
    """

    stood_standing: int
    stood_lying: int
    stood_unknown: int
    lay_standing: int
    lay_lying: int
    lay_unknown: int

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the shares of both postures that are said rightly, where something is said; NaN without either."""
        stood, lay = self.stood_standing + self.stood_lying, self.lay_standing + self.lay_lying
        return (_share(self.stood_standing, stood) + _share(self.lay_lying, lay)) / 2

    @property
    def precision_standing(self) -> float:
        """Share of what is said to stand that stood; NaN where nothing is."""
        return _share(self.stood_standing, self.stood_standing + self.lay_standing)

    @property
    def precision_lying(self) -> float:
        """Share of what is said to lie that lay; NaN where nothing is."""
        return _share(self.lay_lying, self.lay_lying + self.stood_lying)

    @property
    def unknown(self) -> float:
        """Share of which nothing is said; NaN of nothing."""
        return _share(self.stood_unknown + self.lay_unknown, sum(self))


def scores_of(standing: NDArray[np.bool_], posture: NDArray[np.int8]) -> Scores:
    """Count what was said, `verdicts.STANDING`, `LYING` or `UNKNOWN`, against what was observed."""
    says = (posture == STANDING, posture == LYING, (posture != STANDING) & (posture != LYING))
    return Scores(*(int((observed & said).sum()) for observed in (standing, ~standing) for said in says))


def added(one: Scores, other: Scores) -> Scores:
    """Add counts."""
    return Scores(*(a + b for a, b in zip(one, other, strict=True)))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
