"""What the rivals cost a series, and how far they were from the 48 hours that nobody had seen."""

import sys
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from bench.forecast import DAYS, SPECIFICATION, batched, design, herds
from bench.forecast_rivals import Forecaster, Rival, installed
from forecast.inputs import Floats
from forecast.kernel.batch import fit_and_forecast
from forecast.model.predicting import outlook_of
from forecast.specification import HORIZON

JUDGED_DAYS: Final = HORIZON // 96
WARM_UP: Final = 5 * 96
"""Values of a short history that is fitted first, so that imports and compilation are not counted."""


class Judged(NamedTuple):
    """One way to forecast.

    Attributes:
        name: What it is.
        cpu_ms: Processor time of a series, fit and forecast, in milliseconds.
        cpu_ratio: That in units of ours.
        rmse: Root of the mean squared error of all judged values.
        rmse_ratio: Mean over series of its RMSE to that of ours.
        rmse_ratio_error: Standard error of that mean; none for a single series.
    """

    name: str
    cpu_ms: float
    cpu_ratio: float
    rmse: float
    rmse_ratio: float
    rmse_ratio_error: float | None


def judge(sample: int, batch: int, seed: int, rivals: Sequence[Rival] | None = None) -> list[Judged]:
    """Let everybody forecast the first `sample` of `batch` series; ours does the whole batch, and stands first.

    Args:
        sample: Series that all forecast.
        batch: Series that ours forecasts at once; at least the sample.
        seed: Of what the animals do.
        rivals: Who else; by default all that are installed.
    """
    n, width = DAYS * 96, max(batch, sample)
    series = herds(width, np.random.default_rng(seed), shared_gaps=False, days=DAYS + JUDGED_DAYS)
    histories, truth = series[:, :n], series[:sample, n : n + HORIZON]
    columns = design()[: n + HORIZON]
    warm_up()
    started = time.process_time()
    means = fit_and_forecast(histories, columns, SPECIFICATION).bands.mean
    seconds = (time.process_time() - started) / width
    ours = truth - means[:sample]
    found = [_judged(f"our model, {width:,} series at once", (seconds, ours), (seconds, ours))]
    for rival in installed() if rivals is None else rivals:
        sys.stderr.write(f"{rival.name}: {sample} series\n")
        cost, forecasts = _each(rival.forecast, histories[:sample], columns)
        found.append(_judged(rival.name, (cost, truth - forecasts), (seconds, ours)))
    return found


def warm_up() -> None:
    """Fit our model in a batch and alone, so that neither imports nor first calls are counted."""
    some, columns = herds(8, np.random.default_rng(0), shared_gaps=True), design()
    batched(some, columns)
    outlook_of(some[0, : DAYS * 96], columns[: DAYS * 96 + HORIZON], SPECIFICATION)


def _each(forecast: Forecaster, histories: Floats, columns: Floats) -> tuple[float, Floats]:
    """Return the seconds of a series, and the means of all, brought into the bounds as ours are."""
    forecast(histories[0, -WARM_UP:], columns[histories.shape[1] - WARM_UP :])
    started = time.process_time()
    means = np.array([forecast(one, columns) for one in histories])
    seconds = (time.process_time() - started) / len(histories)
    return seconds, means if SPECIFICATION.bounds is None else np.clip(means, *SPECIFICATION.bounds)


def _judged(name: str, one: tuple[float, Floats], ours: tuple[float, Floats]) -> Judged:
    """Compare seconds and errors, NaN where the truth is not known, of shape `(series, horizon)`."""
    (seconds, errors), (our_seconds, our_errors) = one, ours
    by_series = np.sqrt(np.nanmean(errors**2, axis=1)) / np.sqrt(np.nanmean(our_errors**2, axis=1))
    several = len(by_series) > 1
    return Judged(
        name=name,
        cpu_ms=1000 * seconds,
        cpu_ratio=seconds / our_seconds,
        rmse=float(np.sqrt(np.nanmean(errors**2))),
        rmse_ratio=float(by_series.mean()),
        rmse_ratio_error=float(by_series.std(ddof=1)) / len(by_series) ** 0.5 if several else None,
    )
