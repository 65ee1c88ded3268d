"""Stage two: what the rhythm leaves over, as a short ARMA in statsmodels' state space form, gaps and all."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from core.errors import AnimovError
from forecast.cancelling import stop_if_cancelled
from forecast.inputs import Floats

_MOST_ITERATIONS = 200

NOT_KNOWN: Final[Mapping[str, float]] = MappingProxyType({})
"""In place of parameters that are still to be estimated."""


class FitError(AnimovError):
    """The likelihood had no maximum that could be found."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What a model expects, before bounds.

    Attributes:
        mean: Shape `(horizon,)`.
        sigma: Shape `(horizon,)`, standard error of the value itself, parameters taken as known.
        parameters: Names and values of the estimates, `sigma2` the variance of a one-step error.
    """

    mean: Floats
    sigma: Floats
    parameters: dict[str, float]


def arma_outlook(
    residuals: Floats, order: tuple[int, int, int], horizon: int, known: Mapping[str, float] = NOT_KNOWN
) -> Outlook:
    """Fit an ARMA without a mean by exact maximum likelihood, unless its parameters are known, and look ahead.

    Raises:
        FitError: the search did not converge or the outlook is not finite.
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX  # noqa: PLC0415  # a second that only forecasts should pay

    model = SARIMAX(residuals, order=order, trend="n", concentrate_scale=True)
    parameters = parameters_of(model, known)
    filtered = model.filter(parameters, cov_type="none")
    ahead = filtered.get_forecast(horizon)
    return outlook(ahead.predicted_mean, ahead.var_pred_mean, named(model, parameters, filtered.scale))


def parameters_of(model: Any, known: Mapping[str, float]) -> Floats:
    """Return the parameters of a model by its own names as they are known, or else their estimates.

    Raises:
        FitError: the search did not converge.
    """
    return np.array([known[name] for name in model.param_names]) if known else estimate(model)


def estimate(model: Any) -> Floats:
    """Return a model's maximum likelihood parameters, found from its own starting values.

    Raises:
        FitError: the search did not converge.
        CancelledError: nobody waits for it any more.
    """
    from statsmodels.tsa.statespace.kalman_filter import MEMORY_CONSERVE  # noqa: PLC0415  # as above

    if not model.param_names:
        return np.empty(0)
    kept = model.ssm.conserve_memory
    model.ssm.set_conserve_memory(MEMORY_CONSERVE)  # the search needs the likelihood only: a quarter of the time
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            parameters = np.asarray(model.fit(return_params=True, disp=0, maxiter=_MOST_ITERATIONS, callback=_asked))
        except (np.linalg.LinAlgError, ValueError) as error:
            raise FitError(f"the likelihood could not be computed: {error}") from error
        finally:
            model.ssm.set_conserve_memory(kept)
    if any(warning.category.__name__ == "ConvergenceWarning" for warning in caught):
        raise FitError(f"the likelihood's maximum was not found in {_MOST_ITERATIONS} iterations")
    return parameters


def _asked(_: Floats) -> None:
    stop_if_cancelled()


def named(model: Any, parameters: Floats, sigma2: float) -> dict[str, float]:
    """Return the estimates under statsmodels' names."""
    return {**dict(zip(model.param_names, map(float, parameters), strict=True)), "sigma2": float(sigma2)}


def outlook(mean: Floats, variance: Floats, parameters: dict[str, float]) -> Outlook:
    """Check and wrap a mean and a variance.

    Raises:
        FitError: not all of it is finite.
    """
    if not (np.isfinite(mean).all() and np.isfinite(variance).all() and (variance >= 0).all()):
        raise FitError("the fitted model foretells values that are not finite")
    return Outlook(np.asarray(mean), np.sqrt(variance), parameters)
