"""Quiet hours and the time of the digest on a farm's wall clock, through changes of the clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.alerting.notice_channels import Rule
from stream.notifying.hours import last_digest, quiet_until

PARIS = ZoneInfo("Europe/Paris")
NIGHT = Rule(quiet_from=time(22), quiet_until=time(6))
QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("evening", "hours"),
    [
        (datetime(2026, 3, 28, tzinfo=UTC), 7),
        (datetime(2026, 10, 24, tzinfo=UTC), 9),
        (datetime(2026, 5, 1, tzinfo=UTC), 8),
    ],
)
def test_the_night_in_which_clocks_change_is_quiet_for_an_hour_less_or_more(evening, hours):
    minutes = [evening + timedelta(hours=12, minutes=minute) for minute in range(24 * 60)]
    quiet = [minute for minute in minutes if quiet_until(NIGHT, PARIS, minute)]

    assert len(quiet) == hours * 60
    assert quiet == minutes[minutes.index(quiet[0]) :][: len(quiet)]
    assert quiet[0].astimezone(PARIS).time() == time(22)
    assert {quiet_until(NIGHT, PARIS, minute) for minute in quiet} == {quiet[-1] + timedelta(minutes=1)}
    assert (quiet[-1] + timedelta(minutes=1)).astimezone(PARIS).time() == time(6)


def test_an_end_that_the_clock_shows_twice_is_the_first():
    rule = Rule(quiet_from=time(22), quiet_until=time(2, 30))
    end = quiet_until(rule, PARIS, datetime(2026, 10, 24, 23, tzinfo=UTC))
    assert end == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert quiet_until(rule, PARIS, datetime(2026, 10, 25, 1, 10, tzinfo=UTC)) is None


times = st.times().map(lambda at: at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0))


@given(start=times, end=times, quarters=st.integers(0, 95))
def test_on_days_without_a_change_quiet_is_what_the_clock_says(start, end, quarters):
    rule = Rule(quiet_from=start, quiet_until=end)
    now = datetime(2026, 5, 1, tzinfo=UTC) + quarters * QUARTER
    shown = now.astimezone(PARIS).time()
    expected = start <= shown < end if start < end else (shown >= start or shown < end) and start != end
    assert (quiet_until(rule, PARIS, now) is not None) == expected


def test_a_farm_that_wants_no_quiet_has_none():
    assert quiet_until(Rule(), PARIS, datetime(2026, 5, 1, tzinfo=UTC)) is None


@given(at=times, quarter=st.integers(0, 96 * 14))
@pytest.mark.parametrize("first", [datetime(2026, 3, 24, tzinfo=UTC), datetime(2026, 10, 20, tzinfo=UTC)])
def test_a_digest_is_due_once_for_each_day(first, at, quarter):
    """The last one is not in the future, not more than 25 hours ago, and the same until the next."""
    rule = Rule(digest_at=at)
    now = first + quarter * QUARTER
    due, next_due = last_digest(rule, PARIS, now), last_digest(rule, PARIS, now + timedelta(days=1))
    assert due <= now < due + timedelta(hours=25)
    assert (next_due.astimezone(PARIS).date() - due.astimezone(PARIS).date()).days in {1, 2}
    assert last_digest(rule, PARIS, due) == due
    assert last_digest(rule, PARIS, due - timedelta(microseconds=1)) < due


def test_a_farm_that_wants_no_digest_has_none():
    assert last_digest(Rule(digest_at=None), PARIS, datetime(2026, 5, 1, tzinfo=UTC)) is None
