"""Hours and days of a place share out all buckets, as its clock shows them."""

from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import containing, edges
from core.timeline import bucket_of, bucket_start

ZONES = ("UTC", "Europe/Paris", "America/Havana", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo")
CHANGES = (  # near which clocks were changed in one of them
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
    datetime(2018, 11, 4, tzinfo=UTC),
)
DAY = 96

zones = st.sampled_from(ZONES).map(ZoneInfo)
buckets = st.builds(lambda at, offset: bucket_of(at) + offset, st.sampled_from(CHANGES), st.integers(-DAY, 2 * DAY))


def runs(first, last, key):
    """Where the key of the buckets changes, by looking at each of them."""
    return [next(run) for _, run in groupby(range(first - 3 * DAY, last + 3 * DAY), key)][1:]


def local_day(zone):
    return lambda bucket: bucket_start(bucket).astimezone(zone).date()


def local_hour(zone):
    def key(bucket):
        local = bucket_start(bucket).astimezone(zone)
        return local.date(), local.hour, local.utcoffset()

    return key


@given(zones, buckets, st.integers(1, 3 * DAY), st.sampled_from(["day", "hour"]), st.integers(1, 30))
def test_periods_are_the_runs_of_buckets_of_one_local_day_or_hour(zone, first, length, resolution, most):
    begins = runs(first, first + length, (local_day if resolution == "day" else local_hour)(zone))
    wanted = [begin for begin in begins if first <= begin < first + length][:most]

    found = edges(first, first + length, resolution, zone, most)

    assert found[:-1] == wanted
    if wanted:
        assert found[-1] == min(begin for begin in begins if begin > wanted[-1])


@given(zones, buckets, st.sampled_from(["15min", "hour", "day"]))
def test_each_bucket_is_in_the_period_that_contains_it(zone, bucket, resolution):
    begin = containing(bucket, resolution, zone)
    found = edges(begin, bucket + 1, resolution, zone, 200)

    assert found[0] == begin
    assert found[-2] <= bucket < found[-1]
    assert len(found) == 2


@pytest.mark.parametrize(
    ("day", "hours"),
    [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)],
    ids=["spring", "autumn", "summer"],
)
def test_days_that_change_the_clock_have_23_and_25_hours(day, hours):
    paris = ZoneInfo("Europe/Paris")
    begin = bucket_of(datetime(*day, tzinfo=paris))

    assert pairs(edges(begin, begin + 1, "day", paris, 1)) == [(begin, begin + 4 * hours)]
    assert len(edges(begin, begin + 4 * hours, "hour", paris, 99)) == hours + 1


def pairs(found):
    return list(pairwise(found))


def test_a_day_that_a_place_left_out_is_left_out():
    apia = ZoneInfo("Pacific/Apia")
    begin = bucket_of(datetime(2011, 12, 28, tzinfo=apia))

    days = edges(begin, begin + 4 * DAY, "day", apia, 10)

    assert [local_day(apia)(bucket).day for bucket in days] == [28, 29, 31, 1, 2]
    assert {later - earlier for earlier, later in pairwise(days)} == {timedelta(days=1) // timedelta(minutes=15)}
