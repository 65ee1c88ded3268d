# ruff: noqa: DTZ001 - wall-clock times without a zone are the subject
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotFoundError
from core.wallclock import TimeError, WallClock, parse_time, zone_named

PARIS = ZoneInfo("Europe/Paris")
FALL = datetime(2025, 10, 26, 1, 0, tzinfo=UTC)  # clocks go from 3:00 back to 2:00
SPRING = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # clocks go from 2:00 on to 3:00


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-12-31", datetime(2025, 12, 31)),
        ("2025-12-31 14:30", datetime(2025, 12, 31, 14, 30)),
        ("2025-12-31T14:30:15", datetime(2025, 12, 31, 14, 30, 15)),
        ("2025-12-31T14:30:15.5", datetime(2025, 12, 31, 14, 30, 15, 500_000)),
        ("2025-12-31T14:30:15,123456789", datetime(2025, 12, 31, 14, 30, 15, 123_456)),
        ("2025-12-31T14:30Z", datetime(2025, 12, 31, 14, 30, tzinfo=UTC)),
        ("2025-12-31 14:30:00+02:00", datetime(2025, 12, 31, 14, 30, tzinfo=timezone(timedelta(hours=2)))),
        (" 31/12/2025 14:30 ", datetime(2025, 12, 31, 14, 30)),
        ("1/2/2025 4:05", datetime(2025, 2, 1, 4, 5)),
        ("31.12.2025", datetime(2025, 12, 31)),
        ("31-12-2025 14:30:15.25", datetime(2025, 12, 31, 14, 30, 15, 250_000)),
    ],
)
def test_dates_are_read_in_every_form(text, expected):
    read = parse_time(text)

    assert (read, read.tzinfo is None) == (expected, expected.tzinfo is None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("12/31/2025", "days come before months"),
        ("31/12.2025", "is not a date such as"),
        ("2025-W01-1", "is not a date such as"),
        ("2025-13-01", "is not a date"),
        ("20251231", "is not a date such as"),
        ("2025-12-31 25:00", "is not a date"),
        ("", "is not a date such as"),
        ("1" * 5000, "is not a date such as"),
    ],
)
def test_what_is_no_date_is_refused(text, told):
    with pytest.raises(TimeError, match=told):
        parse_time(text)


@given(
    change=st.sampled_from([FALL, SPRING]),
    first=st.integers(-12, -5),
    steps=st.lists(st.sampled_from([1, 1, 2, 3]), max_size=20),
)
def test_a_sorted_series_of_wall_clock_times_comes_back_as_the_instants(change, first, steps):
    """The oracle goes the other way: from instants to the wall clock. Steps are quarters of an hour."""
    quarters = [first]
    for step in steps:
        quarters.append(quarters[-1] + step)
    instants = [change + timedelta(minutes=15 * quarter) for quarter in quarters]
    written = [instant.astimezone(PARIS).replace(tzinfo=None, fold=0) for instant in instants]

    clock = WallClock(PARIS)
    read = [clock.instant(date) for date in written]

    for index, (got, wanted) in enumerate(zip(read, instants, strict=True)):
        # without a row that went back, nothing tells the second pass from the first
        could_be_first_pass = all(later > earlier for earlier, later in pairwise(written[: index + 1]))
        assert got == wanted or (could_be_first_pass and wanted - got == timedelta(hours=1))


def test_the_second_pass_of_the_repeated_hour_is_told_by_the_order():
    clock = WallClock(PARIS)
    dates = ["01:45", "02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30", "02:45", "03:00"]

    read = [clock.instant(parse_time(f"2025-10-26 {date}")) for date in dates]

    assert read == [FALL + timedelta(minutes=15 * quarter) for quarter in range(-5, 5)]


@pytest.mark.parametrize(("distinct", "second"), [(True, FALL), (False, FALL - timedelta(hours=1))])
def test_an_equal_time_is_the_second_pass_only_if_rows_have_times_of_their_own(distinct, second):
    clock = WallClock(PARIS, distinct=distinct)
    date = datetime(2025, 10, 26, 2, 0)

    assert [clock.instant(date), clock.instant(date)] == [FALL - timedelta(hours=1), second]


def test_a_skipped_hour_is_refused():
    clock = WallClock(PARIS)
    assert clock.instant(datetime(2026, 3, 29, 1, 59)) == SPRING - timedelta(minutes=1)
    for minute in (0, 59):
        with pytest.raises(TimeError, match=f"02:{minute:02}:00 does not exist in Europe/Paris"):
            clock.instant(datetime(2026, 3, 29, 2, minute))
    assert clock.instant(datetime(2026, 3, 29, 3, 0)) == SPRING


def test_an_offset_wins_over_the_zone():
    assert WallClock(PARIS).instant(parse_time("2026-03-29T02:30+01:00")) == SPRING + timedelta(minutes=30)


def test_dates_at_the_ends_of_the_calendar_are_refused():
    with pytest.raises(TimeError, match="too far away"):
        WallClock(PARIS).instant(datetime(1, 1, 1))


def test_zones_are_found_by_name():
    assert zone_named("Europe/Paris") is PARIS
    for name in (
        "Europe/Atlantis",
        "",
        "../../etc/passwd",
        "Europe",
        "a\0b",
        "Factory",
        "localtime",
        "posixrules",
        "right/UTC",
        "posix/UTC",
    ):
        with pytest.raises(NotFoundError, match="there is no time zone"):
            zone_named(name)
