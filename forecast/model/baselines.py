"""Four forecasts that cost nothing: what a model must beat to be worth its name.

Each is a function of the history alone and gives a value for every step as long as the history holds one value at all,
NaN otherwise. A slot of the day is counted in steps from the origin, so it follows UTC.
"""

from typing import Final

import numpy as np

from forecast.inputs import Floats

PROFILE_DAYS: Final = 14


def persistence(values: Floats, day: int, horizon: int) -> Floats:  # noqa: ARG001  # one signature for all four
    """Return the last known value at every step."""
    known = values[np.isfinite(values)]
    return np.full(horizon, known[-1] if len(known) else np.nan)


def constant_mean(values: Floats, day: int, horizon: int) -> Floats:  # noqa: ARG001  # one signature for all four
    """Return the mean of the history at every step."""
    known = values[np.isfinite(values)]
    return np.full(horizon, known.mean() if len(known) else np.nan)


def seasonal_naive(values: Floats, day: int, horizon: int) -> Floats:
    """Return the value at the same slot of the most recent day that has one; the mean for a slot that has none.

    Args:
        values: Shape `(n,)`, ending at the origin, NaN for gaps.
        day: Slots of a day.
        horizon: Steps.
    """
    days = by_day(values, day)
    known = np.isfinite(days)
    newest = len(days) - 1 - np.argmax(known[::-1], axis=0)
    return _repeated(days[newest, np.arange(day)], values, horizon)


def mean_profile(values: Floats, day: int, horizon: int) -> Floats:
    """Return the mean of the same slot over the last 14 days; the mean for a slot that has no value in them."""
    days = by_day(values, day)[-PROFILE_DAYS:]
    known = np.isfinite(days)
    count = known.sum(axis=0)
    total = np.where(known, days, 0.0).sum(axis=0)
    return _repeated(np.where(count > 0, total / np.maximum(count, 1), np.nan), values, horizon)


def combination(mean: Floats, profile: Floats) -> Floats:
    """Return the mean of a model's forecast and the profile of 14 days: a bar for models rather than a baseline."""
    middle: Floats = (mean + profile) / 2
    return middle


def by_day(values: Floats, day: int) -> Floats:
    """Cut a series into days that end at the origin, oldest first, padded with NaN; shape `(days, day)`."""
    whole = max(1, -(-len(values) // day)) * day
    return np.concatenate((np.full(whole - len(values), np.nan), values)).reshape(-1, day)


def _repeated(profile: Floats, values: Floats, horizon: int) -> Floats:
    steps = profile[np.arange(horizon) % len(profile)]
    return np.where(np.isfinite(steps), steps, constant_mean(values, len(profile), horizon))


BASELINES: Final = {
    "persistence": persistence,
    "mean": constant_mean,
    "seasonal_naive": seasonal_naive,
    "mean_14d": mean_profile,
}
"""The four by the names under which they are scored."""


def baselines_of(values: Floats, day: int, horizon: int) -> dict[str, Floats]:
    """Return the four baselines of a history, each of shape `(horizon,)`."""
    return {name: baseline(values, day, horizon) for name, baseline in BASELINES.items()}
