"""Precision of alerts: the interval is the set of shares that a test at 5 % does not reject."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.precision import per_hundred_animals_and_week, precision


@given(confirmed=st.integers(0, 50), dismissed=st.integers(0, 50))
def test_the_ends_are_the_shares_of_which_what_was_found_lies_1_96_errors_away(confirmed, dismissed):
    found = precision(confirmed, dismissed)
    count = confirmed + dismissed
    if count == 0:
        assert found is None
        return
    assert 0 <= found.lower <= found.share == confirmed / count <= found.upper <= 1
    for end in {found.lower, found.upper} - {0.0, 1.0}:
        error = sqrt(end * (1 - end) / count)
        assert abs(found.share - end) == pytest.approx(1.96 * error, rel=1e-3, abs=1e-9)


def test_no_animals_have_no_rate():
    assert per_hundred_animals_and_week(3, 0) is None
