"""How often alerts are right, as far as people have judged them."""

from math import sqrt
from typing import Final, NamedTuple

_Z: Final = 1.959963984540054
"""Of the normal distribution: 95 % lie within."""


class Precision(NamedTuple):
    """A share with its 95 % interval."""

    share: float
    lower: float
    upper: float


def precision(confirmed: int, dismissed: int) -> Precision | None:
    """Return the share of judged alerts that were confirmed, with Wilson's interval; `None` if none was judged.

    The interval: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.

    >>> [round(number, 3) for number in precision(8, 2)]
    [0.8, 0.49, 0.943]
    """
    judged = confirmed + dismissed
    if judged == 0:
        return None
    share, shrunk = confirmed / judged, _Z * _Z / judged
    middle = share + shrunk / 2
    reach = _Z * sqrt(share * (1 - share) / judged + shrunk / (4 * judged))
    lower, upper = ((middle + side * reach) / (1 + shrunk) for side in (-1, 1))
    return Precision(share, min(share, max(0.0, lower)), max(share, min(1.0, upper)))  # rounded beyond it, of 0 or 1


def per_hundred_animals_and_week(count: int, animal_days: int) -> float | None:
    """Return how many came for each 100 animals and week; `None` where no animal was known.

    >>> per_hundred_animals_and_week(3, 2100)
    1.0
    """
    return count * 700 / animal_days if animal_days else None
