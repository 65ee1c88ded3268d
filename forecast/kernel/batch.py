"""Fit and forecast many series at once, each as `forecast.model.predicting.predict` would.

The guards, the fallbacks and the rare series whose search does not settle go through that module's own functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.inputs import Floats
from forecast.kernel.means import AT_ONCE, Means, fit_means
from forecast.kernel.recursion import NOWHERE, Arma, Places, State, run, stationary
from forecast.kernel.region import coefficients
from forecast.kernel.rhythms import by_days
from forecast.kernel.score import BLOCK
from forecast.kernel.search import LANES, search
from forecast.kernel.states import States, expected, joined
from forecast.model.bands import AS_FITTED, Bands, Calibration, banded, by_step
from forecast.model.fallback import sigma_floor
from forecast.model.predicting import ModelName, outlook_of, widening, within_bounds
from forecast.specification import Specification

CHUNK: Final = 1024
"""Series worked on at once: enough to hide what a call costs, few enough for a hundred megabytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Forecasts of `series` series; arrays have shape `(series, horizon)`, fields as in `Forecast` of one.

    Attributes:
        models: What made each.
        reasons: Why it was not the model that was asked for.
        sigma: Standard errors before calibration and clipping.
        bands: Means and bands as issued.
        parameters: Estimates by name.
        states: Of the series that the batch itself fitted.
        fitted: Which these are, rising.
    """

    models: list[ModelName]
    reasons: list[str]
    sigma: Floats
    bands: Bands
    parameters: list[dict[str, float]]
    states: States
    fitted: Places


def is_batched(specification: Specification) -> bool:
    """Tell whether this family has a batched form: harmonics with ARMA errors up to (2, 0, 1)."""
    p, _, q = specification.order
    return specification.is_harmonic and p <= 2 and q <= 1


def fit_and_forecast(
    histories: Floats,
    design: Floats,
    specification: Specification,
    calibrations: Sequence[Calibration] | None = None,
) -> Batch:
    """Fit every series and look ahead from the end of its history.

    Each series has the same bits whatever other series are in the batch and in whichever order.

    Args:
        histories: Shape `(series, n)`, NaN for gaps.
        design: Shape `(n + horizon, columns)`, whole in the horizon.
        specification: One for which `is_batched` holds; the history is taken as it is.
        calibrations: One for each series; none means as fitted.
    """
    series, n = histories.shape
    past, future = design[:n], design[n:]
    parts = [_fitted(histories, past, specification, at) for at in range(0, series, CHUNK)]
    states = joined([part.states for part in parts], design.shape[1], specification.steps_per_day)
    fitted = np.concatenate([NOWHERE, *(part.rows for part in parts)])
    models: list[ModelName] = ["harmonic_sarimax"] * series
    reasons = [""] * series
    parameters = dict(zip(fitted.tolist(), (found for part in parts for found in part.parameters), strict=True))
    mean, sigma = np.empty((2, series, len(future)))
    mean[fitted], sigma[fitted] = expected(states, future, specification)
    for row in np.setdiff1d(np.arange(series), fitted).tolist():
        values = _usable(histories[row], specification)
        models[row], reasons[row], found = outlook_of(values, design, specification)
        least = sigma_floor(values, specification) if models[row] != "none" else 0.0
        mean[row], sigma[row], parameters[row] = found.mean, np.maximum(found.sigma, least), found.parameters
    bands = bands_for(mean, sigma, calibrations, specification)
    return Batch(models, reasons, sigma, bands, [parameters[row] for row in range(series)], states, fitted)


def bands_for(
    mean: Floats, sigma: Floats, calibrations: Sequence[Calibration] | None, specification: Specification
) -> Bands:
    """Return the bands of each series, from means and standard errors of shape `(series, horizon)`."""
    steps = mean.shape[1]
    wanted = [AS_FITTED] * len(mean) if calibrations is None else calibrations
    distinct = {one: (by_step(one.factor80, steps), by_step(one.factor95, steps)) for one in set(wanted)}
    factors = np.array([distinct[one] for one in wanted]).reshape(-1, 2, steps)
    return banded(mean, sigma, factors[:, 0], factors[:, 1], specification.bounds)


class _Explained(NamedTuple):
    """What a chunk's series that can be fitted owe to time alone, the rows that these are, and their floors."""

    means: Means
    floor: Floats
    rows: Places


