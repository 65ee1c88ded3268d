"""From a mean and a standard error to what is issued: bands of 80 and 95 %, calibrated, then clipped, in that order.

Scaling bounds that were already clipped would move those that the limits of the ratio had set, and leave a band that
covers less than it says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from forecast.inputs import Floats


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


def calibration_of(standardised: Floats, least: int = 100) -> Calibration:
    """Return the factors under which bands would have covered 80 and 95 % of past errors.

    Args:
        standardised: Shape `(origins, horizon)`, error over sigma of forecasts that have come true; NaN is left out.
        least: Errors that a band needs; with fewer its factors stay 1.
    """
    sizes = [np.abs(standardised[:, band.steps]) for band in HORIZON_BANDS]
    known = [size[np.isfinite(size)] for size in sizes]
    return Calibration(
        *(tuple(_factor(size, share, z, least) for size in known) for share, z in ((0.8, Z80), (0.95, Z95)))
    )


def _factor(sizes: Floats, share: float, z: float, least: int) -> float:
    return float(np.quantile(sizes, share)) / z if len(sizes) >= least else 1.0


def by_step(factors: Sequence[float], horizon: int) -> Floats:
    """Spread a factor per band over the steps, shape `(horizon,)`; steps beyond the last band take its factor."""
    bands = [min(step, HORIZON_BANDS[-1].last) for step in range(1, horizon + 1)]
    index = np.searchsorted([band.last for band in HORIZON_BANDS], bands)
    return np.asarray(factors)[index]
