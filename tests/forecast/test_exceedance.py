"""How often chance puts k of n windows outside: against simulation, and in what it allows."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import norm

from core.timeline import BUCKET
from forecast.watching.episodes import episodes_of, sides_of
from forecast.watching.exceedance import NOMINAL, WINDOWS, Null, crossing_rates, null_of, threshold_of
from forecast.watching.rules import DAY, RECORD
from storage.forecasting.watched import Rule

WEEK = RECORD // BUCKET


def errors(correlation, series, windows, seed=0):
    """Standard normal AR(1) errors, shape (series, windows)."""
    shocks = np.random.default_rng(seed).normal(0, np.sqrt(1 - correlation**2), (series, windows + 200))
    return lfilter([1], [1, -correlation], shocks)[:, 200:]


@pytest.mark.parametrize(("correlation", "outside", "windows"), [(0.0, 0.05, 8), (0.8, 0.025, 8), (0.9, 0.05, 16)])
def test_the_rate_of_each_count_is_that_of_a_simulation(correlation, outside, windows):
    beyond = errors(correlation, 1000, 3000) > norm.isf(outside)
    counts = np.cumsum(beyond, axis=1)
    counts = counts[:, windows:] - counts[:, :-windows]
    rates = crossing_rates(correlation, outside, windows)
    for needed in range(1, windows + 1):
        rises = ((counts[:, 1:] >= needed) & (counts[:, :-1] < needed)).mean()
        assert rates[needed] == pytest.approx(rises, rel=0.1, abs=2e-5), needed


def test_independent_windows_are_counted_by_the_binomial_law():
    """Outside now, not outside when the oldest was, and k - 1 of the n - 1 between."""
    p, n = 0.1, 8
    expected = [0, *(p * (1 - p) * _binomial(n - 1, k - 1, p) for k in range(1, n + 1))]
    assert crossing_rates(0.0, p, n) == pytest.approx(expected, rel=1e-4)


def _binomial(n, k, p):
    return comb(n, k) * p**k * (1 - p) ** (n - k)


@given(
    correlation=st.sampled_from([0.0, 0.5, 0.7, 0.9]),
    allowed=st.sampled_from([1e-6, 1e-3, 0.05, 0.5]),
    share=st.sampled_from([0.025, 0.04]),
)
@settings(max_examples=30)
def test_a_threshold_keeps_what_is_allowed_and_no_lower_count_of_as_many_windows_would(correlation, allowed, share):
    found = threshold_of(Null(correlation, share, share), allowed)
    assert found.expected <= allowed
    assert found.needed > found.windows // 2
    if found.needed <= found.windows:
        again = 672 * 2 * crossing_rates(correlation, share, found.windows)
        if found.needed > found.windows // 2 + 1 and correlation in {0.0, 0.5}:  # on the grid of the rule
            assert again[found.needed - 1] > allowed


def test_more_series_need_more_windows_outside():
    null = Null(0.6, 0.025, 0.025)
    one, many = (threshold_of(null, 0.5 / series) for series in (1, 200))
    assert (many.windows, many.needed) > (one.windows, one.needed)
    assert 200 * many.expected <= 0.5


def test_where_nothing_is_rare_enough_nothing_is_raised():
    assert threshold_of(Null(0.99, 0.2, 0.2), 1e-9).needed == WINDOWS[-1] + 1


def test_without_a_record_the_worst_is_taken_for_granted():
    nothing = np.full(WEEK, np.nan)
    assert null_of(nothing, nothing, nothing, nothing) == Null()


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8, 0.9])
@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_a_series_is_known_by_its_record(correlation, gaps):
    ratios = 0.5 + 0.1 * errors(correlation, 1, 8 * WEEK, seed=3)[0]
    ratios[np.random.default_rng(4).random(len(ratios)) < gaps] = np.nan
    line = np.full(len(ratios), 0.5)
    found = null_of(ratios, line, line - 0.196, line + 0.196)
    assert found.correlation == pytest.approx(correlation, abs=0.05)
    assert found.outside_low == pytest.approx(NOMINAL, abs=0.01)


def test_no_band_is_believed_to_be_wider_than_it_says():
    line = np.full(WEEK, 0.5)
    found = null_of(line, line, line - 0.2, line + 0.2)
    assert (found.outside_low, found.outside_high) == (NOMINAL, NOMINAL)


@pytest.mark.parametrize("correlation", [0.6, 0.9])
def test_false_alarms_over_weeks_keep_to_what_is_allowed(correlation):
    """Four weeks of 80 series, each held day by day to a rule made from its own week before.

    The bound leaves room for four standard errors of the count; that it is not vacuous is the lower one.
    """
    allowed, weeks, count = 0.1, 4, 80
    ratios = 0.5 + 0.1 * errors(correlation, count, (weeks + 1) * WEEK, seed=7)
    line = np.full(ratios.shape[1], 0.5)
    lower, upper = line - 0.196, line + 0.196
    raised = 0
    for one in ratios:
        rules = []
        for day in range(WEEK, len(one), DAY // BUCKET):
            week = slice(day - WEEK, day)
            found = threshold_of(null_of(one[week], line[week], lower[week], upper[week]), allowed)
            rules += [Rule(0, None, found.windows, found.needed, 0, 0, 0, 0, 0)] * (DAY // BUCKET)
        raised += len(episodes_of(sides_of(one, lower, upper)[WEEK:], rules))
    expected = allowed * weeks * count
    assert expected / 10 < raised < expected + 4 * np.sqrt(expected), raised
