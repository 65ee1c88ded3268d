"""What flushes took, gathered by the minute until a flush of another minute writes it."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from storage.evidence.flush_minutes import FlushMinute


def noted(minutes: Sequence[FlushMinute], minute: int, messages: int, took_s: float) -> list[FlushMinute]:
    """Return minutes with one more flush, that ended in a minute; a clock that was set back begins another row."""
    if not minutes or minutes[-1].minute != minute:
        return [*minutes, FlushMinute(minute, uuid4(), 1, messages, took_s, took_s)]
    *before, last = minutes
    more = replace(
        last,
        flushes=last.flushes + 1,
        messages=last.messages + messages,
        took_s=last.took_s + took_s,
        longest_s=max(last.longest_s, took_s),
    )
    return [*before, more]


def over(minutes: Sequence[FlushMinute], minute: int) -> list[FlushMinute]:
    """Return those that get no more flushes, as it is another minute now."""
    return [one for one in minutes if one.minute != minute]
