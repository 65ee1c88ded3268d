"""Stage one for a batch: ridge and left-out folds as in `forecast.model.rhythm`, from moments of each fold.

The columns are shared by all series, so the products of columns over a fold are those of the whole fold without those
of the slots that a series lacks: most series lack few.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.inputs import Floats
from forecast.kernel.elimination import eliminate
from forecast.kernel.recursion import Places
from forecast.model.rhythm import FOLDS, PENALTIES

_AT_ONCE: Final = 64
"""Series worked on together: enough to hide what a call costs, few enough for a few megabytes."""

_SOLVED_AT_ONCE: Final = 112
"""Regressions solved together under all penalties: few enough for the cache."""


class Rhythms(NamedTuple):
    """The regressions of a batch; fields as in `forecast.model.rhythm.Rhythm`, with a first axis of series."""

    intercept: Floats
    coefficients: Floats
    penalty: Floats
    fitted_rmse: Floats
    left_out_rmse: Floats


class _Moments(NamedTuple):
    """Sums over known slots.

    Attributes:
        grams: Of the products of rows `(1, x)`, shape `(..., 1 + c, 1 + c)`.
        crosses: Of rows times values, shape `(..., 1 + c)`.
        squares: Of squared values, shape `(...)`.
    """

    grams: Floats
    crosses: Floats
    squares: Floats


class _Centred(NamedTuple):
    """Means and covariances that follow from moments.

    Attributes:
        mean: Of the columns, shape `(..., c)`.
        level: Mean of the values, shape `(...)`.
        covariance: Of the columns, shape `(..., c, c)`.
        cross: Covariance of columns and values, shape `(..., c)`.
    """

    mean: Floats
    level: Floats
    covariance: Floats
    cross: Floats


def fit_rhythms(values: Floats, design: Floats, day: int) -> Rhythms:
    """Fit the rhythm of each series.

    Args:
        values: Shape `(series, n)`, NaN for gaps; of each something is known where the design is whole.
        design: Shape `(n, columns)`; rows with NaN are left out.
        day: Rows of a day; days are counted back from the last row.
    """
    whole = np.asarray(np.isfinite(design).all(axis=1))
    centre, scale = design[whole].mean(axis=0), design[whole].std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    rows = np.column_stack((np.ones(len(design)), (design - centre) / scale))
    rows[~whole] = 0.0
    known = np.isfinite(values) & whole
    days = -(-(len(design) - known.argmax(axis=1)) // day)
    sizes = -(-days // FOLDS) * day
    fitted = np.empty((len(values), design.shape[1] + 4))
    for size in np.unique(sizes).tolist():
        alike = np.flatnonzero(sizes == size)
        fitted[alike] = _fit_alike(values[alike], known[alike], rows, int(size), centre / scale)
    coefficients = fitted[:, 4:] / scale
    return Rhythms(fitted[:, 0] - (coefficients * centre).sum(axis=1), coefficients, *fitted.T[1:4].copy())


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


def _fit_alike(values: Floats, known: NDArray[np.bool_], rows: Floats, size: int, offset: Floats) -> Floats:
    """Fit series whose folds have one size; shape `(series, 4 + c)`: intercept, the rest of `Rhythms`, coefficients."""
    span = slice(-FOLDS * size, None)
    cut = by_days(rows[span].T, size, 0.0).transpose(1, 2, 0).copy()
    products = np.matmul(cut.transpose(0, 2, 1), cut)
    fitted = []
    for start in range(0, len(values), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        there = by_days(known[part, span], size, 0.0)
        kept = by_days(np.where(known[part, span], values[part, span], 0.0), size, 0.0)
        fitted.append(_fit(_moments(there, kept, cut, products), offset))
    return np.concatenate(fitted)


def _moments(known: Floats, values: Floats, rows: Floats, products: Floats) -> _Moments:
    """Return the moments of each series and fold.

    Args:
        known: Shape `(series, folds, size)`, 1 or 0.
        values: Likewise, 0 in gaps.
        rows: Shape `(folds, size, 1 + c)`, 0 where a column is not known.
        products: Of these, summed over each fold.
    """
    grams = np.repeat(products[None], len(known), axis=0)
    series, fold, slot = np.nonzero((known == 0) & (rows[:, :, 0] != 0))
    for one in _one_of_each(series * len(rows) + fold):
        lacking = rows[fold[one], slot[one]]
        grams[series[one], fold[one]] -= lacking[:, :, None] * lacking[:, None, :]
    crosses = np.matmul(values[:, :, None, :], rows)[:, :, 0]
    return _Moments(grams, crosses, np.einsum("sft,sft->sf", values, values))


def _one_of_each(numbers: Places) -> list[Places]:
    """Return the places of the first of each number, of the second of each, and so on; the numbers rise."""
    first = np.flatnonzero(np.diff(numbers, prepend=-1))
    rank = np.arange(len(numbers)) - np.repeat(first, np.diff(first, append=len(numbers)))
    return np.split(np.argsort(rank, kind="stable"), np.cumsum(np.bincount(rank))[:-1])


def _fit(folds: _Moments, offset: Floats) -> Floats:
    """Fit series to moments of shape `(series, folds, ...)`."""
    scale = _scale(folds.grams.sum(axis=1), offset)
    folds = folds._replace(
        grams=folds.grams * scale[:, None, :, None] * scale[:, None, None, :], crosses=folds.crosses * scale[:, None]
    )
    total = _Moments(*(part.sum(axis=1) for part in folds))
    others = _Moments(*(whole[:, None] - part for whole, part in zip(total, folds, strict=True)))
    count, every = total.grams[:, 0, 0], _centred(total)
    left_out = _left_out(folds, _centred(others))
    best = left_out.argmin(axis=1)
    penalty = PENALTIES[best]
    chosen = np.where(np.isinf(penalty), 1.0, penalty)
    slopes = _slopes(every.covariance, every.cross, np.column_stack((chosen, chosen)))[:, :1]
    slopes[np.isinf(penalty)] = 0.0
    fitted, lost = _errors(total, every, slopes)[:, 0], left_out[np.arange(len(best)), best]
    intercept = every.level - (slopes[:, 0] * every.mean).sum(axis=1)
    rmse = (np.sqrt(np.maximum(0.0, squares / count)) for squares in (fitted, lost))
    return np.column_stack((intercept, penalty, *rmse, slopes[:, 0] * scale[:, 1:]))


def _scale(gram: Floats, offset: Floats) -> Floats:
    """Return what makes the mean square of each column 1; a column that does not change becomes 0."""
    centre = gram[:, 0, 1:] / gram[:, :1, 0]
    variance = np.diagonal(gram, axis1=1, axis2=2)[:, 1:] / gram[:, :1, 0] - centre * centre
    deviation = np.sqrt(np.maximum(variance, 0.0))
    used = deviation > 1e-9 * (1.0 + np.abs(centre + offset))
    return np.column_stack((np.ones(len(gram)), np.where(used, 1 / np.where(used, deviation, 1.0), 0.0)))


def _centred(moments: _Moments) -> _Centred:
    count = np.maximum(moments.grams[..., 0, 0], 1.0)[..., None]
    mean, level = moments.grams[..., 0, 1:] / count, moments.crosses[..., 0] / count[..., 0]
    covariance = moments.grams[..., 1:, 1:] / count[..., None] - mean[..., :, None] * mean[..., None, :]
    return _Centred(mean, level, covariance, moments.crosses[..., 1:] / count - mean * level[..., None])


def _left_out(folds: _Moments, others: _Centred) -> Floats:
    """Return the squared errors on left-out folds under each penalty; of one fold alone only the mean is learned."""
    s, f, c = others.cross.shape
    penalties = np.broadcast_to(PENALTIES[:-1], (s * f, len(PENALTIES) - 1))
    finite = _slopes(others.covariance.reshape(s * f, c, c), others.cross.reshape(s * f, c), penalties)
    slopes = np.concatenate((finite, np.zeros_like(finite[:, :1])), axis=1).reshape(s, f, len(PENALTIES), c)
    errors: Floats = _errors(folds, others, slopes).sum(axis=1)
    alone = (folds.grams[:, :, 0, 0] > 0).sum(axis=1) < 2
    errors[alone, :-1] = np.inf
    return errors


def _slopes(covariances: Floats, crosses: Floats, penalties: Floats) -> Floats:
    """Return the slopes of regressions under two or more penalties each.

    Args:
        covariances: Of the columns, shape `(m, c, c)`.
        crosses: Covariances of columns and values, shape `(m, c)`.
        penalties: Shape `(m, p)`.

    Returns:
        Shape `(m, p, c)`.
    """
    (m, c), p = crosses.shape, penalties.shape[1]
    slopes = np.empty((m, p, c))
    if not c:  # a mean alone
        return slopes
    for start in range(0, m, _SOLVED_AT_ONCE):
        part = slice(start, start + _SOLVED_AT_ONCE)
        left = np.repeat(covariances[part].transpose(1, 2, 0)[..., None], p, axis=-1)
        left[range(c), range(c)] += penalties[part]
        right = np.repeat(crosses[part].T[..., None], p, axis=-1)
        solved = eliminate(left.reshape(c, c, -1), right.reshape(c, -1))
        slopes[part] = solved.reshape(c, -1, p).transpose(1, 2, 0)
    return slopes


def _errors(judged: _Moments, behind: _Centred, slopes: Floats) -> Floats:
    """Return the squared errors, on the values behind some moments, of regressions on others."""
    count, level, mean = judged.grams[..., 0, 0], behind.level, behind.mean
    summed, crosses = judged.grams[..., 0, 1:], judged.crosses[..., 0]
    scatter = judged.squares - 2 * level * crosses + count * level * level
    cross = judged.crosses[..., 1:] - mean * crosses[..., None] - level[..., None] * (summed - count[..., None] * mean)
    both = summed[..., :, None] * mean[..., None, :]
    spread = judged.grams[..., 1:, 1:] - both - both.swapaxes(-1, -2)
    spread += count[..., None, None] * mean[..., :, None] * mean[..., None, :]
    explained = np.matmul(slopes, spread) - 2 * cross[..., None, :]
    errors: Floats = scatter[..., None] + (explained * slopes).sum(axis=-1)
    return errors
