"""How good forecasts were: sums that merge, and the figures that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import nan, sqrt

import numpy as np

from forecast.inputs import Floats
from forecast.model.bands import HORIZON_BANDS
from forecast.model.predicting import Forecast


@dataclass(frozen=True, slots=True)
class ErrorSums:
    """Sums over targets whose truth is known; the sum of two is that of both.

    Attributes:
        count: Targets.
        squared: Sum of squared errors.
        absolute: Sum of absolute errors.
        signed: Sum of errors, forecast minus truth.
        banded: Targets that had bands.
        covered80: Of these, truths within the 80 % band, edges included.
        covered95: Of these, truths within the 95 % band, edges included.
    """

    count: int = 0
    squared: float = 0.0
    absolute: float = 0.0
    signed: float = 0.0
    banded: int = 0
    covered80: int = 0
    covered95: int = 0

    def __add__(self, other: "ErrorSums") -> "ErrorSums":
        return ErrorSums(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def rmse(self) -> float:
        """Root of the mean squared error; NaN without targets, like all of these."""
        return sqrt(self.squared / self.count) if self.count else nan

    @property
    def mae(self) -> float:
        """Mean absolute error."""
        return self.absolute / self.count if self.count else nan

    @property
    def bias(self) -> float:
        """Mean error; positive when the forecast was too high."""
        return self.signed / self.count if self.count else nan

    @property
    def coverage80(self) -> float:
        """Share of truths within the 80 % band, 0 to 1."""
        return self.covered80 / self.banded if self.banded else nan

    @property
    def coverage95(self) -> float:
        """Share of truths within the 95 % band, 0 to 1."""
        return self.covered95 / self.banded if self.banded else nan


def interval_score(truth: Floats, low: Floats, high: Floats, share: float) -> Floats:
    """Return how bad bands were: as wide as they are, and `2 / (1 - share)` times what the truth lay outside.

    A band that is narrower without missing more is better, and none is better than the true quantiles: Winkler (1972);
    Gneiting & Raftery (2007), equation 43. Arrays have one shape; NaN where anything is not known.

    Args:
        truth: What came.
        low: Lower edges.
        high: Upper edges.
        share: Of truths that the band is to cover, such as 0.8.
    """
    outside = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
    score: Floats = high - low + 2 / (1 - share) * outside
    return score


Scores = dict[tuple[str, str], ErrorSums]
"""Sums by model (`model` or a baseline's name) and horizon band."""


def score(forecast: Forecast, baselines: Mapping[str, Floats], truth: Floats) -> Scores:
    """Score a forecast and its baselines by horizon band.

    Args:
        forecast: As issued.
        baselines: Means of shape `(horizon,)` by name.
        truth: Shape `(m,)`, what has come true of the first m steps, m up to the horizon; NaN is skipped.
    """
    known = len(truth)
    bands = [getattr(forecast, name)[:known] for name in ("lower80", "upper80", "lower95", "upper95")]
    scores = {}
    for name, first, last in HORIZON_BANDS:
        steps = slice(first - 1, last)
        scores["model", name] = sums_of(forecast.mean[:known][steps], truth[steps], *(edge[steps] for edge in bands))
        for baseline, mean in baselines.items():
            scores[baseline, name] = sums_of(mean[:known][steps], truth[steps])
    return scores


def merged(left: Scores, right: Scores) -> Scores:
    """Add scores key by key."""
    return {key: left.get(key, ErrorSums()) + right.get(key, ErrorSums()) for key in {**left, **right}}


def sums_of(mean: Floats, truth: Floats, *edges: Floats) -> ErrorSums:
    """Sum the errors of a mean and, with four edges (80 % low, high, 95 % low, high), what the bands are worth.

    Targets without truth or without forecast are skipped.
    """
    known = np.isfinite(truth) & np.isfinite(mean)
    error = (mean - truth)[known]
    bands = zip(edges[::2], edges[1::2], strict=True)
    inside = [int(((low <= truth) & (truth <= high))[known].sum()) for low, high in bands]
    return ErrorSums(
        len(error),
        float((error**2).sum()),
        float(np.abs(error).sum()),
        float(error.sum()),
        len(error) if edges else 0,
        *inside,
    )
