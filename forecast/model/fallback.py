"""What is issued when the model cannot be: simple means with honest widths."""

from typing import Final

import numpy as np

from forecast.inputs import Floats
from forecast.model.arma import Outlook
from forecast.model.baselines import PROFILE_DAYS, by_day, constant_mean, mean_profile
from forecast.specification import Specification

IGNORANCE: Final = 1 / np.sqrt(12)
"""Standard deviation of a uniform distribution over a range of 1: what we know of a value of which we know nothing."""


def known_days(values: Floats, day: int) -> int:
    """Return how many days, counted back from the origin, are at least half known."""
    return int((np.isfinite(by_day(values, day)).mean(axis=1) >= 0.5).sum())


def sigma_floor(values: Floats, specification: Specification) -> float:
    """Return the least standard error that is ever issued: a hundredth of the range of values.

    Without bounds the range is that of the history, or its size where it is constant.
    """
    if specification.bounds:
        return 0.01 * (specification.bounds[1] - specification.bounds[0])
    spread = float(np.nanmax(values) - np.nanmin(values))
    return 0.01 * (spread or abs(float(np.nanmax(values))) or 1.0)


def profile_outlook(values: Floats, specification: Specification, horizon: int) -> Outlook:
    """Return the mean profile of 14 days, as wide as its own days differ from it."""
    day = specification.steps_per_day
    days = by_day(values, day)[-PROFILE_DAYS:]
    known = np.isfinite(days)
    count = known.sum(axis=0)
    several = known & (count >= 2)
    if not several.any():
        return mean_outlook(values, specification, horizon)
    mean = np.where(known, days, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(several, (days - mean) ** 2, 0.0).sum(axis=0)
    freedom = np.where(count >= 2, count - 1, 0).sum()
    variance = squares.sum() / freedom * (1 + 1 / np.maximum(count, 1))
    sigma = np.sqrt(variance)[np.arange(horizon) % day]
    return Outlook(mean_profile(values, day, horizon), sigma, {})


def mean_outlook(values: Floats, specification: Specification, horizon: int) -> Outlook:
    """Return the mean of the history, as wide as the history; of less than a day, as wide as the bounds allow."""
    day = specification.steps_per_day
    known = values[np.isfinite(values)]
    sigma = float(known.std())
    if len(known) < day and specification.bounds:
        sigma = max(sigma, IGNORANCE * (specification.bounds[1] - specification.bounds[0]))
    return Outlook(constant_mean(values, day, horizon), np.full(horizon, sigma), {})
