"""What flushes took, gathered by the minute until a flush of another minute writes it."""

from collections.abc import Sequence
from uuid import uuid4

from storage.evidence.flush_minutes import FlushMinute


def noted(minutes: Sequence[FlushMinute], minute: int, messages: int, took_s: float) -> list[FlushMinute]:
    """Return minutes with one more flush, that ended in a minute; a clock that was set back begins another row."""
    if not minutes or minutes[-1].minute != minute:
        return [*minutes, FlushMinute(minute, uuid4(), 1, messages, took_s, took_s)]
    *before, (_, row, flushes, settled, took, longest) = minutes
    more = FlushMinute(minute, row, flushes + 1, settled + messages, took + took_s, max(longest, took_s))
    return [*before, more]


def over(minutes: Sequence[FlushMinute], minute: int) -> list[FlushMinute]:
    """Return those that get no more flushes, as it is another minute now."""
    return [one for one in minutes if one.minute != minute]
