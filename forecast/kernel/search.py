"""The most likely ARMA of each series in a batch, by Fisher's scoring: steps from the score over the information.

What both are stands in `forecast.kernel.score`. A step that makes things worse is damped, as Levenberg and Marquardt
do; a series whose steps do not settle is left to the reference.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.inputs import Floats
from forecast.kernel.recursion import Places
from forecast.kernel.region import coefficients, place_near, slopes
from forecast.kernel.score import information, score
from forecast.kernel.start import first_guess

LANES: Final = 8
"""Batches are a multiple of so many series wide, so that no loop of NumPy treats the last ones otherwise."""

_LAST: Final = 0.1
"""A short step that promises less of the log-likelihood is the last, and is taken."""
_SHORT: Final = 0.3
_CARE: Final = 0.03
"""Damping of that promise: along a flat valley, as from an AR(1) to the ARMA(2,1) with a factor that nearly cancels,
the last tenths of a log-likelihood are far away and change forecasts by thousandths."""
_TOLERABLE: Final = 1.0
"""So much that is promised still after the last pass is forgiven: little beside the noise of the estimates."""
_MOST_PASSES: Final = 8
_LONGEST: Final = 1.0


class Found(NamedTuple):
    """Where the searches ended.

    Attributes:
        places: Shape `(3, m)`.
        settled: Whether that is a maximum, shape `(m,)`.
    """

    places: Floats
    settled: NDArray[np.bool_]


class _Slopes(NamedTuple):
    """What a pass tells of each place: minus twice the mean log-likelihood, and the least squares step's equations.

    Attributes:
        height: Shape `(m,)`, but for a constant.
        gram: Shape `(m, k, k)`, over the square of the residuals.
        gradient: Shape `(m, k)`, likewise.
    """

    height: Floats
    gram: Floats
    gradient: Floats


def search(values: Floats, present: tuple[bool, bool, bool]) -> Found:
    """Find the most likely ARMA of each series.

    Args:
        values: Shape `(n, m)`, NaN for gaps, `m` a multiple of `LANES`.
        present: Which of the three coefficients the model has.
    """
    m, axes = values.shape[1], np.flatnonzero(present)
    known = np.isfinite(values).sum(axis=0)
    trial = place_near(first_guess(values, present))
    places, damping, promise = trial.copy(), np.full(m, 1e-2), np.full(m, np.inf)
    best = _Slopes(np.full(m, np.inf), np.zeros((m, len(axes), len(axes))), np.zeros((m, len(axes))))
    at: Places = np.arange(m)
    for _ in range(_MOST_PASSES):
        padded = np.resize(at, -(-len(at) // LANES) * LANES)
        there = values if len(at) == m else values[:, padded]
        found = _slopes(there, trial[:, padded], axes, known[padded])
        better = _keep_better(best, found, at)
        places[:, at[better]] = trial[:, at[better]]
        damping[at] *= np.where(better, 0.1, 10.0)
        here = _Slopes(*(part[at] for part in best))
        step = _step(here, damping[at])
        promise[at] = _promise(here) * known[at]
        trial[:, at] = places[:, at]
        trial[axes[:, None], at] += step.T
        last = (promise[at] < _LAST) & (np.abs(step).max(axis=1, initial=0.0) < _SHORT)
        places[:, at[last]] = trial[:, at[last]]
        at = at[~last]
        if not len(at):
            break
    return Found(places, promise < _TOLERABLE)


def _keep_better(best: _Slopes, found: _Slopes, at: Places) -> NDArray[np.bool_]:
    """Put what was found at some places into the best, where it is better; tell where."""
    better = found.height[: len(at)] < best.height[at]
    for kept, new in zip(best, found, strict=True):
        kept[at[better]] = new[: len(at)][better]
    return better


def _slopes(values: Floats, places: Floats, axes: Places, known: Floats) -> _Slopes:
    arma = coefficients(places)
    found, turned = score(arma, values), slopes(places)[:, axes]
    gradient = -np.einsum("iam,im->ma", turned, found.slopes) / found.squares[:, None]
    gram = np.einsum("iam,ijm,jbm->mab", turned, information(arma), turned)
    return _Slopes(np.log(found.squares / known) + found.logs / known, gram, gradient)


def _step(here: _Slopes, damping: Floats) -> Floats:
    """Return the damped step from each place, shape `(m, k)`, none of its components longer than `_LONGEST`."""
    step = -_solved(here, damping)
    longest = np.abs(step).max(axis=1, initial=0.0)
    shortened: Floats = step * (_LONGEST / np.maximum(longest, _LONGEST))[:, None]
    return shortened


def _promise(here: _Slopes) -> Floats:
    """Return what a step from each place would gain of the log-likelihood, per value."""
    promise: Floats = 0.5 * (_solved(here, np.full(len(here.height), _CARE)) * here.gradient).sum(axis=1)
    return promise


def _solved(here: _Slopes, damping: Floats) -> Floats:
    size = np.einsum("mii->mi", here.gram) * damping[:, None] + 1e-12
    damped = here.gram + np.eye(here.gram.shape[1]) * size[:, None, :]
    solved: Floats = np.linalg.solve(damped, here.gradient[:, :, None])[:, :, 0]
    return solved
