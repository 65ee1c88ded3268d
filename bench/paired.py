"""Means and ratios over origins, and how sure they are: horizons overlap, and series of one herd share their days."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from forecast.inputs import Floats

Z95: Final = 1.96


class Estimate(NamedTuple):
    """A mean and its standard error, NaN where there is nothing to tell it from."""

    mean: float
    error: float


def mean_over_origins(batches: Sequence[Floats], lags: int) -> Estimate:
    """Return the mean over origins, with an error that allows for what neighbouring origins have in common.

    Series are averaged at each origin first, so that what they share there is no more than one observation. Newey and
    West (Econometrica 55, 1987), Bartlett weights; batches are taken as independent.

    Args:
        batches: Each of shape `(series, origins)`, origins evenly spaced, NaN where there is nothing to judge.
        lags: Distance in origins at which horizons no longer overlap.
    """
    known = [row for row in map(_averaged, batches) if len(row)]
    if not known:
        return Estimate(np.nan, np.nan)
    count = sum(map(len, known))
    mean = float(np.concatenate(known).mean())
    variance = sum(len(row) * max(0.0, _long_run_variance(row - mean, lags)) for row in known) / count**2
    return Estimate(mean, float(np.sqrt(variance)))


def ratio_over_origins(own: Sequence[Floats], others: Sequence[Floats], lags: int) -> Estimate:
    """Return the ratio of two root mean squares, and its standard error by the delta method.

    A mean of ratios from single origins would be led by those at which the other happened to be right.

    Args:
        own: Squared errors, see `mean_over_origins`.
        others: Those of the other from the same origins.
        lags: As there.
    """
    above, below = mean_over_origins(own, lags).mean, mean_over_origins(others, lags).mean
    if not below > 0:
        return Estimate(np.nan, np.nan)
    apart = [mine / above - other / below for mine, other in zip(own, others, strict=True)]
    ratio = float(np.sqrt(above / below))
    return Estimate(ratio, ratio / 2 * mean_over_origins(apart, lags).error)


def _averaged(batch: Floats) -> Floats:
    judged = np.isfinite(batch)
    some = judged.any(axis=0)
    averaged: Floats = np.where(judged, batch, 0.0).sum(axis=0)[some] / judged.sum(axis=0)[some]
    return averaged


def _long_run_variance(row: Floats, lags: int) -> float:
    total = float(row @ row)
    for lag in range(1, min(lags, len(row) - 1) + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(row[lag:] @ row[:-lag])
    return total / len(row)
