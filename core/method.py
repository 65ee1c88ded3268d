"""How posture was found: the small integer that is part of every evidence key.

A method is a rule and a generation, `1000 * rule + generation`. The rule fixes the rank, the order of trust:
per second the highest rank that knows wins, equal ranks merge. A new calibration for the past is a new generation
of the same collar: within one collar and second the newest published generation that received the second counts.
"""

from enum import IntEnum
from typing import Final


class Rule(IntEnum):
    """The ways to find a posture; the values are stored, so they never change."""

    NONE = 0  # received, but no rule for the mount
    EAR = 1
    COLLAR = 2  # neck collar, uncalibrated
    COLLAR_CALIBRATED = 3  # neck collar with an upright anchor, no labels
    COLLAR_LABELLED = 4  # neck collar with a model fitted to labels
    LEG = 5
    SUMS = 6  # seconds counted by the device, order unknown
    DEVICE = 7  # posture reported by the device


RANK: Final[dict[Rule, int]] = {
    Rule.NONE: 0,
    Rule.EAR: 10,
    Rule.COLLAR: 10,
    Rule.COLLAR_CALIBRATED: 20,
    Rule.COLLAR_LABELLED: 30,
    Rule.LEG: 40,
    Rule.SUMS: 45,
    Rule.DEVICE: 50,
}
"""Order of trust; more is more."""

GENERATIONS: Final = 1000


def method(rule: Rule, generation: int = 0) -> int:
    """Compose the stored method of a rule and a generation, 0 to 999."""
    return rule * GENERATIONS + generation


def rule_of(stored: int) -> Rule:
    """Return the rule of a stored method."""
    return Rule(stored // GENERATIONS)


def generation_of(stored: int) -> int:
    """Return the generation of a stored method."""
    return stored % GENERATIONS
