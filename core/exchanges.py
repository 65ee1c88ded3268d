"""Two animals that seem to have exchanged collars: what the daily sheets propose and a person confirms."""

from datetime import date
from typing import NamedTuple


class Exchange(NamedTuple):
    """Two animals whose collars may have been exchanged.

    Attributes:
        one: Id of an animal.
        other: Id of another.
        since: First day of the exchange on the farm's wall clock.
        evidence: Natural logarithm of how many times likelier the days are if exchanged.
        one_way: That part of it by which the days of `one` since then fit the days of `other` before better.
        other_way: The same the other way round.
        level: Evidence asked for, by the number of pairs and days.
    """

    one: int
    other: int
    since: date
    evidence: float
    one_way: float
    other_way: float
    level: float
