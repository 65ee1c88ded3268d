"""How a leg tag sits, learned from its own up axis: whether it is upside down, and where its threshold lies.

Both look at gravity over ten seconds (medians of the up axis), sampled over days. 0.5 g is a good threshold for most
tags (99 % of seconds on goats, validated against video), so another one is used only where the tag's own histogram says
clearly better.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.posture.leg import THRESHOLD_G
from stream.posture.refused import Refused

Floats = NDArray[np.float64]

LEAST: Final = 360
"""Values below which nothing is learned: an hour of stretches of ten seconds."""
LEAST_SHARE: Final = 0.05
"""Share of the values that each posture must have: else only one of them was seen."""
APART: Final = 2.0
"""Ashman's D (Astron J 1994) above which two modes are clearly apart."""
VALLEY: Final = 0.25
"""Most that the histogram between the modes may reach, as a share of the lower mode."""
LOWEST_G: Final = 0.2
HIGHEST_G: Final = 0.8
"""Thresholds outside of these belong to a tag that sits otherwise, not to another threshold."""
CLEARLY: Final = 0.01
"""Share of the values that 0.5 g must put in the wrong mode, before it gives way: more than its published error."""
BIN_G: Final = 0.05
ROUNDS: Final = 50


class Threshold(NamedTuple):
    """Below which the up axis lies, learned from one tag.

    Attributes:
        threshold_g: g.
        moved: Share of the values that 0.5 g would put in the other posture.
    """

    threshold_g: float
    moved: float


def flipped(up_g: Floats) -> bool | Refused:
    """Tell whether a tag sits upside down: it then shows more of gravity downward than upward (triact).

    Args:
        up_g: What the up axis of the present calibration measured, g, shape (n,).
    """
    upward, downward = (up_g > THRESHOLD_G).sum(), (up_g < -THRESHOLD_G).sum()
    if upward + downward < LEAST:
        return Refused("few_upright", f"{upward + downward} values beyond 0.5 g, {LEAST} are needed")
    return bool(upward < downward)


def threshold_of(up_g: Floats) -> Threshold | Refused:
    """Find the threshold between the two modes of a tag that sits upright; refused where 0.5 g is as good."""
    if len(up_g) < LEAST:
        return Refused("few_values", f"{len(up_g)} values, {LEAST} are needed")
    low, high = _modes(up_g)
    share = min(len(low), len(high)) / len(up_g)
    if share < LEAST_SHARE:
        return Refused("one_mode", f"{share:.1%} of the values are in the smaller mode, {LEAST_SHARE:.0%} are needed")
    apart = np.sqrt(2) * (high.mean() - low.mean()) / max(np.hypot(low.std(), high.std()), 1e-9)
    valley, depth = _valley(up_g, low, high)
    if apart < APART or depth > VALLEY:
        return Refused("unclear_modes", f"the modes can't be told apart (D {apart:.1f}, valley {depth:.0%} of a mode)")
    if not LOWEST_G <= valley <= HIGHEST_G:
        return Refused("odd_threshold", f"the modes part at {valley:.2f} g: the tag sits otherwise than its axes say")
    moved = float(((up_g < valley) != (up_g < THRESHOLD_G)).mean())
    if moved < CLEARLY:
        return Refused("no_better", f"0.5 g puts {moved:.1%} of the values in the other mode, too few to change it")
    return Threshold(valley, moved)


def _modes(up_g: Floats) -> tuple[Floats, Floats]:
    """Cut values in two where the means of both parts are equally far (two means, from the extremes)."""
    cut = float(up_g.min() + up_g.max()) / 2
    for _ in range(ROUNDS):
        low, high = up_g[up_g < cut], up_g[up_g >= cut]
        if not len(low) or not len(high):
            break
        before, cut = cut, float(low.mean() + high.mean()) / 2
        if cut == before:
            break
    return up_g[up_g < cut], up_g[up_g >= cut]


def _valley(up_g: Floats, low: Floats, high: Floats) -> tuple[float, float]:
    """Return the middle of the emptiest bins between the modes, and what they hold as a share of the lower mode."""
    edges = np.arange(np.floor(np.median(low) / BIN_G), np.ceil(np.median(high) / BIN_G) + 1) * BIN_G
    counts, _ = np.histogram(up_g, edges)
    if len(counts) < 3:
        return float(edges.mean()), 1.0
    emptiest = np.flatnonzero(counts == counts.min())
    middle = float(edges[emptiest].mean() + BIN_G / 2)
    lower = min(counts[: emptiest[0] + 1].max(), counts[emptiest[-1] :].max())
    return middle, float(counts.min() / max(lower, 1))
