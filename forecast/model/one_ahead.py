"""A series foretold one step at a time, with parameters that are known: no value is read before its step is foretold.

What follows from time alone, the rhythm and the habits, is estimated from what lies before a block of a day; within
the block the ARMA passes from value to value. Where no model can be fitted yet, simple means of what lies before stand
in, and where nothing does, the middle of the bounds.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.cancelling import stop_if_cancelled
from forecast.inputs import Floats
from forecast.model.arma import FitError, parameters_of
from forecast.model.baselines import constant_mean, mean_profile
from forecast.model.fallback import known_days
from forecast.model.habits import fit_habits, slots_of
from forecast.model.predicting import refusal_of, within_bounds
from forecast.model.rhythm import fit_rhythm
from forecast.model.seasonal import seasonal_one_ahead
from forecast.specification import Specification


class OneAhead(NamedTuple):
    """What each value was expected to be from those before it.

    Attributes:
        mean: Shape `(n - first,)`, within the bounds; NaN only where nothing is known and there are no bounds.
        by_model: Of the same shape: whether the model foretold it, or a simple mean.
    """

    mean: Floats
    by_model: NDArray[np.bool_]


def one_ahead(
    values: Floats, design: Floats, specification: Specification, known: Mapping[str, float], first: int
) -> OneAhead:
    """Foretell each value from a place on from all that lies before it.

    Values behind the last one that is known are gaps: they are foretold as many steps ahead as they lie behind it.

    Args:
        values: Shape `(n,)`, NaN for gaps.
        design: Shape `(n, columns)`, whole from `first` on.
        specification: The model.
        known: Parameters of its ARMA by name; with none they are estimated from what lies before.
        first: The first place that is foretold.

    Raises:
        CancelledError: it runs under `forecast.cancelling.cancellable`, and nobody waits for it any more.
    """
    # without bounds what is an outlier would follow from all values, those to come included
    bounded = within_bounds(values, specification) if specification.bounds else values
    mean, by_model = np.empty(len(values) - first), np.zeros(len(values) - first, dtype=np.bool_)
    at = first
    while at < len(values):
        stop_if_cancelled()
        end = min(len(values), at + specification.steps_per_day)
        start = max(0, at - specification.history // specification.step)
        if not refusal_of(bounded[start:at], design[start:at], specification):
            if not specification.is_harmonic:
                end = len(values)  # its regression is dear: one serves what is left
            try:
                made = _by_model(bounded[start:end], design[start:end], specification, known, at - start)
            except FitError:
                end = min(end, at + specification.steps_per_day)
            else:
                mean[at - first : end - first], by_model[at - first : end - first] = made, True
                at = end
                continue
        mean[at - first : end - first] = [_simple(bounded[start:place], specification) for place in range(at, end)]
        at = end
    return OneAhead(np.clip(mean, *specification.bounds) if specification.bounds else mean, by_model)


def _by_model(
    values: Floats, design: Floats, specification: Specification, known: Mapping[str, float], first: int
) -> Floats:
    if not specification.is_harmonic:
        return seasonal_one_ahead(values, design, specification, known, first)
    from statsmodels.tsa.statespace.sarimax import SARIMAX  # noqa: PLC0415  # a second that only forecasts should pay

    rhythm = fit_rhythm(values[:first], design[:first], specification.steps_per_day)
    level = rhythm.at(design)
    habits = fit_habits((values - level)[None, :first], design[:first], specification)
    level = level + habits.profile[0, slots_of(design, specification)]
    model = SARIMAX(values - level, order=specification.order, trend="n", concentrate_scale=True)
    learnt = SARIMAX((values - level)[:first], order=specification.order, trend="n", concentrate_scale=True)
    passed = model.filter(parameters_of(learnt, known), cov_type="none")
    expected: Floats = (level + passed.forecasts[0])[first:]
    if not np.isfinite(expected).all():
        raise FitError("the fitted model foretells values that are not finite")
    return expected


def _simple(past: Floats, specification: Specification) -> float:
    """Return the mean of a time of day over 14 days, of all that is known, or of what is possible."""
    day = specification.steps_per_day
    if np.isfinite(past).any():
        simple = mean_profile if known_days(past, day) else constant_mean
        return float(simple(past, day, 1)[0])
    return sum(specification.bounds) / 2 if specification.bounds else np.nan
