"""One series, one origin, one forecast: the model where it can be fitted, a named fallback where not.

Same inputs, same forecast, bit for bit, on one machine with one set of versions: nothing here is random or reads
a clock; sums over the history go through NumPy's own loops and never through BLAS, whose order of summation depends
on its number of threads; the ARMA's state space has a handful of states, far below the size at which BLAS or LAPACK
start threads. Another processor or another NumPy may differ in the last digits. (With seasons of many steps statsmodels
multiplies matrices of a hundred rows, so there the number of BLAS threads must be the same too; a worker has one.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np

from forecast.cancelling import stop_if_cancelled
from forecast.inputs import Floats, History
from forecast.model.arma import NOT_KNOWN, FitError, Outlook, arma_outlook
from forecast.model.bands import AS_FITTED, Calibration, bands_of
from forecast.model.fallback import known_days, mean_outlook, profile_outlook, sigma_floor
from forecast.model.fingerprint import fingerprint
from forecast.model.habits import fit_habits, root_mean_square, slots_of
from forecast.model.rhythm import fit_rhythm
from forecast.model.seasonal import seasonal_outlook
from forecast.regressors.design import NO_COLUMNS, Site, design_of
from forecast.specification import HORIZON, Specification, SpecificationError

ModelName = Literal["harmonic_sarimax", "seasonal_sarimax", "mean_profile_14d", "constant_mean", "none"]

ANYWHERE: Final = Site()


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What is issued at an origin. Arrays have shape `(horizon,)`; step `h` (from 1) is item `h - 1`.

    Attributes:
        origin: UTC, end of the history; step h covers `[origin + (h - 1) step, origin + h step)`.
        step: Length of a step.
        model: What made it; `none` when not one value is known, with NaN in all arrays.
        reason: Why it was not the model that was asked for; empty when it was.
        mean: Expected value, clipped to the bounds.
        sigma: Standard error before calibration and clipping.
        lower80: Lower edge of the 80 % band.
        upper80: Upper edge of the 80 % band.
        lower95: Lower edge of the 95 % band.
        upper95: Upper edge of the 95 % band.
        parameters: Estimates by name.
        inputs: Fingerprint of history, regressors and specification.
    """

    origin: datetime
    step: timedelta
    model: ModelName
    reason: str
    mean: Floats
    sigma: Floats
    lower80: Floats
    upper80: Floats
    lower95: Floats
    upper95: Floats
    parameters: dict[str, float]
    inputs: str


def predict(
    history: History,
    specification: Specification,
    *,
    site: Site = ANYWHERE,
    columns: Mapping[str, Floats] = NO_COLUMNS,
    calibration: Calibration = AS_FITTED,
    known: Mapping[str, float] = NOT_KNOWN,
    horizon: int = HORIZON,
) -> Forecast:
    """Forecast a series from the end of its history.

    Args:
        history: The series up to the origin; only the last `specification.history` of it is looked at.
        specification: The model.
        site: Clock, place and daily events behind the regressors.
        columns: Further regressors by name, each of shape `(len(history) + horizon,)`.
        calibration: Factors on the widths of the bands.
        known: Parameters of the ARMA by name, of an earlier forecast, which are then not estimated again; the
            regression and the size of the errors always are.
        horizon: Steps to look ahead.

    Raises:
        SpecificationError: history and specification differ in step.
        RegressorError: a column is missing or not whole.
        CancelledError: it runs under `forecast.cancelling.cancellable`, and nobody waits for it any more.
    """
    stop_if_cancelled()
    if history.step != specification.step:
        raise SpecificationError(f"the series has steps of {history.step}, the model of {specification.step}")
    recent = history.last(specification.history)
    skipped = len(history) - len(recent)
    columns = {name: column[skipped:] for name, column in columns.items()}
    design = design_of(recent, specification, horizon=horizon, site=site, columns=columns)
    values = within_bounds(recent.values, specification)
    model, reason, found = outlook_of(values, design, specification, known)
    sigma = np.maximum(found.sigma, sigma_floor(values, specification)) if model != "none" else found.sigma
    return Forecast(
        origin=recent.origin,
        step=recent.step,
        model=model,
        reason=reason,
        sigma=sigma,
        parameters=found.parameters,
        inputs=fingerprint(recent, design, specification, calibration),
        **bands_of(found.mean, sigma, calibration, specification.bounds)._asdict(),
    )


