"""What one animal did on one day of its farm, and its bouts: a pure function of its seconds around that day."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from core.timeline import BUCKET_S, EPOCH
from storage.animals.behaviour import Sheet
from stream.behaviour.bouts import STANDING, UNKNOWN, Bout, Bouts, Flags, Postures, Seconds, Stretches, bouts_of
from stream.behaviour.local_day import FOLLOWED_S, REACH_S, LocalDay

INTERRUPTION_S: Final = 300
"""Standing between two lying bouts that lasts no longer interrupts the rest rather than ends it: the animal rose,
turned or was pushed, and lay down again. Our choice; nothing was found that settles it for goats."""

_HOUR_S: Final = 3600


class Heard(NamedTuple):
    """What is known of one animal in whole buckets.

    Attributes:
        first: The first second, since 1970: start of a bucket.
        seconds: Posture of each second: 1 standing, 0 lying, -1 unknown.
        summed: Seconds that were reported as sums; `None` if there are none.
        received: Seconds of each bucket of which anything was received.
        inferred: Buckets that neck collars and ear tags alone told.
    """

    first: int
    seconds: Postures
    summed: Flags | None
    received: Seconds
    inferred: Flags

    def inferred_between(self, start: int, end: int) -> bool:
        """Return whether they told most of what was received in the buckets that begin in `[start, end)`."""
        here = self._begun(start, end)
        return bool(2 * self.received[here][self.inferred[here]].sum() > self.received[here].sum())

    def received_between(self, start: int, end: int) -> int:
        """Return the seconds received in the buckets that begin in `[start, end)`."""
        return int(self.received[self._begun(start, end)].sum())

    def _begun(self, start: int, end: int) -> slice:
        first, last = (max(0, -((self.first - edge) // BUCKET_S)) for edge in (start, end))
        return slice(first, last)


class Facts(NamedTuple):
    """Sheets of an animal's days of which anything was received, and the bouts that began in these days, in order."""

    sheets: list[Sheet]
    bouts: list[Bout]


class _Read(NamedTuple):
    """What is read once for all days of an animal; lying and standing bouts apart."""

    heard: Heard
    bouts: Bouts
    lying: Bouts
    standing: Bouts
    known: Stretches


def facts_of(heard: Heard, days: Sequence[LocalDay], *, shortest_lying_s: int) -> Facts:
    """Return what an animal did on days.

    Args:
        heard: From the first day's `read_from` to the last one's `read_until`, or more.
        days: In order.
        shortest_lying_s: As `bouts_of` takes it.
    """
    bouts, known = bouts_of(heard.seconds, heard.summed, first=heard.first, shortest_lying_s=shortest_lying_s)
    read = _Read(heard, bouts, bouts.only(bouts.lying), bouts.only(~bouts.lying), known)
    received = [(day, seconds) for day in days if (seconds := heard.received_between(day.start, day.end))]
    return Facts(
        [_sheet(read, day, seconds) for day, seconds in received],
        [bout for day, _ in received for bout in _begun(bouts, day)],
    )


def _begun(bouts: Bouts, day: LocalDay) -> Iterator[Bout]:
    """Yield the bouts that began in a day, followed for `FOLLOWED_S` beyond it."""
    limit = day.end + FOLLOWED_S
    for bout in bouts.only(_between(bouts.start, day.start, day.end)).each():
        yield bout if bout.end <= limit else bout._replace(end=limit, open_end=True)


def _sheet(read: _Read, day: LocalDay, received_s: int) -> Sheet:
    ordered = _ordered(read.known, day)
    summed = _summed(read.heard, day)
    standing_s, lying_s = ordered[0] + summed[0], ordered[1] + summed[1]
    counts, until = _counts(read, day, ordered[1])
    inferred = read.heard.inferred_between(day.start, day.end)
    sheet = Sheet(
        day.day,
        _instant(day.start),
        day.end - day.start,
        received_s,
        standing_s + lying_s,
        sum(ordered),
        standing_s,
        lying_s,
        *(counts if any(ordered) else _UNTOLD),
        _instant(until + REACH_S),
        inferred,
    )
    return sheet._replace(interruptions=None) if inferred else sheet


def _ordered(known: Stretches, day: LocalDay) -> tuple[int, int]:
    """Return the seconds of a day that stand and that lie, of those whose order is known."""
    here = slice(np.searchsorted(known.end, day.start, side="right"), np.searchsorted(known.start, day.end))
    length = np.minimum(known.end[here], day.end) - np.maximum(known.start[here], day.start)
    lying_s = int(length[known.lying[here]].sum())
    return int(length.sum()) - lying_s, lying_s


def _summed(heard: Heard, day: LocalDay) -> tuple[int, int]:
    """Return the seconds of a day that stand and that lie, of those reported as sums."""
    if heard.summed is None:
        return 0, 0
    here = slice(max(0, day.start - heard.first), max(0, day.end - heard.first))
    posture = heard.seconds[here][heard.summed[here]]
    standing_s = int(np.count_nonzero(posture == STANDING))
    return standing_s, int(np.count_nonzero(posture != UNKNOWN)) - standing_s


_Counts = tuple[
    int | None,
    int | None,
    int | None,
    int | None,
    float | None,
    float | None,
    int | None,
    datetime | None,
    datetime | None,
]
_UNTOLD: Final[_Counts] = (None, None, None, None, None, None, None, None, None)


def _counts(read: _Read, day: LocalDay, lying_s: int) -> tuple[_Counts, int]:
    """Return what a sheet says from `lying_bouts` on, and the end of what it follows from."""
    lying, standing = read.lying, read.standing
    limit = day.end + FOLLOWED_S
    began = _between(lying.start, day.start, day.end)
    seen_whole = ~(lying.open_start[began] | lying.open_end[began]) & (lying.end[began] <= limit)
    whole = (lying.end[began] - lying.start[began])[seen_whole]
    rested = slice(np.searchsorted(lying.end, day.start, side="right"), began.stop)
    ends = np.minimum(lying.end[rested], limit)
    lengths = ends - np.maximum(lying.start[rested], day.night)
    rises = _seen(lying.end, lying.open_end, day.start, day.end)
    up = _between(standing.start, day.start, day.end)
    brief = standing.end[up] - standing.start[up] <= INTERRUPTION_S
    between = brief & ~(standing.open_start[up] | standing.open_end[up])
    night = _seen(lying.start, lying.open_start, day.night, day.morning)
    dawn = _seen(lying.end, lying.open_end, day.night, day.morning)
    return (
        began.stop - began.start,
        len(_seen(lying.start, lying.open_start, day.start, day.end)),
        len(rises),
        int(lengths.max()) if len(lengths) else None,
        float(whole.mean()) if len(whole) else None,
        len(rises) * _HOUR_S / lying_s if lying_s else None,
        int(np.count_nonzero(between)),
        _instant(int(night[0])) if len(night) else None,
        _instant(int(dawn[-1])) if len(dawn) else None,
    ), max([day.end, *ends.tolist(), *(bout.end for bout in _begun(read.bouts, day))])


def _between(edges: Seconds, start: int, end: int) -> slice:
    first, last = np.searchsorted(edges, (start, end)).tolist()
    return slice(first, last)


def _seen(edges: Seconds, is_open: Flags, start: int, end: int) -> Seconds:
    """Return the edges of bouts in `[start, end)` at which the animal was seen to change its posture."""
    here = _between(edges, start, end)
    return edges[here][~is_open[here]]


def _instant(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)
