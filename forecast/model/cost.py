"""How long a fit should take, told before it begins: one likelihood is timed, the rest is counting."""

import time
import warnings
from typing import Final

import numpy as np

from forecast.inputs import History
from forecast.model.arma import FitError
from forecast.model.seasonal import filled, refuse_too_little
from forecast.specification import Specification

EVALUATIONS: Final = 30
"""Of the likelihood for each parameter of a search: 6 to 65 were counted over orders and series, so the time told is
right within a factor of three or so."""

OVERHEAD_S: Final = 0.1
"""What comes before and after the search."""


def expected_seconds(history: History, specification: Specification) -> float:
    """Return about how many seconds of this machine, as busy as it is, a fit to a history takes.

    Args:
        history: What is fitted to.
        specification: The model.
    """
    from statsmodels.tsa.statespace.kalman_filter import MEMORY_CONSERVE  # noqa: PLC0415  # a second that only fits pay
    from statsmodels.tsa.statespace.sarimax import SARIMAX  # noqa: PLC0415  # as above

    try:
        if not specification.is_harmonic:
            refuse_too_little(history.values, specification)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = SARIMAX(
                filled(history.values, specification.seasonal_order[3]),
                order=specification.order,
                seasonal_order=specification.seasonal_order,
                trend="n",
                simple_differencing=True,
                concentrate_scale=True,
            )
            model.ssm.set_conserve_memory(MEMORY_CONSERVE)
            model.ssm.filter_chandrasekhar = not specification.is_harmonic
            parameters = model.start_params
            started = time.perf_counter()
            model.loglike(parameters)
            each = time.perf_counter() - started
    except (FitError, ValueError, IndexError, np.linalg.LinAlgError):
        return OVERHEAD_S  # such a series is refused as soon as the fit looks at it
    return OVERHEAD_S + EVALUATIONS * len(parameters) * each
