"""When a collar has fallen silent, and when a whole farm has: pure functions of what was heard when.

A collar is silent when nothing was heard of it for longer than its own last days make one expect. Many at once are
one matter, of the gateway or of the node.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from storage.animals.watching_animals import Heard

LEARNED_FROM: Final = timedelta(days=7)
"""A week holds each of a farm's routines."""

USUAL_RANK: Final = 2
"""A pause that came twice within `LEARNED_FROM` is a habit (a far pasture, an upload every hour); once is a mishap."""

MARGIN: Final = 1.25
"""A silence outlasts the usual pause by a quarter of it."""

LONGEST: Final = timedelta(hours=24)
"""Whatever is usual: who has not been heard for a day is silent."""

LEAST_COLLARS: Final = 3
"""Fewer are no whole farm: two neighbours may stand behind one hill."""

BEFORE: Final = timedelta(hours=1)
"""What fell silent so much earlier than the farm, did so for a reason of its own."""


class Silence(NamedTuple):
    """A span without a sign of a collar; `until` is `None` while it goes on."""

    since: datetime
    until: datetime | None


def limit_of(pauses_s: Sequence[float], least: timedelta) -> timedelta:
    """Return after which silence a collar is called silent.

    Args:
        pauses_s: Its pauses in the last days, seconds, in any order; to a quarter of an hour.
        least: Never before.

    >>> limit_of([7200.0, 36_000.0, 7200.0], timedelta(minutes=30)).total_seconds() / 3600
    2.5
    """
    usual = sorted(pauses_s, reverse=True)[USUAL_RANK - 1 : USUAL_RANK]
    return max(least, min(LONGEST, MARGIN * timedelta(seconds=usual[0]))) if usual else least


def silence_at(heard: Sequence[Heard], instant: datetime, worn_since: datetime | None) -> Silence | None:
    """Return the silence that an instant lies in; `None` if something was heard then, or nothing ever before.

    Args:
        heard: In order of time; nothing else was heard from the first on.
        instant: UTC.
        worn_since: Silence before the collar was put on does not count.
    """
    ends = [one.end for one in heard if one.start <= instant]
    if not ends and worn_since is None:
        return None
    since = max(one for one in (max(ends, default=None), worn_since) if one is not None)
    after = min((one.start for one in heard if one.start > instant), default=None)
    return Silence(since, after) if since <= instant else None


def is_widespread(concerned: int, of: int, *, already: bool) -> bool:
    """Tell whether something concerns a farm rather than single ones of it: from half on, down to a quarter.

    >>> [is_widespread(n, 8, already=False) for n in (3, 4)], [is_widespread(n, 8, already=True) for n in (2, 3)]
    ([False, True], [False, True])
    """
    return 4 * concerned > of if already else concerned >= LEAST_COLLARS and 2 * concerned >= of


def outage_since(sinces: Sequence[datetime], of: int) -> datetime:
    """Return when half of so many collars had fallen silent, or the last of those that have."""
    return sorted(sinces)[min(len(sinces), max(LEAST_COLLARS, -(-of // 2))) - 1]