def within_bounds(values: Floats, specification: Specification) -> Floats:
    """Return values no farther out than the bounds, so that an outlier is worth no more than these.

    Without bounds an outlier is what lies farther from the middle 90 % of the history than 3 times their range, which
    is 10 standard deviations of a normal distribution; a new level is one for the first twentieth of the history. Where
    these 90 % are equal nothing is an outlier.

    Args:
        values: Shape `(..., n)`, one history a row, NaN for gaps.
        specification: The bounds are its own.
    """
    if specification.bounds is not None:
        return np.clip(values, *specification.bounds)
    if not values.size:
        return values
    known = np.isfinite(values).any(axis=-1, keepdims=True)
    low, high = np.nanquantile(np.where(known, values, 0.0), (0.05, 0.95), axis=-1, keepdims=True)
    reach = np.where(high > low, 3.0 * (high - low), np.inf)
    return np.clip(values, low - reach, high + reach)


def outlook_of(
    values: Floats, design: Floats, specification: Specification, known: Mapping[str, float] = NOT_KNOWN
) -> tuple[ModelName, str, Outlook]:
    """Return the name of the best model that the history allows, why not the one asked for, and what it expects.

    Args:
        values: Shape `(n,)`, within the bounds, NaN for gaps.
        design: Shape `(n + horizon, columns)`.
        specification: The model.
        known: Parameters of the ARMA by name, which are then not estimated.
    """
    refusal = refusal_of(values, design[: len(values)], specification)
    if refusal:
        return _simple(values, specification, len(design) - len(values), refusal)
    try:
        if specification.is_harmonic:
            return "harmonic_sarimax", "", harmonic_outlook(values, design, specification, known)
        return "seasonal_sarimax", "", seasonal_outlook(values, design, specification, known)
    except FitError as error:
        return _simple(values, specification, len(design) - len(values), str(error))


def refusal_of(values: Floats, design: Floats, specification: Specification) -> str:
    """Return why no model can be fitted, or nothing."""
    usable = values[np.isfinite(values)]
    if not len(usable):
        return "no value is known"
    if np.ptp(usable) == 0.0:
        return "all values are equal"
    whole = np.where(np.isfinite(design).all(axis=1), values, np.nan)
    days = known_days(whole, specification.steps_per_day)
    if days < specification.least_days:
        needing = "harmonics of the week need" if specification.weekly_harmonics else "a model needs"
        return f"{days} days are at least half known, regressors included; {needing} {specification.least_days}"
    return ""


def _simple(values: Floats, specification: Specification, horizon: int, reason: str) -> tuple[ModelName, str, Outlook]:
    known = values[np.isfinite(values)]
    if not len(known):
        return "none", reason, Outlook(np.full(horizon, np.nan), np.full(horizon, np.nan), {})
    if np.ptp(known) == 0.0 or not known_days(values, specification.steps_per_day):
        return "constant_mean", reason, mean_outlook(values, specification, horizon)
    return "mean_profile_14d", reason, profile_outlook(values, specification, horizon)


def harmonic_outlook(
    values: Floats, design: Floats, specification: Specification, known: Mapping[str, float] = NOT_KNOWN
) -> Outlook:
    """Fit the rhythm, the habits that it does not draw, then a short ARMA on what they leave over.

    Args:
        values: Shape `(n,)`, NaN for gaps.
        design: Shape `(n + horizon, columns)`.
        specification: Its order, steps of a day and harmonics are used here.
        known: Parameters of the ARMA by name, which are then not estimated.

    Raises:
        FitError: the ARMA could not be fitted.
    """
    past = len(values)
    rhythm = fit_rhythm(values, design[:past], specification.steps_per_day)
    mean = rhythm.at(design)
    habits = fit_habits((values - mean[:past])[None], design[:past], specification)
    mean = mean + habits.profile[0, slots_of(design, specification)]
    left_out = rhythm.left_out_rmse * float(habits.left_over[0])
    errors = arma_outlook(values - mean[:past], specification.order, len(design) - past, known)
    wider = float(widening(root_mean_square((values - mean[:past])[None])[0], np.array(left_out)))
    found = errors.parameters | {"penalty": rhythm.penalty, "left_out_rmse": left_out}
    return Outlook(mean[past:] + errors.mean, errors.sigma * wider, found)


def widening(fitted_rmse: Floats, left_out_rmse: Floats) -> Floats:
    """Return how many times wider than the ARMA says a forecast is, at least 1; shapes alike.

    It is the ratio of the error on days that the rhythm had not seen to that on those it was fitted to.
    """
    ratio = left_out_rmse / np.where(fitted_rmse > 0, fitted_rmse, 1.0)
    return np.where(fitted_rmse > 0, np.maximum(1.0, ratio), 1.0)
