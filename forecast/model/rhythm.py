"""Stage one: the regression on the rhythm of the day, shrunk towards the mean where the rhythm is weak.

Least squares on a few weeks believes too much: on a group without a habit it draws one. So the coefficients of the
standardised columns carry a ridge penalty, and how much is decided by cross-validation over whole days: the penalty
under which the rest of the history foretells the days that were left out best, the mean alone being one candidate.
Whole days are left out because the errors are autocorrelated within the day; generalised cross-validation, which
assumes that they are not, would shrink far too little.
"""

from dataclasses import dataclass
from math import inf, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecast.inputs import Floats

FOLDS: Final = 7
"""Most parts of the history that are left out in turn: as many whole days each as it takes, counted back from the end.
Three days of 21 are as far from the rest as what is forecast is from the history."""

PENALTIES: Final[Floats] = np.append(np.geomspace(1e-4, 1e2, 13), np.inf)
"""Candidates: weights of the ridge penalty beside a mean square of 1 of each column; infinite keeps the mean only."""


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """The fitted regression.

    Attributes:
        intercept: Value where every column is 0.
        coefficients: Shape `(columns,)`, per unit of the column.
        penalty: The chosen one of `PENALTIES`; infinite means that the mean of the history foretells best.
        fitted_rmse: Root of the mean squared residual on the history.
        left_out_rmse: The same on days that the fit had not seen.
    """

    intercept: float
    coefficients: Floats
    penalty: float
    fitted_rmse: float
    left_out_rmse: float

    def at(self, design: Floats) -> Floats:
        """Return the mean for rows of columns, shape `(rows,)`; NaN where a column is not known."""
        mean: Floats = self.intercept + (design * self.coefficients).sum(axis=1)
        return mean


def fit_rhythm(values: Floats, design: Floats, day: int) -> Rhythm:
    """Regress values on columns with the penalty that foretells left-out days best.

    Every product is summed by `einsum`, not by BLAS, whose order of summation depends on its number of threads.

    Args:
        values: Shape `(n,)`; rows with NaN here or in the design are left out.
        design: Shape `(n, columns)`.
        day: Rows of a day; days are counted back from the last row.
    """
    known = np.isfinite(values) & np.isfinite(design).all(axis=1)
    folds, rows, y = _folds(known, day), design[known], values[known]
    centre, scale = rows.mean(axis=0), rows.std(axis=0)
    used = scale > 1e-9 * (1.0 + np.abs(centre))
    standard = np.column_stack((np.ones(len(y)), (rows[:, used] - centre[used]) / scale[used]))
    moments = _moments(folds, standard, y)
    errors = _left_out_errors(*moments)
    best = int(np.argmin(errors))
    gram, cross, squares = (total.sum(axis=0) for total in moments)
    theta = _solve(gram[None], cross[None])[0, best]
    coefficients = np.zeros(design.shape[1])
    coefficients[used] = theta[1:] / scale[used]
    return Rhythm(
        intercept=float(theta[0] - (coefficients * centre).sum()),
        coefficients=coefficients,
        penalty=float(PENALTIES[best]),
        fitted_rmse=sqrt(max(0.0, float(_errors(gram, cross, squares, theta)) / len(y))),
        left_out_rmse=sqrt(max(0.0, float(errors[best]) / len(y))),
    )


def _folds(known: NDArray[np.bool_], day: int) -> NDArray[np.int64]:
    """Return the fold of each known row: a number that rises with time."""
    ahead = np.arange(len(known)) - len(known)
    days = -(ahead[known][0] // day)
    return np.asarray(ahead[known] // (-(-days // FOLDS) * day))


def _moments(folds: NDArray[np.int64], rows: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return for each fold that has values: `X'X`, `X'y`, `y'y`."""
    found = [(rows[folds == fold], y[folds == fold]) for fold in np.unique(folds)]
    return (
        np.array([np.einsum("ij,ik->jk", x, x) for x, _ in found]),
        np.array([np.einsum("ij,i->j", x, z) for x, z in found]),
        np.array([np.einsum("i,i->", z, z) for _, z in found]),
    )


def _left_out_errors(grams: Floats, crosses: Floats, squares: Floats) -> Floats:
    """Return the sum of squared errors on left-out folds under each penalty; with one fold only the mean can win."""
    if len(grams) < 2:
        return np.where(np.isinf(PENALTIES), 0.0, inf) + _errors(
            grams[0], crosses[0], squares[0], _solve(grams, crosses)[0]
        )
    theta = _solve(grams.sum(axis=0) - grams, crosses.sum(axis=0) - crosses)
    errors: Floats = _errors(grams[:, None], crosses[:, None], squares[:, None], theta).sum(axis=0)
    return errors


def _errors(gram: Floats, cross: Floats, squares: Floats, theta: Floats) -> Floats:
    """Return `|y - X theta|^2` from the moments."""
    explained = np.einsum("...i,...ij,...j->...", theta, gram, theta)
    errors: Floats = squares - 2 * (theta * cross).sum(axis=-1) + explained
    return errors


def _solve(grams: Floats, crosses: Floats) -> Floats:
    """Return the intercept and coefficients of each regression under each penalty.

    Args:
        grams: Shape `(m, 1 + c, 1 + c)`, first row and column the intercept's.
        crosses: Shape `(m, 1 + c)`.

    Returns:
        Shape `(m, penalties, 1 + c)`.
    """
    count = grams[:, 0, 0]
    mean_x, mean_y = grams[:, 0, 1:] / count[:, None], crosses[:, 0] / count
    covariance = grams[:, 1:, 1:] / count[:, None, None] - mean_x[:, :, None] * mean_x[:, None, :]
    cross = crosses[:, 1:] / count[:, None] - mean_x * mean_y[:, None]
    size, axes = np.linalg.eigh(covariance)
    along = np.einsum("mij,mi->mj", axes, cross)
    kept = along[:, None, :] / (np.maximum(size, 0.0)[:, None, :] + PENALTIES[None, :, None])
    slopes = np.einsum("mij,mpj->mpi", axes, kept)
    intercept = mean_y[:, None] - np.einsum("mi,mpi->mp", mean_x, slopes)
    return np.concatenate((intercept[:, :, None], slopes), axis=2)
