"""How long models take, told before anything slow is begun or even loaded: counted, times the pace of this machine.

Costs are seconds of a processor on which the loop of `pace` takes `REFERENCE_S`. What a likelihood costs was measured
through statsmodels over 1 to 194 states and 500 to 2,000 steps, and what is counted fits that to a third.
"""

import os
import sys
import time
from typing import Final

import numpy as np

from forecast.specification import Specification

ITERATIONS: Final = 40
"""Of a search: 4 to 99 were counted over orders and series. Each takes a likelihood, and one more for each parameter,
from whose differences the slope is taken."""

LOADING: Final = {"statsmodels": 4.0, "matplotlib": 2.0, "mlflow": 4.0}
"""What a process pays for a library once."""

PLOT: Final = 0.8
"""What the picture of a training costs, its library loaded."""

LOG: Final = 3.0
"""What MLflow costs for a training, loaded: a run, a model and a version."""

REFERENCE_S: Final = 0.023

_ROUNDS: Final = 2000


def likelihood_cost(steps: int, specification: Specification) -> float:
    """Return what one likelihood costs: a little for each step, the square of the states at each, their cube once.

    Args:
        steps: Of the history.
        specification: Its orders count; what is differenced is done before.
    """
    (p, _, q), (seasonal_p, _, seasonal_q, season) = specification.order, specification.seasonal_order
    states = max(p + seasonal_p * season, q + seasonal_q * season + 1)
    return 0.8e-3 + steps * (1.7e-6 + 5.5e-9 * states**2) + 23e-9 * states**3


def evaluations(specification: Specification) -> int:
    """Return how many likelihoods a search takes."""
    (p, _, q), (seasonal_p, _, seasonal_q, _) = specification.order, specification.seasonal_order
    parameters = p + q + seasonal_p + seasonal_q
    return ITERATIONS * (parameters + 1) if parameters else 1


def fit_cost(steps: int, specification: Specification) -> float:
    """Return what fitting and forecasting cost: regression, search, and of a seasonal model a pass over the levels."""
    search = evaluations(specification) * likelihood_cost(steps, specification)
    levels = 0.0 if specification.is_harmonic else steps * (1e-4 + 1e-8 * specification.states**2)
    return 0.02 + search + levels


def batch_cost(steps: int) -> float:
    """Return what the batched kernel costs for a single series."""
    return 0.03 + 20e-6 * steps


def loading_cost(*libraries: str) -> float:
    """Return what it costs to load those of these libraries that this process has not loaded yet."""
    return sum(LOADING[name] for name in libraries if name not in sys.modules)


def pace() -> float:
    """Return how many seconds pass here and now for one second of the reference; a busy machine has fewer to give."""
    numbers, found = np.ones(96), 0.0
    started, worked = time.perf_counter(), time.process_time()
    for turn in range(_ROUNDS):
        found += float((numbers * numbers).sum()) + turn % 7
    passed, worked = time.perf_counter() - started, time.process_time() - worked
    return max(passed, worked * _queue()) / REFERENCE_S


def _queue() -> float:
    """Return how many want each processor, at least 1: who works long waits his turn, though a short loop may not."""
    waiting = os.getloadavg()[0] if hasattr(os, "getloadavg") else 1.0
    return max(1.0, waiting / (os.cpu_count() or 1))
