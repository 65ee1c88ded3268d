"""Days and nights as a farm has them: from midnight to midnight on its wall clock, 23 or 25 hours twice a year."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from core.timeline import BUCKET, EPOCH
from stream.behaviour import bouts, smoothing

NIGHT_STARTS: Final = time(20)
NIGHT_ENDS: Final = time(8)
"""On the wall clock: twelve hours that hold the dark ones of the temperate zones but in deepest winter."""

FOLLOWED_S: Final = 86_400
"""A bout is followed for a day beyond the day that it began in; one that goes on is told as open."""

REACH_S: Final = bouts.REACH_S + smoothing.REACH_S
"""Further away from what a sheet tells of nothing matters: bouts are read from what is smoothed."""

_ONE: Final = timedelta(days=1)


class LocalDay(NamedTuple):
    """A day of a farm, in seconds since 1970.

    Attributes:
        day: Date on the wall clock.
        night: Start of the night before it.
        start: First second, inclusive.
        morning: End of that night.
        end: Exclusive.
    """

    day: date
    night: int
    start: int
    morning: int
    end: int

    @property
    def read_from(self) -> int:
        """First second that its sheet may follow from."""
        return self.night - REACH_S

    @property
    def read_until(self) -> int:
        """End of the seconds that its sheet may follow from."""
        return self.end + FOLLOWED_S + REACH_S


def local_day(day: date, zone: ZoneInfo) -> LocalDay:
    """Return a day of a zone.

    >>> day = local_day(date(2026, 3, 29), ZoneInfo("Europe/Paris"))
    >>> (day.end - day.start) / 3600
    23.0
    """
    night, start, morning, end = (
        int((datetime.combine(on, at, tzinfo=zone).astimezone(UTC) - EPOCH).total_seconds())
        for on, at in ((day - _ONE, NIGHT_STARTS), (day, time()), (day, NIGHT_ENDS), (day + _ONE, time()))
    )
    return LocalDay(day, night, start, morning, end)


def days_touched(bucket: datetime, zone: ZoneInfo) -> list[LocalDay]:
    """Return the days whose sheets may follow from a bucket, in order."""
    date_there = bucket.astimezone(zone).date()
    first = int((bucket - EPOCH).total_seconds())
    last = first + int(BUCKET.total_seconds())
    near = [local_day(date_there + step * _ONE, zone) for step in (-2, -1, 0, 1)]
    return [day for day in near if day.read_from < last and first < day.read_until]
