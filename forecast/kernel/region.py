"""The stationary and invertible region of an ARMA(2,1), mapped to all of space so that a search cannot leave it.

Partial autocorrelations within (-1, 1) are the stationary models (Barndorff-Nielsen and Schou, Journal of
Multivariate Analysis 3, 1973); `r = x / sqrt(1 + x^2)` maps a line to that interval, as in statsmodels.
"""

from typing import Final

import numpy as np

from forecast.inputs import Floats
from forecast.kernel.recursion import Arma

_EDGE: Final = 0.98
"""No search begins farther out."""


def coefficients(places: Floats) -> Arma:
    """Return the coefficients at places of shape `(3, m)`: two partial autocorrelations and the moving average."""
    first, second, ma1 = places / np.sqrt(1 + places * places)
    return Arma(first * (1 - second), second, ma1)


def slopes(places: Floats) -> Floats:
    """Return the derivatives of the coefficients by the places, shape `(3, 3, m)`, coefficients first."""
    first, second, _ = places / np.sqrt(1 + places * places)
    by_first, by_second, by_ma1 = (1 + places * places) ** -1.5
    found = np.zeros((3, 3, places.shape[1]))
    found[0, 0], found[0, 1] = by_first * (1 - second), -first * by_second
    found[1, 1], found[2, 2] = by_second, by_ma1
    return found


def place_near(guess: Arma) -> Floats:
    """Return the place of coefficients, shape `(3, m)`, or one near by within the region."""
    second = np.clip(guess.ar2, -_EDGE, _EDGE)
    first = np.clip(guess.ar1 / (1 - second), -_EDGE, _EDGE)
    inside = np.array((first, second, np.clip(guess.ma1, -_EDGE, _EDGE)))
    places: Floats = inside / np.sqrt(1 - inside * inside)
    return places
