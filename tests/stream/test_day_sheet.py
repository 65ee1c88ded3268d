"""A day's sheet, by hand and against loops over bouts, on days of 23, 24 and 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.timeline import BUCKET, EPOCH
from stream.behaviour.bouts import bouts_of
from stream.behaviour.day_sheet import Heard, facts_of
from stream.behaviour.local_day import days_touched, local_day

PARIS = ZoneInfo("Europe/Paris")
SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 5, 1)
GOAT_S = 60


def heard_on(day, told, *, summed=None, inferred=False):
    """Everything unknown around a day, but what is told: `(start, posture, end)` in hours from its midnight."""
    first, last = day.read_from // 900 * 900, -(-day.read_until // 900) * 900
    seconds, mask = (np.full(last - first, value) for value in (np.int8(-1), np.False_))
    for start, posture, end in told:
        here = slice(max(0, int(day.start + start * 3600 - first)), max(0, int(day.start + end * 3600 - first)))
        seconds[here] = posture
    for start, end in summed or ():
        mask[int(day.start + start * 3600 - first) : int(day.start + end * 3600 - first)] = True
    received = (seconds.reshape(-1, 900) >= 0).sum(axis=1)
    return Heard(first, seconds, mask if summed else None, received, np.full(len(received), inferred))


def sheet_on(day, told, **more):
    found = facts_of(heard_on(day, told, **more), [day], shortest_lying_s=GOAT_S).sheets
    return found[0] if found else None


def at(day, hours):
    return EPOCH + timedelta(seconds=day.start + hours * 3600)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (PLAIN, 24)])
def test_a_day_is_as_long_as_it_is_on_the_farm(day, hours):
    here = local_day(day, PARIS)

    sheet = sheet_on(here, [(-30, 1, 60)])

    assert (sheet.day_s, sheet.known_s, sheet.standing_s) == (3600 * hours,) * 3
    assert sheet.start == datetime.combine(day, datetime.min.time(), PARIS).astimezone(UTC)
    assert sheet.coverage == 1


def test_a_day_by_hand():
    day = local_day(PLAIN, PARIS)
    told = [
        *[(-6, 1, -3), (-3, 0, -1), (-1, 1, 1)],  # the evening before: lies from 21:00 to 23:00
        *[(1, 0, 3), (3, 1, 3 + 4 / 60), (3 + 4 / 60, 0, 5)],  # up for four minutes
        *[(5, 1, 10), (10, 0, 11), (11, 1, 12), (13, 0, 14)],  # nothing is known from 12:00 to 13:00
        *[(14, 1, 23), (23, 0, 25), (25, 1, 26)],  # lies over midnight
    ]

    sheet = sheet_on(day, told)

    assert sheet.known_s == sheet.ordered_s == sheet.received_s == 23 * 3600
    assert sheet.lying_s == (2 + 2 + 1 + 1 + 1) * 3600 - 240
    assert sheet.standing_s == sheet.known_s - sheet.lying_s
    assert (sheet.lying_bouts, sheet.lie_downs, sheet.rises, sheet.interruptions) == (5, 4, 4, 1)
    assert sheet.longest_lying_s == 2 * 3600
    assert sheet.mean_lying_s == (2 + (2 - 4 / 60) + 1 + 2) / 4 * 3600  # without the one whose start nobody saw
    assert sheet.fragmentation == pytest.approx(4 / (7 - 4 / 60))
    assert (sheet.night_first_lying, sheet.night_last_rise) == (at(day, -3), at(day, 5))
    assert sheet.until == at(day, 27) + timedelta(minutes=20)  # what smoothing reaches, and a quarter of an hour


def test_one_that_never_rises_is_told_as_lying_for_as_long_as_is_looked_at():
    day = local_day(PLAIN, PARIS)

    sheet = sheet_on(day, [(-9, 0, 60)])

    assert (sheet.lying_bouts, sheet.rises, sheet.fragmentation) == (0, 0, 0)
    assert sheet.longest_lying_s == (4 + 24 + 24) * 3600
    assert sheet.mean_lying_s is None


def test_sums_count_for_hours_and_for_nothing_else():
    day = local_day(PLAIN, PARIS)

    some = sheet_on(day, [(0, 0, 2), (2, 1, 4), (4, 0, 5)], summed=[(0, 3)])
    only = sheet_on(day, [(0, 0, 2), (2, 1, 4)], summed=[(0, 4)])

    assert (some.known_s, some.lying_s, some.ordered_s, some.lying_bouts, some.rises) == (18000, 10800, 7200, 1, 0)
    assert (only.known_s, only.lying_s, only.ordered_s) == (14400, 7200, 0)
    assert (only.lying_bouts, only.longest_lying_s, only.fragmentation, only.interruptions) == (None,) * 4


def test_a_day_of_which_nothing_was_received_has_no_sheet():
    assert sheet_on(local_day(PLAIN, PARIS), [(-5, 1, 0), (24, 0, 30)]) is None


lengths = st.sampled_from([30, 60, 240, 300, 301, 900, 3600, 5 * 3600, 11 * 3600, 30 * 3600])
pieces = st.lists(st.tuples(st.sampled_from([1, 0, -1]), lengths), min_size=1, max_size=14)
days = st.sampled_from([SPRING, AUTUMN, PLAIN])


def heard_from(day, told):
    first, last = day.read_from // 900 * 900, -(-day.read_until // 900) * 900
    told = np.concatenate([np.full(length, posture, dtype=np.int8) for posture, length in told])
    seconds = np.resize(told, last - first)
    buckets = len(seconds) // 900
    return Heard(first, seconds, None, np.full(buckets, 900), np.zeros(buckets, dtype=bool))


def seconds_of(known, start, end):
    """Return seconds standing and lying within `[start, end)`, stretch by stretch."""
    sums = [0, 0]
    for first, last, lying in zip(*known, strict=True):
        sums[bool(lying)] += max(0, min(last, end) - max(first, start))
    return sums


@settings(max_examples=40)
@given(day=days, told=pieces)
def test_a_sheet_is_what_loops_over_the_bouts_say(day, told):
    day = local_day(day, PARIS)
    heard = heard_from(day, told)

    (sheet,), begun = facts_of(heard, [day], shortest_lying_s=GOAT_S)

    bouts, known = bouts_of(heard.seconds, first=heard.first, shortest_lying_s=GOAT_S)
    limit = day.end + 86_400
    here = [bout for bout in bouts.each() if day.start <= bout.start < day.end]
    assert begun == [bout if bout.end <= limit else bout._replace(end=limit, open_end=True) for bout in here]
    lying = [bout for bout in bouts.each() if bout.lying]
    began = [bout for bout in lying if day.start <= bout.start < day.end]
    closed = [bout for bout in began if not (bout.open_start or bout.open_end) and bout.end <= day.end + 86_400]
    whole = [bout.end - bout.start for bout in closed]
    rises = [bout.end for bout in lying if day.start <= bout.end < day.end and not bout.open_end]
    short = [
        bout
        for bout in bouts.each()
        if not bout.lying and day.start <= bout.start < day.end and not bout.open_start and not bout.open_end
    ]
    downs_at_night = [bout.start for bout in lying if day.night <= bout.start < day.morning and not bout.open_start]
    ups_at_night = [bout.end for bout in lying if day.night <= bout.end < day.morning and not bout.open_end]
    touched = [bout for bout in lying if bout.end > day.start and bout.start < day.end]
    longest = [min(bout.end, day.end + 86_400) - max(bout.start, day.night) for bout in touched]
    standing_s, lying_s = seconds_of(known, day.start, day.end)
    assert (sheet.standing_s, sheet.lying_s) == (standing_s, lying_s)
    if sheet.ordered_s:
        assert sheet.lying_bouts == len(began)
        assert sheet.lie_downs == sum(not bout.open_start for bout in began)
        assert sheet.rises == len(rises)
        assert sheet.longest_lying_s == max(longest, default=None)
        assert sheet.mean_lying_s == (pytest.approx(np.mean(whole)) if whole else None)
        assert sheet.fragmentation == (pytest.approx(len(rises) / (lying_s / 3600)) if lying_s else None)
        assert sheet.interruptions == sum(bout.end - bout.start <= 300 for bout in short)
        assert sheet.night_first_lying == (EPOCH + timedelta(seconds=downs_at_night[0]) if downs_at_night else None)
        assert sheet.night_last_rise == (EPOCH + timedelta(seconds=ups_at_night[-1]) if ups_at_night else None)


@settings(max_examples=40)
@given(day=days, told=pieces, other=pieces)
def test_nothing_later_than_until_has_a_say(day, told, other):
    day = local_day(day, PARIS)
    heard = heard_from(day, told)
    (sheet,) = facts_of(heard, [day], shortest_lying_s=GOAT_S).sheets
    seconds, until = heard.seconds.copy(), int((sheet.until - EPOCH).total_seconds()) - heard.first
    seconds[until:] = heard_from(day, other).seconds[until:]

    assert facts_of(heard._replace(seconds=seconds), [day], shortest_lying_s=GOAT_S).sheets == [sheet]


@settings(max_examples=40)
@given(day=days, told=pieces, others=st.tuples(pieces, pieces))
def test_a_sheet_does_not_depend_on_what_else_was_read(day, told, others):
    day = local_day(day, PARIS)
    heard = heard_from(day, told)
    before, after = (heard_from(day, other) for other in others)
    wide = Heard(
        before.first - len(before.seconds) + len(before.seconds) % 900,
        np.concatenate([before.seconds, heard.seconds, after.seconds]),
        None,
        np.concatenate([before.received, heard.received, after.received]),
        np.concatenate([before.inferred, heard.inferred, after.inferred]),
    )

    sheets = [facts_of(one, [day], shortest_lying_s=GOAT_S).sheets for one in (heard, wide)]

    assert sheets[0] == sheets[1]


@given(told=st.lists(st.tuples(st.integers(0, 900), st.booleans()), min_size=96, max_size=96))
def test_a_day_is_told_by_what_told_most_of_it_and_collars_count_no_interruptions(told):
    day = local_day(PLAIN, PARIS)
    heard = heard_from(day, [(0, 3600), (1, 240), (0, 3600), (1, 1800)])
    here = slice((day.start - heard.first) // 900, (day.end - heard.first) // 900)
    received, inferred = heard.received.copy(), ~heard.inferred
    received[here], inferred[here] = zip(*told, strict=True)
    heard = heard._replace(received=received, inferred=inferred)

    sheets = facts_of(heard, [day], shortest_lying_s=GOAT_S).sheets

    by_necks = sum(seconds for seconds, by_neck in told if by_neck) > sum(seconds for seconds, by_neck in told) / 2
    assert [(sheet.inferred, sheet.interruptions is None) for sheet in sheets] == [(by_necks, by_necks)] * len(sheets)
    assert len(sheets) == any(seconds for seconds, _ in told)


@pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])
def test_a_bucket_touches_the_days_that_read_it(day):
    here = local_day(day, PARIS)
    for bucket in range(here.read_from // 900 - 3, here.read_until // 900 + 3):
        touched = day in {one.day for one in days_touched(EPOCH + bucket * BUCKET, PARIS)}

        assert touched == (here.read_from < (bucket + 1) * 900 and bucket * 900 < here.read_until)
