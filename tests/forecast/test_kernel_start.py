"""The search begins from autocovariances over the pairs that are known, whatever is missing."""

import numpy as np
import pytest

from forecast.kernel.start import LAGS, _autocovariances


@pytest.mark.parametrize("n", [1, 63, 64, 97, 300])
def test_autocovariances_are_those_of_a_loop_over_known_pairs(n):
    values = np.random.default_rng(n).normal(size=(n, 3))
    values[np.random.default_rng(0).random(values.shape) < (0.0, 0.1, 0.9)] = np.nan

    found = _autocovariances(values)

    for place, series in enumerate(values.T):
        for lag in range(LAGS + 1):
            products = series[lag:] * series[: max(n - lag, 0)]
            known = products[np.isfinite(products)]
            expected = known.mean() if len(known) else 0.0
            assert found[place, lag] == pytest.approx(expected, abs=1e-12 * max(n, 1))
