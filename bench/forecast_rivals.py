"""The same series forecast by others, one after another, each told what our model is told.

All see 21 days of each series and the columns of our regression over history and horizon, none sees the 48 hours that
are judged. Those that cannot bear gaps have them filled with straight lines. Nothing is tuned: these are the models
that somebody reaches for first, with the options that they come with.
"""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final, NamedTuple

import numpy as np

from bench.forecast import SPECIFICATION
from forecast.inputs import Floats
from forecast.kernel.batch import fit_and_forecast
from forecast.model.baselines import mean_profile, seasonal_naive
from forecast.model.predicting import outlook_of

LAGS: Final = (1, 2, 3, 4, 95, 96, 97, 192)
ROUNDS: Final = 150

Forecaster = Callable[[Floats, Floats], Floats]
"""From values of shape `(n,)`, NaN for gaps, and columns of shape `(n + horizon, c)` to means of shape `(horizon,)`."""


class Rival(NamedTuple):
    """Another way to the same forecast.

    Attributes:
        name: What it is.
        package: What must be installed.
        forecast: Fits and looks ahead.
    """

    name: str
    package: str
    forecast: Forecaster


def joint_sarimax(values: Floats, columns: Floats) -> Floats:
    """Regression and ARMA errors in one likelihood, everything else as statsmodels has it."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX  # noqa: PLC0415 - only this rival pays for it

    past, future = columns[: len(values)], columns[len(values) :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it often stops before it has converged: so it is by default
        fitted = SARIMAX(values, exog=past, order=SPECIFICATION.order, trend="c").fit(disp=0)
    return np.asarray(fitted.get_forecast(len(future), exog=future).summary_frame(alpha=0.05)["mean"])


def two_stages(values: Floats, columns: Floats) -> Floats:
    """Our model by way of statsmodels, the reference that the batch is tested against."""
    return outlook_of(values, columns, SPECIFICATION)[2].mean


def one_at_a_time(values: Floats, columns: Floats) -> Floats:
    """Our batch, with one series in it."""
    mean: Floats = fit_and_forecast(values[None], columns, SPECIFICATION).bands.mean[0]
    return mean


def auto_arima(values: Floats, columns: Floats) -> Floats:
    """An ARIMA whose orders are searched for, with our columns beside it."""
    from statsforecast.models import AutoARIMA  # noqa: PLC0415 - an optional dependency

    past, future = columns[: len(values)], columns[len(values) :]
    found = AutoARIMA().forecast(filled(values), h=len(future), X=past, X_future=future, level=[80, 95])
    return np.asarray(found["mean"])


def mstl(values: Floats, columns: Floats) -> Floats:
    """Season of a day and trend taken apart by local regressions, the trend carried on by exponential smoothing."""
    from statsforecast.models import MSTL  # noqa: PLC0415 - an optional dependency

    found = MSTL(season_length=96).forecast(filled(values), h=len(columns) - len(values), level=[80, 95])
    return np.asarray(found["mean"])


def boosted_trees(values: Floats, columns: Floats) -> Floats:
    """Gradient-boosted trees on lags and our columns, fed with their own forecasts; they give no bands."""
    import lightgbm  # noqa: PLC0415 - an optional dependency

    n = len(values)
    lagged = np.column_stack([np.concatenate((np.full(lag, np.nan), values[:-lag])) for lag in LAGS])
    rows, known = np.column_stack((lagged, columns[:n])), np.isfinite(values)
    options = {"objective": "regression", "num_threads": 1, "seed": 1, "deterministic": True, "verbosity": -1}
    trees = lightgbm.train(options, lightgbm.Dataset(rows[known], values[known]), num_boost_round=ROUNDS)
    series = np.concatenate((values, np.full(len(columns) - n, np.nan)))
    for step in range(n, len(series)):
        row = np.concatenate((series[[step - lag for lag in LAGS]], columns[step]))
        series[step] = trees.predict(row[None])[0]
    return series[n:]


def same_as_yesterday(values: Floats, columns: Floats) -> Floats:
    """The baseline that everybody beats."""
    return seasonal_naive(values, 96, len(columns) - len(values))


def usual_day(values: Floats, columns: Floats) -> Floats:
    """The baseline that few beat by much."""
    return mean_profile(values, 96, len(columns) - len(values))


RIVALS: Final = (
    Rival("our model, one series at a time", "numpy", one_at_a_time),
    Rival("our model's reference in statsmodels, two stages", "statsmodels", two_stages),
    Rival("statsmodels SARIMAX, joint likelihood, default options", "statsmodels", joint_sarimax),
    Rival("statsforecast AutoARIMA with Fourier terms", "statsforecast", auto_arima),
    Rival("statsforecast MSTL", "statsforecast", mstl),
    Rival("LightGBM with lags", "lightgbm", boosted_trees),
    Rival("seasonal naive", "numpy", same_as_yesterday),
    Rival("mean of 14 days", "numpy", usual_day),
)


def installed() -> list[Rival]:
    """Return those whose library is there."""
    return [rival for rival in RIVALS if find_spec(rival.package) is not None]


def missing() -> list[Rival]:
    """Return the others."""
    return [rival for rival in RIVALS if rival not in installed()]


def filled(values: Floats) -> Floats:
    """Return a series whose gaps are straight lines."""
    known = np.isfinite(values)
    at = np.arange(len(values))
    return np.interp(at, at[known], values[known])
