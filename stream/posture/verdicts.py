"""What a rule says of stretches of ten seconds: standing, lying, or unknown with the reason."""

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

STANDING: Final = 1
LYING: Final = 0
UNKNOWN: Final = -1


class Reason(IntEnum):
    """Why nothing is said; the names are shown to people, so they never change."""

    KNOWN = 0
    TOO_SHORT = 1  # less than ten seconds in one message
    TOO_FEW = 2  # fewer samples in ten seconds than tell movement
    NOT_GRAVITY = 3  # at rest, but far from 1 g: a wrong unit or a broken sensor
    NO_ANCHOR = 4  # nobody knows yet how the collar sits
    TURNED = 5  # the collar has turned since, and its new seat isn't known yet
    ROLLED_AWAY = 6  # rolled around the neck farther than a goat rolls
    BETWEEN = 7  # between the two postures
    OFF = 8  # the collar is not worn, or its animal is dead: nothing moved it for hours


class Verdicts(NamedTuple):
    """What is said of n stretches.

    Attributes:
        posture: `STANDING`, `LYING` or `UNKNOWN`, shape (n,).
        reason: A `Reason`; `KNOWN` wherever the posture is, shape (n,).
    """

    posture: NDArray[np.int8]
    reason: NDArray[np.int8]


def decided(
    choices: list[tuple[NDArray[np.bool_], int, Reason]], *, otherwise: tuple[int, Reason], count: int
) -> Verdicts:
    """Let the first condition that holds decide about each of `count` stretches: `(where, posture, reason)`."""
    wheres = [where for where, _, _ in choices]
    postures = np.select(wheres, [np.full(count, posture) for _, posture, _ in choices], otherwise[0])
    reasons = np.select(wheres, [np.full(count, reason) for _, _, reason in choices], otherwise[1])
    return Verdicts(postures.astype(np.int8), reasons.astype(np.int8))
