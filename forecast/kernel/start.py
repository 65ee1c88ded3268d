"""Where the search begins: ARMA(2,1) coefficients from autocovariances alone.

Hannan and Rissanen (Biometrika 69, 1982): a long autoregression tells the shocks, and a regression on past values and
past shocks tells the ARMA. Both are solved from sample autocovariances here, so that a gap is a pair less.
"""

from typing import Final

import numpy as np

from forecast.inputs import Floats
from forecast.kernel.recursion import Arma
from forecast.kernel.region import is_inside

LAGS: Final = 8
"""Of the long autoregression."""

_MOST: Final = 0.99
"""Sample autocovariances of a series with gaps need not be those of any process; partial ones are held to this."""


def first_guess(values: Floats, present: tuple[bool, bool, bool]) -> Arma:
    """Return coefficients near the best ones; where they are out of bounds, those without a moving average.

    Args:
        values: Shape `(n, m)`, NaN for gaps.
        present: Which of the three coefficients the model has; the others are 0.
    """
    covariances = _autocovariances(values)
    variance, response = _long_autoregression(covariances)
    full, plain = (_regression(covariances[:3], variance, response, kept) for kept in (present, (*present[:2], False)))
    return Arma(*np.where(is_inside(full), full, plain))


def _regression(covariances: Floats, variance: Floats, response: Floats, kept: tuple[bool, bool, bool]) -> Arma:
    """Regress a value on the two before and on the shock before, or on those of them that are kept."""
    c0, c1, c2 = covariances
    nothing = np.zeros_like(c0)
    gram = np.array([[c0, c1, variance], [c1, c0, nothing], [variance, nothing, variance]])
    cross = np.array([c1, c2, response * variance])
    used = np.array(kept)
    gram = np.where((used[:, None] & used)[:, :, None], gram, np.eye(3)[:, :, None])
    cross = np.where(used[:, None], cross, 0.0)
    return Arma(*np.linalg.solve(gram.transpose(2, 0, 1), cross.T[:, :, None])[:, :, 0].T.copy())


def _autocovariances(values: Floats) -> Floats:
    """Return lags 0 to `LAGS`, shape `(LAGS + 1, m)`, over the pairs that are known."""
    known = np.isfinite(values)
    filled, weights = np.where(known, values, 0.0), known.astype(np.float64)
    n = len(values)
    sums, pairs = (
        np.array([np.einsum("tm,tm->m", rows[: n - lag], rows[lag:]) for lag in range(LAGS + 1)])
        for rows in (filled, weights)
    )
    covariances: Floats = sums / np.maximum(pairs, 1.0)
    return covariances


def _long_autoregression(covariances: Floats) -> tuple[Floats, Floats]:
    """Return the variance of its shocks and its first coefficient, by Levinson's recursion."""
    variance, weights = covariances[0], covariances[:0]
    for order in range(LAGS):
        reach = covariances[order + 1]
        for lag in range(order):
            reach = reach - weights[lag] * covariances[order - lag]
        partial = np.clip(reach / variance, -_MOST, _MOST)
        weights = np.array([*(weights - partial * weights[::-1]), partial])
        variance = variance * (1 - partial * partial)
    return variance, weights[0]
