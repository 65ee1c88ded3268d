"""Stage one for a batch: the same ridge and the same left-out days as `forecast.rhythm`, from moments of each day.

The columns are shared by all series, so what a day's products of columns sum to depends on which slots are known
alone. Series with the same gaps share these sums and their eigenvectors, which are most of the work.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.inputs import Floats
from forecast.rhythm import PENALTIES

_AT_ONCE: Final = 8
"""Series whose left-out days are worked on together."""


class Rhythms(NamedTuple):
    """The regressions of a batch; fields as in `forecast.rhythm.Rhythm`, with a first axis of series."""

    intercept: Floats
    coefficients: Floats
    penalty: Floats
    fitted_rmse: Floats
    left_out_rmse: Floats


class _Pattern(NamedTuple):
    """What follows from which slots are known; columns are standardised, and turned to the axes of each regression.

    There are `days + 1` regressions: one without each day, and last the one on all days.

    Attributes:
        change: Matrix that standardises a row `(1, x)`.
        behind: Values behind each regression, shape `(days + 1,)`.
        mean: Of the columns behind each regression, shape `(days + 1, c)`.
        axes: Eigenvectors of their covariance, shape `(days + 1, c, c)`.
        size: Its eigenvalues, shape `(days + 1, c)`.
        known: Values of each day, and last of all days, shape `(days + 1,)`.
        distance: Sum over those of a turned row's distance to the mean behind the regression, shape `(days + 1, c)`.
        spread: Sum of the same's products, shape `(days + 1, c, c)`.
    """

    change: Floats
    behind: Floats
    mean: Floats
    axes: Floats
    size: Floats
    known: Floats
    distance: Floats
    spread: Floats


def fit_rhythms(values: Floats, design: Floats, day: int) -> Rhythms:
    """Fit the rhythm of each series.

    Args:
        values: Shape `(series, n)`, NaN for gaps; each with at least two days of which something is known.
        design: Shape `(n, columns)`; rows with NaN are left out.
        day: Rows of a day; days are counted back from the last row.
    """
    whole = np.asarray(np.isfinite(design).all(axis=1))
    centre, scale = design[whole].mean(axis=0), design[whole].std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    standard = np.column_stack((np.ones(len(design)), np.where(whole[:, None], (design - centre) / scale, 0.0)))
    rows = by_days(standard.T, day, 0.0).transpose(1, 2, 0).copy()
    known = by_days(np.isfinite(values) & whole, day, 0.0)
    kept = by_days(np.where(np.isfinite(values) & whole, values, 0.0), day, 0.0)
    patterns, which = _patterns(known, rows, centre / scale)
    found = [
        _fit([patterns[index] for index in which[start : start + _AT_ONCE]], kept[start : start + _AT_ONCE], rows)
        for start in range(0, len(values), _AT_ONCE)
    ]
    fitted = Rhythms(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    coefficients = fitted.coefficients / scale
    intercept = fitted.intercept - (coefficients * centre).sum(axis=1)
    return fitted._replace(intercept=intercept, coefficients=coefficients)


def rhythms_at(intercept: Floats, coefficients: Floats, design: Floats, day: int) -> Floats:
    """Return the mean of each series for rows of columns, shape `(series, rows)`; NaN where a column is not known.

    A day's rows are multiplied at a time: so small a product has one order of summation, whatever the threads.
    """
    rows = by_days(design.T, day, 0.0).transpose(1, 2, 0).copy()
    products = np.matmul(rows, coefficients[:, None, :, None]).reshape(len(coefficients), rows.shape[0] * rows.shape[1])
    mean: Floats = intercept[:, None] + products[:, products.shape[1] - len(design) :]
    return mean


def by_days(rows: NDArray[np.float64] | NDArray[np.bool_], day: int, padding: float) -> Floats:
    """Cut the last axis into days that end where it ends, padded in front; shape `(len(rows), days, day)`."""
    days = -(-rows.shape[1] // day)
    front = np.full((len(rows), days * day - rows.shape[1]), padding)
    return np.concatenate((front, rows), axis=1).reshape(len(rows), days, day)


def _patterns(known: Floats, rows: Floats, offset: Floats) -> tuple[list[_Pattern], list[int]]:
    """Return what is shared by series with the same gaps, and which of these each series has."""
    numbers: dict[bytes, int] = {}
    patterns: list[_Pattern] = []
    which = []
    for one in known:
        key = np.packbits(one.astype(bool)).tobytes()
        if key not in numbers:
            numbers[key] = len(patterns)
            patterns.append(_pattern(one, rows, offset))
        which.append(numbers[key])
    return patterns, which


def _pattern(known: Floats, rows: Floats, offset: Floats) -> _Pattern:
    """Work on one pattern: `known` of shape `(days, day)`, `rows` of shape `(days, day, 1 + c)`."""
    raw = np.matmul((rows * known[:, :, None]).transpose(0, 2, 1), rows)
    change = _standardising(raw.sum(axis=0), offset)
    judged = np.matmul(np.matmul(change, raw), change.T)
    total = judged.sum(axis=0)
    fitted = np.concatenate((total - judged, total[None]))
    judged = np.concatenate((judged, total[None]))
    count, mean = fitted[:, 0, 0], fitted[:, 0, 1:] / fitted[:, 0, :1]
    size, axes = np.linalg.eigh(_centred(fitted, mean) / count[:, None, None])
    distance = judged[:, 0, 1:] - judged[:, 0, :1] * mean
    turned = np.matmul(distance[:, None, :], axes)[:, 0]
    spread = np.matmul(np.matmul(axes.swapaxes(1, 2), _centred(judged, mean)), axes)
    return _Pattern(change, count, mean, axes, np.maximum(size, 0.0), judged[:, 0, 0], turned, spread)


def _standardising(gram: Floats, offset: Floats) -> Floats:
    """Return the matrix that standardises a row `(1, x)`; a column that does not change becomes 0."""
    centre = gram[0, 1:] / gram[0, 0]
    deviation = np.sqrt(np.maximum(np.diagonal(gram)[1:] / gram[0, 0] - centre * centre, 0.0))
    used = deviation > 1e-9 * (1.0 + np.abs(centre + offset))
    change = np.diag(np.concatenate(([1.0], np.where(used, 1 / np.where(used, deviation, 1.0), 0.0))))
    change[1:, 0] = -centre * np.diagonal(change)[1:]
    return change


def _centred(grams: Floats, mean: Floats) -> Floats:
    """Return the products of distances to a mean from those of rows `(1, x)`."""
    cross = grams[:, 0, 1:, None] * mean[:, None, :]
    centred: Floats = (
        grams[:, 1:, 1:]
        - cross
        - cross.swapaxes(1, 2)
        + grams[:, 0, 0, None, None] * mean[:, :, None] * mean[:, None, :]
    )
    return centred


def _fit(patterns: list[_Pattern], values: Floats, rows: Floats) -> Rhythms:
    """Fit series of patterns, `values` of shape `(series, days, day)` with 0 in gaps, to standardised columns."""
    of = _Pattern(*(np.array(parts) for parts in zip(*patterns, strict=True)))
    cross = np.matmul(values[:, :, None, :], rows)[:, :, 0]
    cross = np.matmul(of.change[:, None], cross[..., None])[..., 0]
    squares = np.einsum("sdt,sdt->sd", values, values)
    total = cross.sum(axis=1)[:, None]
    fitted = np.concatenate((total - cross, total), axis=1)
    judged = np.concatenate((cross, total), axis=1)
    level = fitted[..., :1] / of.behind[..., None]
    along = _turned(fitted[..., 1:] - of.mean * fitted[..., :1], of.axes) / of.behind[..., None]
    errors = _turned(judged[..., 1:] - of.mean * judged[..., :1], of.axes) - level * of.distance
    scatter = np.concatenate((squares, squares.sum(axis=1)[:, None]), axis=1)[..., None]
    scatter = scatter - 2 * level * judged[..., :1] + of.known[..., None] * level * level
    slopes = along[:, :, None, :] / (of.size[:, :, None, :] + PENALTIES[:, None])
    explained = np.matmul(slopes, of.spread)
    explained -= 2 * errors[:, :, None, :]
    explained *= slopes
    lost = scatter + explained.sum(axis=-1)
    left_out, every = lost[:, :-1].sum(axis=1), np.arange(len(lost))
    best = left_out.argmin(axis=1)
    chosen = np.matmul(of.axes[:, -1], slopes[every, -1, best][:, :, None])[:, :, 0]
    intercept = level[:, -1, 0] - (chosen * of.mean[:, -1]).sum(axis=1)
    return Rhythms(
        intercept=intercept + (chosen * of.change[:, 1:, 0]).sum(axis=1),
        coefficients=chosen * np.diagonal(of.change, axis1=1, axis2=2)[:, 1:],
        penalty=PENALTIES[best],
        fitted_rmse=np.sqrt(np.maximum(0.0, lost[every, -1, best] / of.known[:, -1])),
        left_out_rmse=np.sqrt(np.maximum(0.0, left_out[every, best] / of.known[:, -1])),
    )


def _turned(vectors: Floats, axes: Floats) -> Floats:
    turned: Floats = np.matmul(vectors[..., None, :], axes)[..., 0, :]
    return turned
