"""Of a user's columns a forecast sees what its rule says was known."""

from datetime import UTC, datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.inputs import History
from forecast.life.known_ahead import columns_ahead, rules_of
from forecast.life.ratio_file import SeriesTable
from forecast.regressors.design import RegressorError, Site
from forecast.regressors.events import DailyEvent

nan = np.nan
HOURS = timedelta(hours=6)  # a day of four slots
START = datetime(2026, 5, 1, tzinfo=UTC)


def _table(column, known=None):
    count = len(column) if known is None else known
    return SeriesTable(History(START, HOURS, np.full(count, 0.5)), {"x": np.array(column, dtype=float)})


def _ahead(column, rule, origin, horizon, known=None):
    return columns_ahead(_table(column, known), {"x": rule}, Site()).at(origin, horizon)["x"][origin:].tolist()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param("known", [6, 7, 8], id="known"),
        pytest.param("last", [4, 4, 4], id="last_known"),
        pytest.param("day", [2, 3, 4], id="newest_at_the_same_time"),
        pytest.param(0.0, [0, 0, 0], id="number"),
    ],
)
def test_a_rule_says_what_is_known_at_an_origin(rule, expected):
    """Five slots before the origin, of which the last is a gap; the day has four."""
    assert _ahead([0, 2, 3, 4, nan, 6, 7, 8, 9], rule, 5, 3) == expected


@given(
    column=st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=12, max_size=12),
    poison=st.lists(st.sampled_from([-9.0, nan]), min_size=12, max_size=12),
    origin=st.integers(4, 12),
    rule=st.sampled_from(["last", "day", 3.0]),
)
def test_only_what_is_called_known_looks_past_the_origin(column, poison, origin, rule):
    poisoned = column[:origin] + poison[origin:]

    assert _ahead(column, rule, origin, 9) == _ahead(poisoned, rule, origin, 9)
    assert _ahead(column, "known", origin, 12 - origin) == column[origin:]


def test_the_past_is_left_as_it_is_gaps_included():
    found = columns_ahead(_table([0, nan, 2, 3]), {"x": "last"}, Site()).at(3, 2)["x"]

    np.testing.assert_array_equal(found, [0, nan, 2, 2, 2])


def test_at_the_end_of_the_series_the_file_has_to_reach_as_far_as_the_forecast():
    """Six values, two rows after them: two steps are known, the third is not."""
    column = [0, 1, 2, 3, 4, 5, 6, 7]

    assert _ahead(column, "known", 6, 2, known=6) == [6, 7]
    with pytest.raises(RegressorError, match=r"'x' has no value for 2026-05-03 00:00 UTC.*'known'.*--future x=RULE"):
        _ahead(column, "known", 6, 3, known=6)


def test_in_a_back_test_steps_without_truth_need_no_value():
    assert _ahead([0, 1, 2, 3, 4, 5], "known", 4, 5) == [4, 5, 5, 5, 5]


@pytest.mark.parametrize("rule", ["known", "last", "day"])
def test_a_future_of_which_nothing_is_known_names_column_and_instant(rule):
    with pytest.raises(RegressorError, match=rf"'x' has no value for 2026-05-02 00:00 UTC.*'{rule}'"):
        _ahead([nan, nan, nan, nan, nan, 5], rule, 4, 2)


def test_every_column_has_one_rule_and_a_name_of_its_own():
    table = _table([1, 2, 3, 4])
    milking = Site(events=(DailyEvent("x", time(6), timedelta(hours=1)),))

    with pytest.raises(RegressorError, match=r"say what is known ahead of the column 'x': --future x=RULE"):
        columns_ahead(table, {}, Site())
    with pytest.raises(RegressorError, match="rule for 'y', which is no regressor"):
        columns_ahead(table, {"x": "last", "y": "last"}, Site())
    with pytest.raises(RegressorError, match="a column 'x', the name of a regressor that the farm gives"):
        columns_ahead(table, {"x": "last"}, milking)
    with pytest.raises(RegressorError, match="a column 'daylight'"):
        columns_ahead(SeriesTable(table.history, {"daylight": np.zeros(4)}), {"daylight": "last"}, Site())
    with pytest.raises(RegressorError, match="a column 'daylight'"):
        columns_ahead(SeriesTable(table.history, {}, frozenset({"daylight"})), {}, Site(), given=["daylight"])


def test_rules_are_read_as_they_are_written():
    assert rules_of(["a=known", "b = last", "c=day", "d=-1.5", "e=f=0"]) == {
        "a": "known",
        "b": "last",
        "c": "day",
        "d": -1.5,
        "e=f": 0.0,
    }


@pytest.mark.parametrize("texts", [["a"], ["=last"], ["a=later"], ["a=nan"], ["a=last", "a=day"]])
def test_what_is_no_rule_is_refused(texts):
    with pytest.raises(RegressorError):
        rules_of(texts)
