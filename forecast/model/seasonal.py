"""Any SARIMAX that a user asks for, estimated the fast exact way and forecast in levels.

The parameters maximise the likelihood of the differenced series through Chandrasekhar recursions with the scale
concentrated out: at a season of 96 this is statsmodels' own answer in a hundredth of the time. They cannot step over a
gap, so for this search alone gaps are filled (same phase of the season, else a straight line), which with long
gaps biases the parameters a little. Everything else is exact and sees the gaps as gaps: one Kalman pass over
the levels at these parameters gives the scale, the state at the origin, and from it the mean and variance of
the undifferenced forecast.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from forecast.inputs import Floats
from forecast.model.arma import NOT_KNOWN, FitError, Outlook, named, outlook, parameters_of
from forecast.model.kalman import State, StateSpace, ahead, filtered, state_space_of
from forecast.model.rhythm import fit_rhythm
from forecast.specification import Specification

_VALUES_A_PARAMETER: Final = 10
"""Differences that must be known for each parameter, the size of the errors included."""


def seasonal_outlook(
    values: Floats, design: Floats, specification: Specification, known: Mapping[str, float] = NOT_KNOWN
) -> Outlook:
    """Fit the regression, then the SARIMA on its residuals, and look ahead.

    With differencing the regression is least squares on the differenced columns, those that differencing
    annuls (a day's harmonics at `s` of one day) left out; without, it is the rhythm of `fit_rhythm`.

    Args:
        values: Shape `(n,)`, NaN for gaps.
        design: Shape `(n + horizon, columns)`.
        specification: Its orders, and nothing else, are used here.
        known: Parameters of the SARIMA by name, which are then not estimated.

    Raises:
        FitError: the history is too short for the orders, or the likelihood's maximum was not found.
    """
    refuse_too_little(values, specification)
    regression = _regression(values, design, specification)
    errors = sarima_outlook(values - regression[: len(values)], specification, len(design) - len(values), known)
    return Outlook(regression[len(values) :] + errors.mean, errors.sigma, errors.parameters)


def sarima_outlook(
    values: Floats, specification: Specification, horizon: int, known: Mapping[str, float] = NOT_KNOWN
) -> Outlook:
    """Fit a SARIMA without regression, unless its parameters are known, and look ahead.

    Raises:
        FitError: the likelihood's maximum was not found.
    """
    space, state, found = _passed(values, specification, known, len(values))
    mean, variance = ahead(space, state, horizon)
    return outlook(mean, variance, found)


def seasonal_one_ahead(
    values: Floats, design: Floats, specification: Specification, known: Mapping[str, float], first: int
) -> Floats:
    """Return what each value from a place on is expected to be given all before it, shape `(n - first,)`.

    The regression is that of what lies before the place; the SARIMA passes over all values.

    Args:
        values: Shape `(n,)`, NaN for gaps.
        design: Shape `(n, columns)`.
        specification: Its orders are used here.
        known: Parameters of the SARIMA by name, which are then not estimated from what lies before the place.
        first: The place.

    Raises:
        FitError: what lies before is too short for the orders, or the likelihood's maximum was not found.
    """
    refuse_too_little(values[:first], specification)
    regression = _regression(values[:first], design, specification)
    _, state, _ = _passed(values - regression, specification, known, first)
    one_ahead: Floats = (regression + state.expected)[first:]
    return one_ahead


def _passed(
    values: Floats, specification: Specification, known: Mapping[str, float], learnt: int
) -> tuple[StateSpace, State, dict[str, float]]:
    """Pass over values with a SARIMA estimated from the first of them, unless its parameters are known.

    Returns:
        The SARIMA, its state after them, and its parameters by name.
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX  # noqa: PLC0415  # a second that only forecasts should pay

    orders = {"order": specification.order, "seasonal_order": specification.seasonal_order}
    quick = SARIMAX(
        filled(values[:learnt], specification.seasonal_order[3]),
        **orders,
        trend="n",
        simple_differencing=True,
        concentrate_scale=True,
    )
    quick.ssm.filter_chandrasekhar = True
    parameters = parameters_of(quick, known)
    try:
        space = state_space_of(SARIMAX(values, **orders, trend="n", concentrate_scale=True), parameters)
    except (np.linalg.LinAlgError, ValueError) as error:
        raise FitError(f"the errors have no stationary beginning at the estimates: {error}") from error
    state = filtered(space, values)
    return space, state, named(quick, parameters, state.shock_variance)


def refuse_too_little(values: Floats, specification: Specification) -> None:
    """Return if a history is long enough for the orders.

    Raises:
        FitError: it is not, with the figures.
    """
    (p, d, q), (seasonal_p, seasonal_d, seasonal_q, season) = specification.order, specification.seasonal_order
    least = season * (seasonal_d + max(seasonal_p, seasonal_q) + 1) if season else d + 1
    if len(values) < least:
        raise FitError(f"{len(values)} steps are too few for these orders, which look at {least} at once")
    known = int(np.isfinite(_differenced(values, specification)).sum())
    wanted = _VALUES_A_PARAMETER * (p + q + seasonal_p + seasonal_q + 1)
    if known < wanted:
        raise FitError(f"of the differences {known} are known, too few for these orders, which need {wanted}")


def filled(values: Floats, season: int) -> Floats:
    """Fill gaps with the mean of the same phase of the season, and what is left with a straight line in time."""
    whole = values.copy()
    gaps = np.flatnonzero(np.isnan(whole))
    for gap in gaps if season > 1 else gaps[:0]:
        same = values[gap % season :: season]
        whole[gap] = same[np.isfinite(same)].mean() if np.isfinite(same).any() else np.nan
    known = np.isfinite(whole)
    whole[~known] = np.interp(np.flatnonzero(~known), np.flatnonzero(known), whole[known])
    return whole


def _regression(values: Floats, design: Floats, specification: Specification) -> Floats:
    if not specification.differenced:
        return fit_rhythm(values, design[: len(values)], specification.steps_per_day).at(design)
    rows, y = _differenced(design[: len(values)], specification), _differenced(values, specification)
    known = np.isfinite(y) & np.isfinite(rows).all(axis=1)
    rows, y = rows[known], y[known]
    kept = np.abs(rows).max(axis=0, initial=0.0) > 1e-9 * np.nanmax(np.abs(design), axis=0)
    if not kept.any():
        return np.zeros(len(design))
    regression: Floats = (design[:, kept] * _least_squares(rows[:, kept], y)).sum(axis=1)
    return regression


def _differenced(rows: Floats, specification: Specification) -> Floats:
    (_, d, _), (_, seasonal_d, _, season) = specification.order, specification.seasonal_order
    for _ in range(seasonal_d):
        rows = rows[season:] - rows[:-season]
    differenced: Floats = np.diff(rows, d, axis=0)
    return differenced


def _least_squares(rows: Floats, y: Floats) -> Floats:
    size = np.sqrt(np.einsum("ij,ij->j", rows, rows))
    rows = rows / size
    gram, cross = np.einsum("ij,ik->jk", rows, rows), np.einsum("ij,i->j", rows, y)
    solved: Floats = np.einsum("ij,j->i", np.linalg.pinv(gram, rcond=1e-9, hermitian=True), cross) / size
    return solved
