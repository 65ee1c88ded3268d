"""The exact Kalman recursion of an ARMA(2,1) for a batch of series, gaps and all.

Harvey's form (Forecasting, Structural Time Series Models and the Kalman Filter, 1989, section 3.3): the state is
`(y_t, ar2 y_{t-1} + ma1 e_t)`, so after an observed value only the second component is uncertain, and between two
observed values a single number of the covariance changes. A gap widens all three. Lower orders have zeros for the
coefficients that they lack. Variances are in units of the shock's.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.inputs import Floats

Places = NDArray[np.intp]

NOWHERE: Final[Places] = np.empty(0, dtype=np.intp)


class Arma(NamedTuple):
    """Coefficients of `y_t = ar1 y_{t-1} + ar2 y_{t-2} + e_t + ma1 e_{t-1}`, each of shape `(m,)`."""

    ar1: Floats
    ar2: Floats
    ma1: Floats


class State(NamedTuple):
    """What is known before a value, each of shape `(m,)`.

    Attributes:
        level: Expected value.
        carried: Expected second component.
        variance: Of the value.
        joint: Covariance of the two components.
        rest: Variance of the second component and the next shock together.
    """

    level: Floats
    carried: Floats
    variance: Floats
    joint: Floats
    rest: Floats


class Passed(NamedTuple):
    """What a run through values found.

    Attributes:
        state: What is known after the last value.
        innovations: Shape `(n, m)`, 0 in gaps.
        variances: Of the innovations, shape `(n, m)`, 1 in gaps.
        filled: The values, in gaps what was expected, shape `(n, m)`.
        gains: How much less is expected of the next value for each unit more that was expected of this, shape `(n, m)`.
        missing: The places that had no value, for each step.
    """

    state: State
    innovations: Floats
    variances: Floats
    filled: Floats
    gains: Floats
    missing: list[Places]


def stationary(arma: Arma) -> State:
    """Return what is known before anything was seen."""
    ar1, ar2, ma1 = arma
    ratio = (1 + ar2) / (1 - ar2)
    variance = (1 + ma1 * ma1 + ma1 * ar1 * (1 + ratio)) / ((1 - ar2) * (1 + ar2) - ar1 * ar1 * ratio)
    joint = ar2 * (ar1 * variance + ma1) / (1 - ar2) + ma1
    nothing = np.zeros_like(ar1)
    return State(nothing, nothing, variance, joint, ar2 * ar2 * variance + ma1 * ma1 + 1)


def run(arma: Arma, state: State, values: Floats) -> Passed:
    """Take values one after another.

    Args:
        arma: Coefficients.
        state: What is known before the first value.
        values: Shape `(n, m)`, NaN for gaps.
    """
    rest = arma.ma1 * arma.ma1 + 1  # of those that two values before were observed for
    innovations, variances, gains = np.empty((3, *values.shape))
    filled, absent, now, product = values.copy(), _gaps(values), State(*np.array(state)), np.empty_like(arma.ma1)
    unsettled = np.arange(len(arma.ma1))  # those whose covariance is not yet that after two observed values
    for step, (value, missing) in enumerate(zip(filled, absent, strict=True)):
        if len(missing):
            level, _, *before = (part[missing] for part in now)
            value[missing] = level  # an observation that tells nothing new
        variances[step] = now.variance
        _advance(arma, now, value, (innovations[step], gains[step], product))
        if len(unsettled):
            now.joint[unsettled], now.rest[unsettled] = arma.ma1[unsettled], rest[unsettled]
        if len(missing):
            ar1, *others = (part[missing] for part in arma)
            variances[step][missing], gains[step][missing] = 1.0, -ar1
            widened = _widened((ar1, *others), before)
            now.variance[missing], now.joint[missing], now.rest[missing] = widened
        unsettled = missing
    return Passed(now, innovations, variances, filled, gains, absent)


def ahead(arma: Arma, state: State, horizon: int) -> tuple[Floats, Floats]:
    """Return mean and variance of the next values, each of shape `(horizon, m)`."""
    mean, variance = np.empty((2, horizon, len(arma.ar1)))
    for step in range(horizon):
        mean[step], variance[step] = state.level, state.variance
        level, carried = arma.ar1 * state.level + state.carried, arma.ar2 * state.level
        state = State(level, carried, *_widened(arma, state[2:]))
    return mean, variance


def _gaps(values: Floats) -> list[Places]:
    """Return for each step the places that have no value."""
    steps, places = np.nonzero(np.isnan(values))
    ends = np.searchsorted(steps, np.arange(len(values) + 1))
    return [places[start:end] for start, end in pairwise(ends.tolist())]


def _advance(arma: Arma, now: State, value: Floats, found: tuple[Floats, Floats, Floats]) -> None:
    """Take one value, in place, for all whose joint and rest stay as they are; tell innovation and gain."""
    innovation, gain, product = found
    np.subtract(value, now.level, innovation)
    np.divide(now.joint, now.variance, gain)
    np.multiply(gain, innovation, product)
    np.add(now.carried, product, product)
    np.multiply(arma.ar1, value, now.level)
    np.add(now.level, product, now.level)
    np.multiply(arma.ar2, value, now.carried)
    np.multiply(gain, now.joint, product)
    np.subtract(now.rest, product, now.variance)


def _widened(coefficients: Sequence[Floats], known: Sequence[Floats]) -> tuple[Floats, Floats, Floats]:
    """Return variance, joint and rest after a step without a value, from those before it."""
    (ar1, ar2, ma1), (variance, joint, rest) = coefficients, known
    carried = ar2 * variance
    return (
        ar1 * (ar1 * variance + 2 * joint) + rest,
        ar1 * carried + ar2 * joint + ma1,
        ar2 * carried + ma1 * ma1 + 1,
    )
