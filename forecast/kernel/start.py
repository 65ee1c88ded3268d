"""Where the search begins: the ARMA(2,1) that autocovariances alone say is best.

Whittle's likelihood (Arkiv for Matematik 2, 1953) of an ARMA(2,1) is a sum over autocovariances. Given the moving
average, the best autoregression solves the Yule-Walker equations of the series filtered by its inverse; so a look at
each of a few moving averages finds the best of all, and no valley is missed. A gap is a pair less.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecast.inputs import Floats
from forecast.kernel.recursion import Arma

LAGS: Final = 96
"""Of the autocovariances that are looked at; 0.95 to that power is nothing beside what they are wrong by."""

SPACING: Final = 0.1125
GRID: Final[Floats] = SPACING * np.arange(-16, 17, dtype=np.float64)
"""Moving averages that are tried, as inverse hyperbolic tangents: 0 and others to 0.947."""

_AT_ONCE: Final = 32
"""Series transformed together: they stay in the cache."""

_MOST: Final = 0.98
"""Autocovariances of a series with gaps need not be those of any process; partial ones are held to this."""


def first_guess(values: Floats, present: tuple[bool, bool, bool]) -> Arma:
    """Return coefficients near the best ones.

    Args:
        values: Shape `(n, m)`, NaN for gaps.
        present: Which of the three coefficients the model has; the others are 0.
    """
    covariances = _autocovariances(values)
    ma1 = np.zeros(values.shape[1])
    if present[2]:
        ma1 = np.tanh(_lowest(_loss(_filtered(covariances, np.tanh(GRID)), present)))
    ar1, ar2 = _autoregression(_filtered(covariances, ma1[:, None])[:, :, 0], present)
    return Arma(ar1, ar2, ma1)


def _autocovariances(values: Floats) -> Floats:
    """Return lags 0 to `LAGS`, shape `(m, LAGS + 1)`, over the pairs that are known."""
    rows = np.ascontiguousarray(values.T)
    parts = (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))
    sums = np.concatenate([_sums(np.nan_to_num(part)) for part in parts])
    return np.asarray(sums / np.maximum(_pairs(np.isfinite(rows)), 1))


def _pairs(known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many pairs are known at lags 0 to `LAGS`, shape `(m, LAGS + 1)`: slots are bits, 64 of them a word."""
    m, n = known.shape
    count = -(-n // 64)
    octets = np.zeros((m, 8 * (count + LAGS // 64 + 1)), dtype=np.uint8)
    octets[:, : -(-n // 8)] = np.packbits(known, axis=1, bitorder="little")
    words = octets.view("<u8").T.copy()
    pairs = np.empty((LAGS + 1, m), dtype=np.int64)
    for lag in range(LAGS + 1):
        skipped, shift = divmod(lag, 64)
        later = words[skipped : skipped + count] >> shift
        if shift:
            later |= words[skipped + 1 : skipped + count + 1] << (64 - shift)
        pairs[lag] = np.bitwise_count(later & words[:count]).sum(axis=0)
    return pairs.T


def _sums(rows: Floats) -> Floats:
    """Return the sums of products at lags 0 to `LAGS`, by way of the spectrum."""
    length = _convenient(rows.shape[1] + LAGS)
    spectrum = np.fft.rfft(rows, length)
    power = spectrum.real * spectrum.real + spectrum.imag * spectrum.imag
    sums: Floats = np.fft.irfft(power, length)[:, : LAGS + 1]
    return sums


def _convenient(least: int) -> int:
    """Return a length not much more than the least that a Fourier transform is fast for."""
    power = 1 << max(0, (least - 1).bit_length() - 5)
    return -(-least // power) * power


def _filtered(covariances: Floats, ma1: Floats) -> Floats:
    """Return autocovariances 0 to 2 of the series filtered by the inverse of `1 + ma1 B`.

    Args:
        covariances: Shape `(m, LAGS + 1)`.
        ma1: Shape `(g,)`, or `(m, g)` for others of each series.

    Returns:
        Shape `(m, 3, g)`.
    """
    powers = (-ma1)[..., None, :] ** np.arange(LAGS + 3)[:, None] / (1 - ma1 * ma1)[..., None, :]
    lags = np.arange(LAGS + 1)
    filtered = [
        np.matmul(
            covariances[:, None], powers[..., np.abs(lags - lag), :] + powers[..., lags + lag, :] * (lags > 0)[:, None]
        )
        for lag in range(3)
    ]
    return np.concatenate(filtered, axis=1)


def _autoregression(filtered: Floats, present: tuple[bool, bool, bool]) -> tuple[Floats, Floats]:
    """Solve the Yule-Walker equations of autocovariances of shape `(m, 3, ...)`."""
    c0, c1, c2 = np.moveaxis(filtered, 1, 0)
    first = np.clip(c1 / c0, -_MOST, _MOST) * present[0]
    second = np.clip((c2 - first * c1) / (c0 - first * c1), -_MOST, _MOST) * present[1]
    return first * (1 - second), second


def _loss(filtered: Floats, present: tuple[bool, bool, bool]) -> Floats:
    """Return the mean square of the shocks under the best autoregression, infinite where there can be none."""
    (ar1, ar2), (c0, c1, c2) = _autoregression(filtered, present), np.moveaxis(filtered, 1, 0)
    loss = c0 * (1 + ar1 * ar1 + ar2 * ar2) - 2 * (ar1 * (1 - ar2) * c1 + ar2 * c2)
    return np.where((c0 > 0) & (loss > 0), loss, np.inf)


def _lowest(loss: Floats) -> Floats:
    """Return where on the grid, and between its points, the loss is least; shape `(m,)`."""
    inner = np.clip(loss.argmin(axis=1), 1, len(GRID) - 2)
    before, here, after = (loss[np.arange(len(loss)), inner + step] for step in (-1, 0, 1))
    curved = np.isfinite(before) & np.isfinite(after) & (before + after > 2 * here)
    bend = np.where(curved, before + after - 2 * np.where(curved, here, 0.0), 1.0)
    beyond = np.where(curved, before, 0.0) - np.where(curved, after, 0.0)
    lowest: Floats = GRID[inner] + SPACING * np.clip(beyond / (2 * bend), -1.0, 1.0)
    return lowest
