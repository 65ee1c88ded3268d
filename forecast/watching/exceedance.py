"""How often chance alone puts k of n windows outside a band: the null that deviations are held to.

Errors a day ahead are no independent draws: what is outside stays outside for a while. Under the null the standardised
errors of a series are a Gaussian AR(1) whose correlation, and whose probability of being outside on either side, are
those of the series' own last days. The rate at which the count of the last n windows rises to k is then exact but for
the grid: a Markov chain over the error and the count. Rates of several series add up whatever their dependence, so the
allowance of a farm is simply shared among its series: what is controlled is the expected number of false alarms.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt
from typing import Final

import numpy as np

from forecast.inputs import Floats

WINDOWS: Final = (8, 16, 24, 32, 48)
"""Numbers of windows to look at, 2 to 12 hours: the first at which some count is rare enough is taken."""

NOMINAL: Final = 0.025
"""Share of windows that a 95 % band leaves on either side."""

PER_WEEK: Final = 672
"""Windows of a week."""

LEAST: Final = 192
"""Windows, two days, below which a record is no measure of its series; as many windows weigh as much as the nominal."""

UNKNOWN_CORRELATION: Final = 0.9
UNKNOWN_OUTSIDE: Final = 0.05
"""What is taken for granted without a record: pessimistic, groups of goats were found near 0.6 and 0.025."""

_CELLS: Final = 120
_TAIL: Final = 40


@dataclass(frozen=True, slots=True)
class Null:
    """How a series behaves when nothing is the matter.

    Attributes:
        correlation: Of the errors of neighbouring windows.
        outside_low: Probability of a window below the band.
        outside_high: Probability of a window above the band.
    """

    correlation: float = UNKNOWN_CORRELATION
    outside_low: float = UNKNOWN_OUTSIDE
    outside_high: float = UNKNOWN_OUTSIDE


@dataclass(frozen=True, slots=True)
class Threshold:
    """`needed` of the last `windows` windows on one side; `expected` false alarms a week come of it."""

    windows: int
    needed: int
    expected: float


def null_of(ratios: Floats, mean: Floats, lower: Floats, upper: Floats) -> Null:
    """Estimate how a series behaves from the windows of its last days.

    A share outside is never taken to be less than nominal; the correlation is that of an AR(1) whose mean over the
    shortest number of windows varies as much as that of the errors, and one standard error on top.

    Args:
        ratios: Shape `(n,)`, consecutive windows, NaN where not known.
        mean: What was expected of them, NaN where nothing was; likewise the ends of the 95 % band.
        lower: See `mean`.
        upper: See `mean`.
    """
    known = np.isfinite(ratios) & np.isfinite(mean)
    count = int(known.sum())
    if count < LEAST:
        return Null()
    shares = [(int(side[known].sum()) + NOMINAL * LEAST) / (count + LEAST) for side in (ratios < lower, ratios > upper)]
    # the wider half: the limits of the ratio cut the other one off
    half = np.maximum(np.maximum(upper - mean, mean - lower), 1e-6)
    correlation = _correlation((ratios - mean) / half)
    correlation += sqrt((1 - correlation**2) / count)
    return Null(min(correlation, 0.99), *(max(share, NOMINAL) for share in shares))


def threshold_of(null: Null, allowed: float) -> Threshold:
    """Return the least count, more than half of the windows, that chance reaches `allowed` times a week at most.

    A count that leaves no room for one window in eight takes more windows, so that a deviation may be broken. Where no
    count of any number of windows is rare enough, one more is needed than there are.
    """
    for windows in WINDOWS:
        low, high = (
            crossing_rates(_up(null.correlation, 0.02), _up(outside, 0.0025), windows)
            for outside in (null.outside_low, null.outside_high)
        )
        rates = PER_WEEK * (low + high)
        rare = np.flatnonzero(rates[windows // 2 + 1 : windows - windows // 8 + 1] <= allowed)
        if len(rare):
            needed = windows // 2 + 1 + int(rare[0])
            return Threshold(windows, needed, float(rates[needed]))
    return Threshold(WINDOWS[-1], WINDOWS[-1] + 1, 0.0)


@lru_cache(maxsize=4096)
def crossing_rates(correlation: float, outside: float, windows: int) -> Floats:
    """Return how often, per window, the count of the last `windows` outside on one side rises to k; shape `(n + 1,)`.

    It rises to k when this window is outside, the one that drops out was not, and there are k between them.

    Args:
        correlation: Of an AR(1), 0 to below 1.
        outside: Probability of being outside on that side.
        windows: How many are looked at.
    """
    weights, moves, beyond = _chain(correlation, outside)
    counted = np.zeros((windows + 1, len(weights)))
    counted[0] = np.where(beyond, 0.0, weights)
    for _ in range(windows):
        moved = np.einsum("ks,st->kt", counted, moves)
        counted = np.where(beyond, 0.0, moved)
        counted[1:] += np.where(beyond, moved, 0.0)[:-1]
    rates: Floats = counted[:, beyond].sum(axis=1)
    return rates


def _chain(correlation: float, outside: float) -> tuple[Floats, Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return a Gaussian AR(1) on cells: their probabilities, the moves between them, and which are outside."""
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - heavy, and wanted once a day

    edge = -float(ndtri(outside))
    edges = np.concatenate((np.linspace(-5, edge, _CELLS + 1), np.linspace(edge, max(edge + 2.5, 5), _TAIL + 1)[1:]))
    low, high = edges[:-1], edges[1:]
    weights = ndtr(high) - ndtr(low)
    centre = (np.exp(-(low**2) / 2) - np.exp(-(high**2) / 2)) / np.sqrt(2 * np.pi) / weights
    spread = sqrt(1 - correlation**2)
    moves = ndtr((high - correlation * centre[:, None]) / spread) - ndtr((low - correlation * centre[:, None]) / spread)
    return weights / weights.sum(), moves / moves.sum(axis=1, keepdims=True), np.arange(len(weights)) >= _CELLS


def _correlation(errors: Floats) -> float:
    """Return the correlation of the AR(1) whose mean over the fewest windows varies as that of these errors."""
    centred = errors - np.nanmean(errors)
    lags = np.arange(1, WINDOWS[0])
    weights = 1 - lags / WINDOWS[0]
    found = np.array([_product(centred, int(lag)) for lag in lags]) / _product(centred, 0)
    candidates = np.linspace(0, 0.99, 100)
    inflation = (weights * candidates[:, None] ** lags).sum(axis=1)
    return float(candidates[np.searchsorted(inflation, (weights * found).sum()).clip(0, 99)])


def _product(centred: Floats, lag: int) -> float:
    products = centred[lag:] * centred[: len(centred) - lag]
    known = products[np.isfinite(products)]
    return float(known.mean()) if len(known) and (lag or known.any()) else float(not lag)


def _up(value: float, grain: float) -> float:
    """Round up, so that few chains serve many series and none is flattered."""
    return min(round(ceil(value / grain - 1e-9) * grain, 6), 0.99)
