"""How long to wait before something that failed is tried again."""

from typing import Final

SHORTEST_S: Final = 0.2
LONGEST_S: Final = 10.0
HEALTHY_S: Final = 30.0


def next_delay(previous_s: float | None, lived_s: float) -> float:
    """Return the seconds to wait before the next start of something that ended by itself.

    The first wait is 0.2 s and each further one twice as long, up to 10 s; whoever lived 30 s starts afresh.

    Args:
        previous_s: The wait before the life that has just ended; `None` if that was the first.
        lived_s: How long that life was, in seconds.

    >>> next_delay(None, 1), next_delay(0.2, 1), next_delay(8.0, 29), next_delay(8.0, 30)
    (0.2, 0.4, 10.0, 0.2)
    """
    if previous_s is None or lived_s >= HEALTHY_S:
        return SHORTEST_S
    return min(2 * previous_s, LONGEST_S)
