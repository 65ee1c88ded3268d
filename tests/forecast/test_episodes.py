"""Episodes: raised at k of n, over after an hour inside, the same however often one looks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.watching.episodes import ABOVE, BELOW, CALM, SILENCE, UNKNOWN, Span, alerts_of, episodes_of, sides_of
from storage.forecasting.watched import Rule

SIGNS = {".": 0, "+": ABOVE, "-": BELOW, "?": UNKNOWN}


def rule(windows, needed):
    return Rule(0, None, windows, needed, 0, 0, 0, 0, 0)


def told(text, windows=4, needed=3, first=0):
    """Episodes as (first, opened, last, until, why)."""
    sides = np.array([SIGNS[sign] for sign in text], dtype=np.int8)
    found = episodes_of(sides, [rule(windows, needed)] * len(sides), first)
    return [(one.first, one.opened, one.last, one.until, one.ended_by) for one in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("++.", [], id="one-too-few"),
        pytest.param("++.+", [(0, 4, 3, None, "")], id="broken"),
        pytest.param("++..+", [], id="too-far-apart"),
        pytest.param("++-", [], id="not-on-one-side"),
        pytest.param("---", [(0, 3, 2, None, "")], id="below"),
        pytest.param("++?+", [(0, 4, 3, None, "")], id="unknown-is-not-outside"),
        pytest.param("++???+", [], id="unknown-takes-its-place"),
        pytest.param("+++....", [(0, 3, 2, 7, "inside")], id="over"),
        pytest.param("+++...+....", [(0, 3, 6, 11, "inside")], id="calm-begins-anew"),
        pytest.param("+++----", [(0, 3, 2, 7, "inside")], id="the-other-side-is-not-it"),
        pytest.param("+++.?..?.", [(0, 3, 2, 9, "inside")], id="calm-through-gaps"),
        pytest.param("+++" + "?" * SILENCE, [(0, 3, 2, 3 + SILENCE, "no_data")], id="silence"),
        pytest.param("+++....++", [(0, 3, 2, 7, "inside")], id="what-is-over-counts-no-longer"),
        pytest.param("+++....+++", [(0, 3, 2, 7, "inside"), (7, 10, 9, None, "")], id="another"),
    ],
)
def test_episodes_by_hand(text, found):
    assert told(text) == found
    assert CALM == 4


def test_windows_of_an_earlier_episode_count_no_longer():
    assert told("+++") != []
    assert told("+++", first=1) == []


@given(st.text("+-.?", max_size=60), st.integers(2, 6), st.data())
def test_an_episode_is_raised_at_the_first_count_and_not_before(text, windows, data):
    """Against counting each window anew."""
    needed = data.draw(st.integers(windows // 2 + 1, windows))
    found = told(text, windows, needed)
    counts = [max(text[max(0, end - windows) : end].count(sign) for sign in "+-") for end in range(len(text) + 1)]
    first = next((end for end, count in enumerate(counts) if count >= needed), None)
    assert (found[0][1] if found else None) == first


@given(st.text("+-.?", max_size=60), st.integers(0, 60))
def test_what_was_seen_of_an_episode_is_a_part_of_what_is_seen_later(text, cut):
    """Looking earlier gives the same episodes, the last one perhaps not over yet."""
    whole, early = told(text), told(text[:cut])
    for before, after in zip(early, whole, strict=False):
        assert before[:2] == after[:2]
        if before[3] is not None:
            assert before == after
    assert len(early) <= len(whole)


def test_edges_of_the_band_are_inside_and_nan_is_not_known():
    ratios = np.array([0.2, 0.3, 0.7, 0.8, np.nan, 0.5])
    lower, upper = np.full(6, 0.3), np.array([0.7, 0.7, 0.7, 0.7, 0.7, np.nan])
    assert sides_of(ratios, lower, upper).tolist() == [BELOW, 0, 0, ABOVE, UNKNOWN, UNKNOWN]


def owners(text, *kept):
    sides = np.array([SIGNS[sign] for sign in text], dtype=np.int8)
    found = episodes_of(sides, [rule(4, 3)] * len(sides))
    return [(None if span is None else span.id, [one.first for one in parts]) for span, parts in alerts_of(found, kept)]


def test_an_episode_belongs_to_the_alert_that_it_overlaps():
    text = "+++....+++...."
    assert owners(text) == [(None, [0]), (None, [7])]
    assert owners(text, Span(1, 0, 7)) == [(1, [0]), (None, [7])]
    assert owners(text, Span(1, 0, 7), Span(2, 7, None)) == [(1, [0]), (2, [7])]
    assert owners(text, Span(1, 2, None)) == [(1, [0, 7])]
    assert owners("+++++++", Span(1, 0, 3), Span(2, 4, None)) == [(2, [0])]
