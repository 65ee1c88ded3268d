"""What refitting, updating and forecasting cost: `python -m bench.forecast [--series 1,100,1000] [--seed 1]`.

Simulated groups of 21 days, 1 % of values missing: the same slots in all series (the node was away) and others in each
(collars out of reach). CPU seconds of one process; in the same run plain statsmodels fits a sample of the same series,
one after another, since on a busy machine the ratio says more than the seconds. No database, nothing is written.
"""

import argparse
import os
import platform
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import Final, NamedTuple, TypeVar

import numpy as np
from scipy.signal import lfilter

from forecast.inputs import Floats, History
from forecast.kernel.batch import Batch, bands_for, fit_and_forecast
from forecast.kernel.states import expected, update
from forecast.model import outlook_of
from forecast.regressors import Site, design_of
from forecast.specification import HORIZON, Specification

DAYS: Final = 21
MISSING: Final = 0.01
SPECIFICATION: Final = Specification(regressors=("solar_elevation",))
SITE: Final = Site("Europe/Paris", 46.6, 0.3)
LIBRARIES: Final = ("numpy", "scipy", "statsmodels")

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


def one_by_one(values: Floats, columns: Floats, batch: Batch) -> tuple[float, Floats, Floats]:
    """Return what the reference costs a series, and how far its means and 95 % edges are from the batch's."""
    n = DAYS * 96
    reference = partial(outlook_of, design=columns[: n + HORIZON], specification=SPECIFICATION)
    reference(values[0, :n])  # imports are not counted
    seconds, outlooks = timed(lambda: [reference(series[:n])[2] for series in values])
    sigma = np.maximum([found.sigma for found in outlooks], 0.01)
    bands = bands_for(np.array([found.mean for found in outlooks]), sigma, None, SPECIFICATION)
    means, edges = (
        np.abs(getattr(bands, name) - getattr(batch.bands, name)[: len(values)]).max(axis=1)
        for name in ("mean", "upper95")
    )
    return seconds / len(values), means, edges


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Return the CPU seconds of some work, and its result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def main() -> None:
    """Print a line for each number of series, and the ratio to statsmodels."""
    arguments = _arguments()
    print(f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in LIBRARIES), SPECIFICATION)
    columns = design()
    batched(herds(8, np.random.default_rng(0), shared_gaps=True), columns)
    print("gaps        series   refit s   update s  forecast s  MB in all  load")
    for gaps in ("shared", "individual"):
        for count in arguments.series:
            values = herds(count, np.random.default_rng(arguments.seed), shared_gaps=gaps == "shared")
            cost, batch = batched(values, columns)
            figures = f"{cost.refit:9.3f}  {cost.update:9.4f}  {cost.forecast:10.4f}"
            print(f"{gaps:10} {count:7}  {figures}  {_megabytes():9.0f}  {os.getloadavg()[0]:4.1f}", flush=True)
        compare(gaps, values[: arguments.sample], columns, batch, cost.refit / count)


def compare(gaps: str, sample: Floats, columns: Floats, batch: Batch, batched_seconds: float) -> None:
    """Print the ratio to statsmodels in this run, and the differences."""
    seconds, *differences = one_by_one(sample, columns, batch)
    mean, edge = (f"{np.median(one):.1e}/{one.max():.1e}" for one in differences)
    print(
        f"{gaps:10} statsmodels {1000 * seconds:.0f} ms a series, batched {1000 * batched_seconds:.2f} ms,"
        f" ratio {seconds / batched_seconds:.0f}\n{gaps:10} largest difference over the horizon, median/worst"
        f" of {len(sample)} series: mean {mean}, 95 % edge {edge}"
    )


def _megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if platform.system() == "Darwin" else 1024)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--series", type=lambda text: [int(part) for part in text.split(",")], default=[1, 100, 1000])
    parser.add_argument("--sample", type=int, default=20, help="series that statsmodels fits too")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
