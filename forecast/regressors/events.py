"""What happens every day at a time of the farm's clock: milking, feeding, turning out."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from core.timeline import EPOCH
from forecast.inputs import Floats, Seconds


@dataclass(frozen=True, slots=True)
class DailyEvent:
    """Something that takes place every day.

    Attributes:
        name: Events of one name share a column: milking in the morning and in the evening.
        start: Wall time at which it begins, inclusive.
        length: How long it lasts, up to a day. A length, no end: a milking of two hours takes two hours
            on the night of a DST change too.
    """

    name: str
    start: time
    length: timedelta


def event_share(event: DailyEvent, seconds: Seconds, step: timedelta, zone: ZoneInfo) -> Floats:
    """Return the share of each slot, 0 to 1, that falls into the event.

    A start in the hour that DST skips is the same hour after the last full one (02:30 becomes 03:30), one in the hour
    that comes twice is its first coming.

    Args:
        event: The event.
        seconds: Shape `(n,)`, first second since 1970 of each slot.
        step: Length of a slot.
        zone: The zone of the wall clock.
    """
    share = np.zeros(len(seconds))
    step_s = step.total_seconds()
    for day in _days(seconds, zone):
        begin = (datetime.combine(day, event.start, tzinfo=zone) - EPOCH).total_seconds()
        end = begin + event.length.total_seconds()
        share += np.maximum(0.0, np.minimum(seconds + step_s, end) - np.maximum(seconds, begin)) / step_s
    return np.minimum(share, 1.0)


def _days(seconds: Seconds, zone: ZoneInfo) -> list[date]:
    """Return the local dates on which an event that touches the slots may begin."""
    if not len(seconds):
        return []
    first, last = (datetime.fromtimestamp(int(edge), zone).date() for edge in (seconds[0], seconds[-1]))
    return [first + timedelta(days=day) for day in range(-1, (last - first).days + 2)]