class _Part(NamedTuple):
    """What was fitted of a chunk: states, estimates by name, and the rows that these belong to."""

    states: States
    parameters: list[dict[str, float]]
    rows: Places


def _usable(histories: Floats, specification: Specification) -> Floats:
    return within_bounds(np.where(np.isfinite(histories), histories, np.nan), specification)


def _varied(values: Floats) -> NDArray[np.bool_]:
    """Tell which series have two values that differ."""
    low = np.fmin.reduce(values, axis=1, initial=np.inf)
    high = np.fmax.reduce(values, axis=1, initial=-np.inf)
    return np.asarray(low < high)


def _lived(values: Floats, whole: NDArray[np.bool_], specification: Specification) -> NDArray[np.bool_]:
    """Tell which series have days enough that are at least half known."""
    day = specification.steps_per_day
    known = by_days(np.isfinite(values) & whole, day, 0.0).sum(axis=2)
    return np.asarray((2 * known >= day).sum(axis=1) >= specification.least_days)


def _fitted(histories: Floats, design: Floats, specification: Specification, start: int) -> _Part:
    """Fit a chunk; what cannot be fitted, and what the search does not settle, is left out."""
    p, _, q = specification.order
    chunk = histories[start : start + CHUNK]
    parts = [
        (at, part)
        for at in range(0, len(chunk), AT_ONCE)
        if (part := _explained(chunk[at : at + AT_ONCE], design, specification)) is not None
    ]
    if not parts:
        return _Part(joined([], design.shape[1], specification.steps_per_day), [], np.empty(0, dtype=np.intp))
    rows = np.concatenate([at + part.rows for at, part in parts])
    count = len(rows)
    means = Means(*(np.concatenate(column) for column in zip(*(part.means for _, part in parts), strict=True)))
    padded = np.resize(np.arange(count), -(-count // LANES) * LANES)
    errors = np.ascontiguousarray(means.errors[padded].T)
    found = search(errors, (p >= 1, p >= 2, q >= 1))
    arma = coefficients(found.places)
    known, variance = _end(arma, errors)
    states = States(
        means.intercept,
        means.coefficients,
        means.profile,
        Arma(*(part[:count] for part in arma)),
        State(*(part[:count] for part in known)),
        variance[:count],
        widening(means.fitted_rmse, means.left_out_rmse),
        np.concatenate([part.floor for _, part in parts]),
    )
    kept = np.flatnonzero(found.settled[:count])
    named = _named(states, means.penalty, means.left_out_rmse, specification)
    return _Part(states.chosen(kept), [named[place] for place in kept], start + rows[kept])


def _explained(histories: Floats, design: Floats, specification: Specification) -> _Explained | None:
    """Fit the means of those of a few series that a model can be fitted to; `None` if it can be to none."""
    values = _usable(histories, specification)
    whole = np.asarray(np.isfinite(design).all(axis=1))
    rows = np.flatnonzero(_varied(values) & _lived(values, whole, specification))
    if not len(rows):
        return None
    floor = np.array([sigma_floor(values[row], specification) for row in rows])
    return _Explained(fit_means(values[rows], design, specification), floor, rows)


def _end(arma: Arma, errors: Floats) -> tuple[State, Floats]:
    """Return what is known after the last error, and the variance of a shock."""
    state, squares = stationary(arma), np.zeros(errors.shape[1])
    for start in range(0, len(errors), BLOCK):
        passed = run(arma, state, errors[start : start + BLOCK])
        state = passed.state
        squares += (passed.innovations * passed.innovations / passed.variances).sum(axis=0)
    return state, squares / np.isfinite(errors).sum(axis=0)


def _named(states: States, penalty: Floats, left_out: Floats, specification: Specification) -> list[dict[str, float]]:
    """Return the estimates under statsmodels' names, as the reference does."""
    p, _, q = specification.order
    names = [*(f"ar.L{lag + 1}" for lag in range(p)), *(f"ma.L{lag + 1}" for lag in range(q))]
    names += ["sigma2", "penalty", "left_out_rmse"]
    columns = (*states.arma[:p], *states.arma[2 : 2 + q], states.variance, penalty, left_out)
    return [dict(zip(names, row, strict=True)) for row in np.column_stack(columns).tolist()]
