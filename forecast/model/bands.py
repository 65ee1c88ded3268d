"""From a mean and a standard error to what is issued: bands of 80 and 95 %, calibrated, then clipped, in that order.

Scaling bounds that were already clipped would move those that the limits of the ratio had set, and leave a band that
covers less than it says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from forecast.inputs import Floats, Seconds


class HorizonBand(NamedTuple):
    """Steps of the horizon that are judged together.

    Attributes:
        name: As it is printed and stored, `1-4`.
        first: First step, counted from 1 (inclusive).
        last: Last step (inclusive).
    """

    name: str
    first: int
    last: int

    @property
    def steps(self) -> slice:
        """The band's part of an array over the horizon."""
        return slice(self.first - 1, self.last)


HORIZON_BANDS: Final = (
    HorizonBand("1-4", 1, 4),
    HorizonBand("5-24", 5, 24),
    HorizonBand("25-96", 25, 96),
    HorizonBand("97-192", 97, 192),
)

Z80: Final = NormalDist().inv_cdf(0.9)
Z95: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How many times wider than the model says the bands are, one factor for each of `HORIZON_BANDS`."""

    factor80: tuple[float, ...] = (1.0,) * len(HORIZON_BANDS)
    factor95: tuple[float, ...] = (1.0,) * len(HORIZON_BANDS)


AS_FITTED: Final = Calibration()

LEAST: Final = 20.0
"""Independent errors without which a band stays as fitted: with fewer none of them is as rare as 5 %."""

EXTREMES: Final = (0.5, 4.0)
"""Factors beyond these are not believed: a calm fortnight is no promise, and a wild one no measure."""


class Bands(NamedTuple):
    """Mean and bounds after clipping, each of shape `(horizon,)`; the 80 % band lies within the 95 % band."""

    mean: Floats
    lower80: Floats
    upper80: Floats
    lower95: Floats
    upper95: Floats


def bands_of(mean: Floats, sigma: Floats, calibration: Calibration, bounds: tuple[float, float] | None) -> Bands:
    """Return the bands around a mean: scaled, nested, clipped."""
    steps = len(mean)
    return banded(mean, sigma, by_step(calibration.factor80, steps), by_step(calibration.factor95, steps), bounds)


def banded(
    mean: Floats, sigma: Floats, factor80: Floats, factor95: Floats, bounds: tuple[float, float] | None
) -> Bands:
    """Return the bands of arrays of any one shape, the factors given for each step."""
    half80 = Z80 * sigma * factor80
    half95 = np.maximum(half80, Z95 * sigma * factor95)
    lines = (mean, mean - half80, mean + half80, mean - half95, mean + half95)
    return Bands(*(lines if bounds is None else (np.clip(line, *bounds) for line in lines)))


def calibration_of(sizes: Floats, origins: Seconds) -> Calibration:
    """Return the factors under which bands would have covered 80 and 95 % of past errors, and will of the next.

    Split conformal prediction (Lei and others, JASA 113, 2018): of n past errors the next one is below the
    `(1 + 1/n) share` quantile with the probability `share`. Errors of one target from several origins are much the
    same, and those of neighbouring targets half so: n counts half of the targets.

    Args:
        sizes: Shape `(origins, horizon)`, error over standard error of forecasts that have come true; NaN is left out.
        origins: Shape `(origins,)`, slot at which each forecast begins.
    """
    targets = origins[:, None] + np.arange(sizes.shape[1])
    factors = [_factors(sizes[:, band.steps], targets[:, band.steps]) for band in HORIZON_BANDS]
    return Calibration(tuple(at80 for at80, _ in factors), tuple(at95 for _, at95 in factors))


def _factors(sizes: Floats, targets: Seconds) -> tuple[float, float]:
    known = np.isfinite(sizes)
    n = len(np.unique(targets[known])) / 2
    if n < LEAST:
        return 1.0, 1.0
    at80, at95 = np.quantile(sizes[known], [0.8 * (1 + 1 / n), 0.95 * (1 + 1 / n)])
    return float(np.clip(at80 / Z80, *EXTREMES)), float(np.clip(at95 / Z95, *EXTREMES))


def by_step(factors: Sequence[float], horizon: int) -> Floats:
    """Spread a factor per band over the steps, shape `(horizon,)`; steps beyond the last band take its factor."""
    bands = [min(step, HORIZON_BANDS[-1].last) for step in range(1, horizon + 1)]
    index = np.searchsorted([band.last for band in HORIZON_BANDS], bands)
    return np.asarray(factors)[index]
