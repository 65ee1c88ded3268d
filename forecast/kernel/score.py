"""How the likelihood of a batch of series changes with the coefficients: the filter, and its derivatives beside it.

With the scale concentrated out the likelihood's score is that of least squares on the innovations, each weighted by the
inverse of its variance (Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, 1989, section 3.4).
What the coefficients change in gains and variances is left out: it matters after gaps only, and there too an innovation
and the derivative of its expectation are uncorrelated at the truth. The information is the expected one, in closed
form (Box and Jenkins, Time Series Analysis, 1970, section 7.2), so no products of derivatives are summed.

A history is cut into stretches that are filtered side by side, each from a stationary state some values ahead: beyond
two values an ARMA(2,1) forgets as fast as its moving average fades.
"""

from typing import Final, NamedTuple

import numpy as np

from forecast.inputs import Floats
from forecast.kernel.recursion import NOWHERE, Arma, Passed, Places, run, stationary

STRETCH: Final = 224
"""Values of a stretch: a third of a week of quarters of an hour."""

LEAD: Final = 32
"""Values before a stretch that its filter has seen."""

BLOCK: Final = 32
"""Values taken at a time: what is kept of each stays in the cache, and the product of their variances finite."""

_AT_ONCE: Final = 512
"""Series taken at a time: enough to hide what a call costs, few enough for a hundred megabytes."""


class Score(NamedTuple):
    """Of each series.

    Attributes:
        squares: Sum of squared innovations over their variances, shape `(m,)`.
        logs: Sum of the logarithms of variances, shape `(m,)`.
        slopes: Sum of innovations over variances times the derivatives of the expected values, shape `(3, m)`.
    """

    squares: Floats
    logs: Floats
    slopes: Floats


class _Tangent(NamedTuple):
    """What the derivatives of what follows depend on.

    Attributes:
        now: Of the next expected value by each coefficient, shape `(3, m)`.
        before: The last value, or what was expected in its place, shape `(m,)`.
        late: Those without a last value.
        echo: What the derivatives of the last expected value add to those of the next but one, shape `(3, len(late))`.
    """

    now: Floats
    before: Floats
    late: Places
    echo: Floats


def score(arma: Arma, values: Floats) -> Score:
    """Return the score of coefficients.

    Args:
        arma: Coefficients, `m` of each.
        values: Shape `(n, m)`, NaN for gaps.
    """
    parts = [slice(start, start + _AT_ONCE) for start in range(0, values.shape[1], _AT_ONCE)]
    found = [_score(Arma(*(of[part] for of in arma)), _stretches(values[:, part])) for part in parts]
    return Score(*(np.concatenate(part, axis=-1) for part in zip(*found, strict=True)))


def information(arma: Arma) -> Floats:
    """Return the expected information that one value brings about the coefficients, shape `(3, 3, m)`."""
    ar1, ar2, ma1 = arma
    variance = (1 - ar2) / ((1 + ar2) * ((1 - ar2) * (1 - ar2) - ar1 * ar1))
    covariance = variance * ar1 / (1 - ar2)
    both = 1 / (1 + ar1 * ma1 - ar2 * ma1 * ma1)
    return np.array(
        (
            (variance, covariance, both),
            (covariance, variance, -ma1 * both),
            (both, -ma1 * both, 1 / (1 - ma1 * ma1)),
        )
    )


def _stretches(values: Floats) -> Floats:
    """Cut histories into stretches, each with its lead; shape `(LEAD + STRETCH, stretches, m)`."""
    n, m = values.shape
    count = -(-n // STRETCH)
    padded = np.full((LEAD + count * STRETCH, m), np.nan)
    padded[len(padded) - n :] = values
    return np.stack([padded[at : at + LEAD + STRETCH] for at in range(0, count * STRETCH, STRETCH)], axis=1)


def _score(arma: Arma, values: Floats) -> Score:
    steps, stretches, m = values.shape
    lanes = Arma(*(np.tile(part, stretches) for part in arma))
    squares, logs = np.zeros((2, stretches * m))
    slopes = np.zeros((3, stretches * m))
    state, tangent = stationary(lanes), _Tangent(np.zeros_like(slopes), np.zeros(stretches * m), NOWHERE, slopes[:, :0])
    for start in range(0, steps, BLOCK):
        passed = run(lanes, state, values[start : start + BLOCK].reshape(BLOCK, -1))
        weighted = passed.innovations / passed.variances
        if start == LEAD:
            slopes[:] = 0.0
        tangent = _followed(lanes.ar2, passed, weighted, tangent, slopes)
        state = passed.state
        if start >= LEAD:
            squares += np.einsum("tm,tm->m", passed.innovations, weighted)
            logs += np.log(np.multiply.reduce(passed.variances, axis=0))
    return Score(*(part.reshape(*part.shape[:-1], stretches, m).sum(axis=-2) for part in (squares, logs, slopes)))


def _followed(ar2: Floats, passed: Passed, weighted: Floats, tangent: _Tangent, slopes: Floats) -> _Tangent:
    """Take the derivatives through what was passed, and add their products with weighted innovations to slopes."""
    now, before, late, echo = tangent
    now, product = now.copy(), np.empty_like(now)
    for innovation, value, gain, missing in zip(weighted, passed.filled, passed.gains, passed.missing, strict=True):
        np.multiply(now, innovation, product)
        np.add(slopes, product, slopes)
        kept = ar2[missing] * now[:, missing] if len(missing) else echo[:, :0]
        np.multiply(now, gain, product)
        np.subtract(value, product[0], now[0])
        np.subtract(before, product[1], now[1])
        np.subtract(innovation, product[2], now[2])
        if len(late):
            now[:, late] += echo
        before, late, echo = value, missing, kept
    return _Tangent(now, before, late, echo)
