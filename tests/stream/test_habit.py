"""An animal's habit: spans as days are, medians by loops, and what a group, a gap or a change of clocks does to it."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.behaviour.bouts import bouts_of
from stream.behaviour.day_sheet import Heard, facts_of
from stream.behaviour.habit import HABIT_DAYS, LEAST_DAYS, deviations, habits_of, shared
from stream.behaviour.local_day import FOLLOWED_S, local_day
from stream.behaviour.looks import days_until, look
from stream.behaviour.measures import MEASURES, natural, of_days, of_spans, of_whole_days
from stream.behaviour.spans import Spans, spans_heard, spans_of

PARIS = ZoneInfo("Europe/Paris")
SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 5, 1)
GOAT_S = 60

lengths = st.sampled_from([30, 60, 240, 300, 301, 900, 3600, 5 * 3600, 11 * 3600])
pieces = st.lists(st.tuples(st.sampled_from([1, 0, -1]), lengths), min_size=1, max_size=14)
days = st.sampled_from([SPRING, AUTUMN, PLAIN])
seeds = st.integers(0, 2**32 - 1)


def of_leg_tags(buckets):
    return np.full(buckets, 900), np.zeros(buckets, dtype=bool)


def heard_from(day, told):
    first, last = day.read_from // 900 * 900, -(-day.read_until // 900) * 900
    told = np.concatenate([np.full(length, posture, dtype=np.int8) for posture, length in told])
    return Heard(first, np.resize(told, last - first), None, *of_leg_tags((last - first) // 900))


@settings(max_examples=20)
@given(day=days, told=pieces)
def test_a_span_from_midnight_to_midnight_is_what_the_sheet_says(day, told):
    day = local_day(day, PARIS)
    heard = heard_from(day, told)
    bouts, known = bouts_of(heard.seconds, first=heard.first, shortest_lying_s=GOAT_S)

    starts, ends = np.array([day.start]), np.array([day.end])
    span = spans_of(bouts, known, starts, ends, followed_s=FOLLOWED_S)

    (sheet,) = facts_of(heard, [day], shortest_lying_s=GOAT_S).sheets
    assert span.known_s[0] == span.ordered_s[0] == sheet.known_s == sheet.ordered_s
    assert span.standing_s[0] == sheet.standing_s
    assert span.longest_lying_s[0] == (sheet.longest_lying_s or 0)
    if sheet.ordered_s:
        assert (span.lie_downs[0], span.interruptions[0]) == (sheet.lie_downs, sheet.interruptions)
    if sheet.longest_lying_s:
        of_sheet, of_span = of_days([sheet]), of_whole_days(span, ends - starts)
        np.testing.assert_allclose(of_sheet.values[:, :4], of_span.values[:, :4])
        np.testing.assert_allclose(of_sheet.widening, of_span.widening)


@settings(max_examples=12)
@given(told=pieces, other=pieces, hours=st.integers(0, 24))
def test_nothing_after_its_end_has_a_say_in_a_span(told, other, hours):
    day = local_day(PLAIN, PARIS)
    heard, end = heard_from(day, told), day.end - 3600 * hours
    seconds = heard.seconds.copy()
    seconds[end - heard.first :] = heard_from(day, other).seconds[end - heard.first :]

    ends = np.array([end, end + 3600])
    one = spans_heard(heard, ends, shortest_lying_s=GOAT_S)
    two = spans_heard(heard._replace(seconds=seconds), ends, shortest_lying_s=GOAT_S)

    assert [column[0] for column in one] == [column[0] for column in two]


def test_sums_count_for_hours_and_for_nothing_else():
    day = local_day(PLAIN, PARIS)
    heard = heard_from(day, [(1, 6 * 3600), (0, 6 * 3600)])
    summed = np.ones(len(heard.seconds), dtype=np.bool_)

    told = of_spans(spans_heard(heard._replace(summed=summed), np.array([day.end]), shortest_lying_s=GOAT_S))

    assert told.values[0, 0] == 12
    assert np.isnan(told.values[0, 1:]).all()


@pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])
def test_a_day_of_23_or_25_hours_measures_as_one_of_24(day):
    here = local_day(day, PARIS)
    heard = heard_from(here, [(1, 900), (0, 900)])
    (sheet,) = facts_of(heard, [here], shortest_lying_s=GOAT_S).sheets

    measured = of_days([sheet]).values[0]

    assert measured[0] == 12
    assert measured[1] == pytest.approx(np.sqrt(48))


def test_less_is_said_of_a_day_that_is_half_known_and_nothing_of_one_known_less():
    day = local_day(PLAIN, PARIS)
    heard = heard_from(day, [(1, 900), (0, 900)])
    told = []
    for hours in (0, 6, 11, 13):
        seconds = heard.seconds.copy()
        seconds[day.start - heard.first : day.start - heard.first + hours * 3600] = -1
        told.append(of_spans(spans_heard(heard._replace(seconds=seconds), np.array([day.end]), shortest_lying_s=60)))

    assert [np.isfinite(one.values[0, :2]).tolist() for one in told] == [[True, True]] * 2 + [
        [True, False],
        [False, False],
    ]
    assert told[0].widening[0, 0] == 1
    assert all(one.widening[0, 0] < other.widening[0, 0] for one, other in pairwise(told))


def drawn(seed, animals, count=HABIT_DAYS):
    rng = np.random.default_rng(seed)
    days = rng.normal(size=(animals, count, len(MEASURES))) + 10 * rng.normal(size=(animals, 1, len(MEASURES)))
    days[rng.random(days.shape) < 0.1] = np.nan
    return days


@given(seed=seeds, sizes=st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_what_mates_have_in_common_is_told_by_their_median_and_never_by_the_animal_itself(seed, sizes):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(sizes)), sizes)
    raw = np.round(rng.normal(size=(len(group), 3, 2)) * 2) * 3
    raw[rng.random(raw.shape) < 0.2] = np.nan

    found = shared(raw, group)

    for place in np.ndindex(raw.shape):
        animal, *rest = place
        mates = [
            raw[(other, *rest)] for other in range(len(group)) if other != animal and group[other] == group[animal]
        ]
        mates = [one for one in mates if np.isfinite(one)]
        middle = np.median(mates) if mates else 0.0
        chance = 4 * np.pi / 2 / len(mates) if mates else 0.0
        expected = middle * max(0.0, 1 - chance / middle**2) if middle else 0.0
        assert found[place] == pytest.approx(expected)


@given(seed=seeds, shift=st.sampled_from([-3.0, 0.5, 40.0]))
def test_an_animals_own_level_does_not_matter(seed, shift):
    days, group = drawn(seed, 6), np.zeros(6, dtype=int)
    moved = days.copy()
    moved[2] += shift
    today = drawn(seed + 1, 6, 1)
    today_moved = today.copy()
    today_moved[2] += shift

    one = deviations(today, np.ones_like(today), habits_of(days, group))
    other = deviations(today_moved, np.ones_like(today), habits_of(moved, group))

    np.testing.assert_allclose(one, other, atol=1e-9)


@given(seed=seeds)
def test_a_day_that_is_strange_for_the_whole_group_is_strange_for_none(seed):
    days, group = drawn(seed, 12), np.repeat([0, 1], 6)
    habits = habits_of(days, group)
    usual = habits.centre[:, None] + np.zeros_like(days[:, :1])
    heat = usual + 12 * habits.sd[:, None] * (group == 0)[:, None, None]

    off = deviations(heat, np.ones_like(heat), habits)

    assert np.nanmax(np.abs(off[group == 0])) < 0.3
    assert np.nanmax(np.abs(off[group == 1])) < 1e-9


def test_days_on_which_the_group_was_strange_do_not_widen_a_habit():
    days, group = drawn(3, 10), np.zeros(10, dtype=int)
    hot = days.copy()
    hot[:, 5:15] += 8

    plain, shifted = habits_of(days, group), habits_of(hot, group)

    assert np.median(shifted.sd / plain.sd) < 1.4  # of days that are eight SDs off
    assert np.median(np.abs(shifted.centre - plain.centre)) < 0.6


@pytest.mark.parametrize("count", [0, 1, LEAST_DAYS - 1, LEAST_DAYS])
def test_nothing_is_said_before_enough_days_are_known(count):
    days = np.full((3, HABIT_DAYS, len(MEASURES)), np.nan)
    days[:, :count] = drawn(1, 3, count) if count else 0
    days[:, :count] = np.nan_to_num(days[:, :count])
    today = np.zeros((3, 1, len(MEASURES)))

    off = deviations(today, np.ones_like(today), habits_of(days, np.zeros(3, dtype=int)))

    assert np.isfinite(off).all() == (count >= LEAST_DAYS)
    assert np.isnan(off).all() == (count < LEAST_DAYS)


def test_the_fewer_days_are_known_the_wider_the_band():
    days = np.random.default_rng(5).normal(size=(20, HABIT_DAYS, len(MEASURES)))
    fewer = days.copy()
    fewer[0, LEAST_DAYS:] = np.nan
    group = np.arange(20)

    few, many = habits_of(fewer, group), habits_of(days, group)
    low, high = few.band()

    assert (few.days[0] == LEAST_DAYS).all()
    assert few.sd[0].mean() > many.sd[0].mean()
    np.testing.assert_allclose(high - low, 4 * few.sd)


def test_a_sheet_tells_the_rest_of_a_night():
    day = local_day(PLAIN, PARIS)
    heard = heard_from(day, [(1, 900), (0, 900)])

    (sheet,) = facts_of(heard, [day], shortest_lying_s=GOAT_S).sheets

    rest = of_days([sheet]).values[0, MEASURES.index("night_rest_h")]
    assert timedelta(hours=rest) == sheet.night_last_rise - sheet.night_first_lying


def test_a_look_tells_the_one_that_lies_more_than_is_usual_for_it_and_for_the_group():
    here = [local_day(PLAIN + timedelta(days=place), PARIS) for place in range(HABIT_DAYS + 2)]
    whole = here[0]._replace(end=here[-1].end)
    rng, sheets, spans = np.random.default_rng(1), [], []
    for animal in range(6):
        pairs = [((1, int(rng.integers(1200, 2400))), (0, int(rng.integers(1200, 2400)))) for _ in range(900)]
        heard = heard_from(whole, [piece for pair in pairs for piece in pair])
        if animal == 2:
            heard.seconds[here[-1].start - heard.first + 3600 :] = 0
        sheets.append(facts_of(heard, here[:-2], shortest_lying_s=GOAT_S).sheets)
        spans.append(of_spans(spans_heard(heard, np.array([here[-1].end]), shortest_lying_s=GOAT_S)))

    ill = {sheet.day for sheet in sheets[4][:25]}
    days = [days_until(one, here[-3].day, left_out=ill if animal == 4 else ()) for animal, one in enumerate(sheets)]
    found = look(days, spans, [7] * 6)

    assert found.days.tolist() == [28, 28, 28, 28, 3, 28]
    assert np.isnan(found.scores).tolist() == [False] * 4 + [True, False]
    assert np.nanargmax(found.scores) == 2
    assert found.scores[2] > 2 * np.nanmax(np.delete(found.scores, 2))
    assert found.seen[2, 0] == pytest.approx(1, abs=1.1)
    assert found.seen[2, 0] < found.low[2, 0] < found.high[2, 0]
    assert found.factor == 1


def test_days_told_by_a_collar_are_not_held_to_those_of_a_leg_tag():
    here = [local_day(PLAIN + timedelta(days=place), PARIS) for place in range(HABIT_DAYS)]
    heard = heard_from(here[0]._replace(end=here[-1].end), [(1, 900), (0, 900)])
    heard.inferred[(here[20].start - heard.first) // 900 :] = True
    sheets = facts_of(heard, here, shortest_lying_s=GOAT_S).sheets

    known = {
        inferred: np.isfinite(days_until(sheets, here[-1].day, inferred=inferred)[:, :3]).tolist()
        for inferred in (False, True, None)
    }

    assert known[False] == [[True, True, True]] * 20 + [[False] * 3] * 8
    assert known[True] == known[None] == [[False] * 3] * 20 + [[True, True, False]] * 8  # no interruptions


def test_a_collar_tells_no_interruptions_of_a_span():
    day = local_day(PLAIN, PARIS)
    heard = heard_from(day, [(0, 3600), (1, 240), (0, 3600), (1, 1800)])
    told = [
        of_spans(spans_heard(heard._replace(inferred=inferred), np.array([day.end]), shortest_lying_s=GOAT_S)).values[0]
        for inferred in (heard.inferred, ~heard.inferred)
    ]

    place = MEASURES.index("interruptions")
    assert told[0][place] > 0
    assert np.isnan(told[1][place])
    np.testing.assert_array_equal(np.delete(told[0], place), np.delete(told[1], place))


def test_measures_are_told_as_the_hours_and_numbers_that_they_were_made_of():
    spans = Spans(*(np.array([one]) for one in (86_400, 86_400, 8 * 3600, 24, 9, 3 * 3600, False)))

    assert natural(of_spans(spans).values)[0, :4] == pytest.approx([8, 24, 9, 3])
