"""Leg tag: the up axis carries gravity while the animal stands and loses it when it lies.

The threshold is triact's (`man/Triact.Rd`, default `thresh_lying = 0.5` g). Nothing is smoothed here, so that samples
may come in any order and cut; reading bouts from the bits smooths them.
"""

from collections.abc import Sequence
from typing import Final

THRESHOLD_G: Final = 0.5


def seconds_of(
    times: Sequence[int], xyz: Sequence[Sequence[float]], *, up: int, g_per_unit: float
) -> tuple[set[int], set[int]]:
    """Return the seconds since 1970 in which a sample stands, and those in which one lies.

    Args:
        times: Milliseconds since 1970.
        xyz: Rows of three numbers, one for each time.
        up: Index of the up axis; `~index` where the axis points down.
        g_per_unit: What one unit of `xyz` is in g; positive.
    """
    threshold = THRESHOLD_G / g_per_unit
    upward = [-row[~up] for row in xyz] if up < 0 else [row[up] for row in xyz]
    if min(upward) >= threshold:  # most batches are of one posture, and need no look at each sample
        return {time // 1000 for time in times}, set()
    if max(upward) < threshold:
        return set(), {time // 1000 for time in times}
    standing = {time // 1000 for time, carried in zip(times, upward, strict=True) if carried >= threshold}
    lying = {time // 1000 for time, carried in zip(times, upward, strict=True) if carried < threshold}
    return standing, lying
