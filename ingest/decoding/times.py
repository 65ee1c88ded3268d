"""Time in a payload: RFC 3339 with an offset, or epoch milliseconds; and which times are admitted."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from core.readings import Rejected
from core.timeline import from_ms, to_ms
from ingest.decoding.refusals import Code, refuse, shortened

Time = Annotated[datetime, Meta(tz=True)] | int | float
"""What a device may send as `time`; a datetime without offset does not decode."""

EARLIEST: Final = 946_684_800_000
"""2000-01-01T00:00:00Z in milliseconds since 1970: a clock that says less was reset, or counts seconds."""

_LATEST_SHOWN: Final = 253_402_300_800_000  # year 10000, where datetime ends
_MICROSECONDS: Final = 100_000_000_000_000  # as milliseconds the year 5138, as microseconds 1973


def instant(time: datetime | float, field: str) -> int:
    """Return a payload's time in whole milliseconds since 1970; a fraction of a millisecond is cut off."""
    if type(time) is int:
        return time
    if isinstance(time, datetime):
        return to_ms(time)
    if not time.is_integer():
        refuse("malformed", f"{field} is {shortened(time)}: epoch milliseconds are a whole number")
    return int(time)


def judge(first: int, last: int, oldest: int, newest: int) -> Rejected | None:
    """Say why the instants `[first, last]` of a reading are not admitted, or None.

    Args:
        first: The earliest instant, in milliseconds since 1970; not before 2000.
        last: The latest instant, which counts for age and future.
        oldest: The least `last` that is admitted.
        newest: The greatest `last` that is admitted.
    """
    if first < EARLIEST:
        hint = "was the device's clock reset, or were seconds sent in place of milliseconds?"
        return _rejected("out_of_range", first, f"is before 2000: {hint}")
    if last > newest:
        hint = "; were microseconds sent in place of milliseconds?" if last >= _MICROSECONDS else ""
        return _rejected("future", last, f"is later than {shown(newest)}, the latest that is admitted{hint}")
    if last < oldest:
        return _rejected("too_old", last, f"is earlier than {shown(oldest)}, the earliest that is admitted")
    return None


def shown(ms: int) -> str:
    """Write milliseconds since 1970 as a time where that is possible, as a number where not."""
    if -EARLIEST <= ms < _LATEST_SHOWN:
        return from_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{shortened(ms)} ms"


def _rejected(code: Code, ms: int, why: str) -> Rejected:
    return Rejected(code, f"time {shown(ms)} {why}")
