"""A Kalman filter for wide sparse models with gaps: one pass over the levels at known parameters.

A season of 96 makes some 200 states. Their transition is a shift with a few coefficients, so that one step costs
the square of the states in sparse products, not the cube; and only the last state is kept, where statsmodels keeps one
covariance per observation (0.6 GB for three weeks). Products go through scipy's sparse loops, never BLAS.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import sparse

from forecast.cancelling import stop_if_cancelled
from forecast.inputs import Floats

_NOTHING: Final = 1e-9
"""What rounding leaves of a variance that was 1."""


@dataclass(frozen=True, slots=True, eq=False)
class StateSpace:
    """`y_t = Z a_t`, `a_{t+1} = T a_t + R e_t`, with `e_t` of variance 1 and one series.

    Attributes:
        transition: `T`, shape `(m, m)`, sparse.
        design: `Z`, shape `(m,)`.
        shock: `R`, shape `(m,)`.
        mean: Of the state before the first observation, shape `(m,)`.
        covariance: Of the same, shape `(m, m)`, in units of the shock's variance; large where nothing is known.
        diffuse: How many states, the first ones, nothing is known of: so many observations are spent on finding them.
    """

    transition: Any
    design: Floats
    shock: Floats
    mean: Floats
    covariance: Floats
    diffuse: int


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What is known of the state after the last observation, one step ahead.

    Attributes:
        mean: Shape `(m,)`.
        covariance: Shape `(m, m)`, in units of the shock's variance.
        shock_variance: The maximum likelihood estimate at these parameters.
        expected: Shape `(n,)`, what each observation, gaps included, was expected to be from those before it.
    """

    mean: Floats
    covariance: Floats
    shock_variance: float
    expected: Floats


def state_space_of(model: Any, parameters: Floats) -> StateSpace:
    """Take the matrices of a statsmodels SARIMAX with concentrated scale at some parameters."""
    model.update(parameters)
    mean, _, covariance = model.ssm.initialization(model=model.ssm)
    return StateSpace(
        transition=sparse.csr_array(model.ssm["transition"]),
        design=np.array(model.ssm["design"][0]),
        shock=np.array(model.ssm["selection"][:, 0]),
        mean=np.array(mean),
        covariance=np.array(covariance),
        diffuse=int(model.loglikelihood_burn),
    )


def filtered(space: StateSpace, values: Floats) -> State:
    """Run through a series; NaN is a gap, over which uncertainty grows.

    An observation that tells of a direction of the state of which nothing was known does not count for the shock's
    variance. Without gaps these are the first ones; with gaps among them others come later, which is why the covariance
    of what is not known at all is carried along (as in Durbin and Koopman, *Time Series Analysis by State Space
    Methods*, 2nd ed. 2012, section 5.2) until nothing is left of it.

    Raises:
        CancelledError: nobody waits for it any more.
    """
    mean, covariance = space.mean, space.covariance
    noise = np.outer(space.shock, space.shock)
    seen = np.flatnonzero(space.design)
    squares, count, expected = 0.0, 0, np.empty(len(values))
    left, unknown = space.diffuse, np.diag((np.arange(len(mean)) < space.diffuse).astype(np.float64))
    for at, value in enumerate(values):
        stop_if_cancelled()
        expected[at] = (mean[seen] * space.design[seen]).sum()
        if np.isfinite(value):
            gain = (covariance[:, seen] * space.design[seen]).sum(axis=1)
            variance = float((gain[seen] * space.design[seen]).sum())
            error = float(value - expected[at])
            mean = mean + gain * (error / variance)
            covariance = covariance - np.outer(gain, gain / variance)
            fresh = (unknown[:, seen] * space.design[seen]).sum(axis=1) if left else np.zeros(len(mean))
            news = float((fresh[seen] * space.design[seen]).sum())
            if news > _NOTHING:
                unknown, left = unknown - np.outer(fresh, fresh / news), left - 1
            else:
                squares, count = squares + error * error / variance, count + 1
        mean = space.transition @ mean
        covariance = space.transition @ (space.transition @ covariance).T + noise
        unknown = space.transition @ (space.transition @ unknown).T if left else unknown
    return State(mean, covariance, squares / max(count, 1), expected)


def ahead(space: StateSpace, state: State, horizon: int) -> tuple[Floats, Floats]:
    """Return mean and variance of the next values, each of shape `(horizon,)`."""
    mean, variance = np.empty(horizon), np.empty(horizon)
    weights, back = space.design, space.transition.T.tocsr()
    shocks = 0.0
    for step in range(horizon):
        mean[step] = (weights * state.mean).sum()
        variance[step] = (weights * (weights[:, None] * state.covariance).sum(axis=0)).sum() + shocks
        shocks += float((weights * space.shock).sum()) ** 2
        weights = back @ weights
    return mean, variance * state.shock_variance
