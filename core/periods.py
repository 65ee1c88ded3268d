"""Hours and days of a place as runs of buckets: in local time, with the 23 and 25 hours of days that change the clock.

A period is known by the number of its first bucket and ends where the next one begins, so periods never overlap and
leave no gap. A day begins with the first bucket at or behind its first local midnight; an hour begins where the local
clock shows another hour or another offset than a bucket before.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import count
from typing import Final, Literal

from core.timeline import BUCKET, EPOCH, bucket_start

Resolution = Literal["15min", "hour", "day"]

_DAY: Final = timedelta(days=1)


def containing(bucket: int, resolution: Resolution, zone: tzinfo) -> int:
    """Return the first bucket of the period that holds a bucket."""
    if resolution == "15min":
        return bucket
    if resolution == "hour":
        return next(earlier for earlier in count(bucket, -1) if _begins_hour(earlier, zone))
    today = bucket_start(bucket).astimezone(zone).date()
    return next(begin for day in (today + _DAY, today, today - _DAY) if (begin := _midnight(day, zone)) <= bucket)


def edges(first: int, last: int, resolution: Resolution, zone: tzinfo, most: int) -> list[int]:
    """Return the beginnings of the first periods that begin in `[first, last)`, and the end of the last of these.

    Args:
        first: Number of a bucket.
        last: Number of a bucket, not included.
        resolution: How long periods are.
        zone: Where.
        most: Periods, at the most.

    Returns:
        Numbers of buckets, rising: one more than there are periods, or none if there is no period.
    """
    found: list[int] = []
    for begin in _beginnings(first, resolution, zone):
        found.append(begin)
        if begin >= last or len(found) > most:
            break
    return found if len(found) > 1 else []


def _beginnings(first: int, resolution: Resolution, zone: tzinfo) -> Iterator[int]:
    if resolution == "15min":
        yield from count(first)
    elif resolution == "hour":
        yield from (bucket for bucket in count(first) if _begins_hour(bucket, zone))
    else:
        yield from _days(first, zone)


def _days(first: int, zone: tzinfo) -> Iterator[int]:
    day, latest = bucket_start(first).astimezone(zone).date() - _DAY, first - 1
    for days in count():
        begin = _midnight(day + days * _DAY, zone)
        if begin > latest:  # a day that a place left out begins where the next one does
            yield begin
            latest = begin


def _midnight(day: date, zone: tzinfo) -> int:
    begin = datetime.combine(day, time(), zone)
    return -((EPOCH - begin) // BUCKET)  # rounded up


def _begins_hour(bucket: int, zone: tzinfo) -> bool:
    return _hour(bucket, zone) != _hour(bucket - 1, zone)


def _hour(bucket: int, zone: tzinfo) -> tuple[int, timedelta | None]:
    local = bucket_start(bucket).astimezone(zone)
    return local.hour, local.utcoffset()
