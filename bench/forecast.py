"""What refitting, updating and forecasting a batch costs, without a database.

Simulated groups of 21 days, 1 % of values missing: the same slots in all series (the node was away) and others in each
(collars out of reach). CPU seconds of one process; nothing is written.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeVar

import numpy as np
from scipy.signal import lfilter

from forecast.inputs import Floats, History
from forecast.kernel.batch import Batch, bands_for, fit_and_forecast
from forecast.kernel.states import expected, update
from forecast.regressors.design import Site, design_of
from forecast.specification import HORIZON, Specification

DAYS: Final = 21
MISSING: Final = 0.01
SPECIFICATION: Final = Specification(regressors=("solar_elevation",))
SITE: Final = Site("Europe/Paris", 46.6, 0.3)

Result = TypeVar("Result")


class Cost(NamedTuple):
    """CPU seconds of a batch of series: refit with forecast, update by one value, forecast of 192 steps with bands."""

    refit: float
    update: float
    forecast: float


def herds(count: int, rng: np.random.Generator, *, shared_gaps: bool, days: int = DAYS) -> Floats:
    """Return shares of standing animals, shape `(count, days and a slot)`.

    Groups of 8 to 60, two bouts of activity a day of any strength, an AR(1) mood, binomial numbers, gaps.
    """
    length = days * 96 + 1
    hour = np.arange(length) % 96 / 4
    bouts = np.exp(-0.5 * ((hour - 7) / 1.5) ** 2) + np.exp(-0.5 * ((hour - 17) / 2) ** 2)
    rows = np.empty((count, length))
    away = rng.random(length) < MISSING
    for row in rows:
        mood = lfilter([1], [1, -rng.uniform(0.8, 0.97)], rng.normal(0, rng.uniform(0.06, 0.3), length))
        animals = rng.integers(8, 61)
        row[:] = rng.binomial(animals, 1 / (1 + np.exp(0.3 - rng.uniform(0, 2) * bouts - mood))) / animals
        row[away if shared_gaps else rng.random(length) < MISSING] = np.nan
    return rows


def design() -> Floats:
    """Return the columns of the history, one more slot, and the horizon."""
    empty = History(datetime(2026, 3, 20, tzinfo=UTC), timedelta(minutes=15), np.zeros(DAYS * 96))
    return design_of(empty, SPECIFICATION, horizon=HORIZON + 1, site=SITE)


def batched(values: Floats, columns: Floats) -> tuple[Cost, Batch]:
    """Refit, update and forecast a batch."""
    n = DAYS * 96
    refit, batch = timed(lambda: fit_and_forecast(values[:, :n], columns[: n + HORIZON], SPECIFICATION))
    newest = values[batch.fitted, n:]
    moving, states = timed(lambda: update(batch.states, newest, columns[n : n + 1], SPECIFICATION))
    ahead, _ = timed(lambda: bands_for(*expected(states, columns[n + 1 :], SPECIFICATION), None, SPECIFICATION))
    return Cost(refit, moving, ahead), batch


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Return the CPU seconds of some work, and its result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result
