"""Synthetic series with a known rhythm, seeded."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.signal import lfilter

from forecast.inputs import History

START = datetime(2026, 5, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def _series(seed: int, *, days: int, strength: float, gaps: float = 0.0) -> History:
    """A ratio around 0.5 with two bumps a day of a height of `strength`, an AR(1) around them, and single gaps."""
    rng = np.random.default_rng(seed)
    hour = (np.arange(days * 96) % 96) / 4
    bumps = np.exp(-0.5 * ((hour - 7) / 1.5) ** 2) + np.exp(-0.5 * ((hour - 17) / 2) ** 2)
    values = 0.4 + strength * bumps + lfilter([1], [1, -0.8], rng.normal(0, 0.07, days * 96))
    values[rng.random(len(values)) < gaps] = np.nan
    return History(START, QUARTER, np.clip(values, 0, 1))


@pytest.fixture(scope="session")
def series() -> Callable[..., History]:
    return _series
