"""Dates as people write them, on the wall clock of a time zone, turned into instants.

Understood are ISO 8601 (`2025-12-31T14:30`, with or without an offset) and day first (`31/12/2025 14:30`,
`31.12.2025`); seconds are optional, a date alone is its first moment. A date with an offset is an instant already.
One without is the wall clock of a named zone, where twice a year that is not enough:

- an hour is repeated: in a file sorted by time the first pass is taken until time would go back, then the second;
  a file that begins or has but one pass within such an hour is taken to mean the first;
- an hour is missing: such a time is refused. Whoever recorded it did not use this zone; a clock that never changes
  is named by a fixed zone, such as `Etc/GMT-1` for winter time in Paris.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from core.errors import AnimovError, NotFoundError
from core.problem_texts import say

_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?")
_OF_NO_PLACE: Final = frozenset({"Factory", "localtime", "posixrules"})
_OTHER_TREES: Final = ("posix/", "right/")
"""What lies beside the zones in many installations; clocks of the latter count leap seconds."""

_YEARS: Final = range(1900, 2200)

_DAY_FIRST: Final = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:[T ](\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
)


class TimeError(AnimovError):
    """A date can't be read, or does not exist on the wall clock."""


def zone_named(name: str) -> ZoneInfo:
    """Return a zone of the IANA data base, such as `Europe/Paris`.

    Raises:
        NotFoundError: there is no such zone, or it is one of nowhere: that of this machine, or a mere placeholder.
    """
    if name in _OF_NO_PLACE or name.startswith(_OTHER_TREES):
        raise NotFoundError("time zone", name)
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise NotFoundError("time zone", name) from None


def parse_time(text: str) -> datetime:
    """Read a date, aware if it has an offset and naive if not; digits beyond microseconds are cut off.

    >>> parse_time("31/12/2025 14:30"), parse_time("2025-12-31")
    (datetime.datetime(2025, 12, 31, 14, 30), datetime.datetime(2025, 12, 31, 0, 0))

    Raises:
        TimeError: the text is no date in one of the known forms.
    """
    text = text.strip()
    try:
        if _ISO.fullmatch(text):
            return _near(datetime.fromisoformat(text))
        if parts := _DAY_FIRST.fullmatch(text):
            return _near(_day_first(parts))
    except ValueError as error:
        sentence = "date_days_first" if _DAY_FIRST.fullmatch(text) else "date_impossible"
        raise TimeError(say(sentence, text=repr(text), why=error)) from None
    raise TimeError(say("date_unknown_form", text=repr(text[:60])))


def _near(date: datetime) -> datetime:
    if date.year not in _YEARS:
        raise ValueError(f"the year {date.year} is too far away")
    return date


def _day_first(parts: re.Match[str]) -> datetime:
    day, month, year, hour, minute, second = (int(part or 0) for part in parts.group(1, 3, 4, 5, 6, 7))
    microsecond = int((parts[8] or "").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001 - it is a wall clock


class WallClock:
    """Turns the dates of one sorted series into instants; it remembers the last, to tell the repeated hour's passes."""

    def __init__(self, zone: tzinfo, *, distinct: bool = True) -> None:
        """Begin a series.

        Args:
            zone: Where dates without an offset are meant.
            distinct: Each row has a time of its own, so that an equal one within a repeated hour is the second pass;
                if not, equal times are rows of the same moment.
        """
        self._zone = zone
        self._least_step = timedelta(microseconds=1) if distinct else timedelta(0)
        self._last: datetime | None = None

    def instant(self, date: datetime) -> datetime:
        """Return the UTC instant of the series' next date.

        Raises:
            TimeError: the date falls into an hour that the zone's clock skipped, or out of all calendars.
        """
        try:
            self._last = date.astimezone(UTC) if date.tzinfo else self._placed(date)
        except OverflowError:
            raise TimeError(say("date_too_far", date=date)) from None
        return self._last

    def _placed(self, date: datetime) -> datetime:
        first = date.replace(tzinfo=self._zone, fold=0).astimezone(UTC)
        second = date.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        if first == second:
            return first
        if second < first:  # PEP 495: the fold of a skipped hour runs backwards
            raise TimeError(say("date_skipped", date=date, zone=self._zone))
        went_back = self._last is not None and first < self._last + self._least_step
        return second if went_back else first
