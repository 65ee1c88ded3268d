"""Names of what a model may regress on, so that whoever asks for another is told at once.

Besides these there are the daily events of a farm, by the names that they have there, and the columns of a file.
"""

from collections.abc import Iterable
from typing import Final

SKY: Final = frozenset({"solar_elevation", "daylight", "moonlight"})
"""What follows from the place alone."""

WEATHER: Final = frozenset({"temperature", "humidity", "wind", "cloud", "rain", "thi", "thi_load"})
"""What the weather of a farm gives."""


def known_regressors(events: Iterable[str], *, has_place: bool) -> list[str]:
    """Return the names that a series of a farm may be regressed on, sorted.

    >>> known_regressors(["milking"], has_place=False)[:4]
    ['cloud', 'humidity', 'milking', 'rain']
    """
    return sorted({*events, *WEATHER, *(SKY if has_place else ())})
