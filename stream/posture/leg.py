"""Leg tag: the up axis carries gravity while the animal stands and loses it when it lies.

The threshold is triact's (`man/Triact.Rd`, default `thresh_lying = 0.5` g) unless the tag's own was learned. Nothing
is smoothed here, so that samples may come in any order and cut; reading bouts from the bits smooths them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

THRESHOLD_G: Final = 0.5


def measured_threshold_g(parameters: Mapping[str, Any], up: int) -> float:
    """Return where the up axis parts the postures, in g as the device measures them.

    A calibration's `gain` and `offset` are folded in, so that samples need not be corrected one by one.

    Args:
        parameters: Of the calibration: `threshold_g`, `gain`, `offset`.
        up: Index of the up axis; `~index` where the axis points down, and what it measures is turned before comparing.
    """
    threshold_g = float(parameters.get("threshold_g", THRESHOLD_G))
    if "gain" not in parameters:
        return threshold_g
    axis, sign = (~up, -1) if up < 0 else (up, 1)
    return float((threshold_g - sign * parameters["offset"][axis]) / parameters["gain"][axis])


def seconds_of(
    times: Sequence[int], xyz: Sequence[Sequence[float]], *, up: int, g_per_unit: float, threshold_g: float
) -> tuple[set[int], set[int]]:
    """Return the seconds since 1970 in which a sample stands, and those in which one lies.

    Args:
        times: Milliseconds since 1970.
        xyz: Rows of three numbers, one for each time.
        up: Index of the up axis; `~index` where the axis points down.
        g_per_unit: What one unit of `xyz` is in g; positive.
        threshold_g: g below which a sample lies, as the device measures them.
    """
    threshold = threshold_g / g_per_unit
    upward = [-row[~up] for row in xyz] if up < 0 else [row[up] for row in xyz]
    if min(upward) >= threshold:  # most batches are of one posture, and need no look at each sample
        return {time // 1000 for time in times}, set()
    if max(upward) < threshold:
        return set(), {time // 1000 for time in times}
    standing = {time // 1000 for time, carried in zip(times, upward, strict=True) if carried >= threshold}
    lying = {time // 1000 for time, carried in zip(times, upward, strict=True) if carried < threshold}
    return standing, lying
