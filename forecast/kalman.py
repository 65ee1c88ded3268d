"""A Kalman filter for wide sparse models with gaps: one pass over the levels at known parameters.

A season of 96 makes some 200 states. Their transition is a shift with a few coefficients, so that one step costs
the square of the states in sparse products, not the cube; and only the last state is kept, where statsmodels keeps one
covariance per observation (0.6 GB for three weeks). Products go through scipy's sparse loops, never BLAS.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from forecast.cancelling import stop_if_cancelled
from forecast.inputs import Floats


@dataclass(frozen=True, slots=True, eq=False)
class StateSpace:
    """`y_t = Z a_t`, `a_{t+1} = T a_t + R e_t`, with `e_t` of variance 1 and one series.

    Attributes:
        transition: `T`, shape `(m, m)`, sparse.
        design: `Z`, shape `(m,)`.
        shock: `R`, shape `(m,)`.
        mean: Of the state before the first observation, shape `(m,)`.
        covariance: Of the same, shape `(m, m)`, in units of the shock's variance; large where nothing is known.
        diffuse: How many states nothing is known of: so many observations are spent on finding them.
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
    """

    mean: Floats
    covariance: Floats
    shock_variance: float


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

    The first observations, as many as there are diffuse states, tell the state but do not count for the shock's
    variance.

    Raises:
        CancelledError: nobody waits for it any more.
    """
    mean, covariance = space.mean, space.covariance
    noise = np.outer(space.shock, space.shock)
    seen = np.flatnonzero(space.design)
    squares, count = 0.0, -space.diffuse
    for value in values:
        stop_if_cancelled()
        if np.isfinite(value):
            gain = (covariance[:, seen] * space.design[seen]).sum(axis=1)
            variance = float((gain[seen] * space.design[seen]).sum())
            error = float(value - (mean[seen] * space.design[seen]).sum())
            mean = mean + gain * (error / variance)
            covariance = covariance - np.outer(gain, gain / variance)
            squares += error * error / variance if count >= 0 else 0.0
            count += 1
        mean = space.transition @ mean
        covariance = space.transition @ (space.transition @ covariance).T + noise
    return State(mean, covariance, squares / max(count, 1))


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
