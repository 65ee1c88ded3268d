"""Keeps the daily sheets and the bouts of a farm's animals up with their windows.

What is marked by the change feed is worked out again, and nothing else; a farm whose time zone or species changes is
marked as a whole. The sheets are those that one would get by working all of them out from the windows.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from core.timeline import EPOCH
from core.wallclock import zone_named
from storage.animals import behaviour
from storage.animals.behaviour import Sheet
from storage.animals.bouts import Bout, replace_bouts
from storage.engine.database import Connection, Engine, scoped_to
from storage.measurements import changes
from stream.behaviour.bouts import SHORTEST_LYING_S
from stream.behaviour.day_sheet import facts_of
from stream.behaviour.hearing import heard_between
from stream.behaviour.local_day import LocalDay, days_touched

TOGETHER: Final = timedelta(days=7)
"""Marked buckets that one transaction answers for span no more."""

_ANIMALS: Final = 50
"""Animals whose seconds are in memory at a time: 90 kB a day each."""


class Kept(NamedTuple):
    """What came of one turn.

    Attributes:
        buckets: Marked buckets that were answered for; 0 if there was nothing to do.
        changed: `(animal, day)` of the sheets that are new, other than before, or gone.
    """

    buckets: int
    changed: Sequence[tuple[int, date]]


def keep_days(engine: Engine, farm_id: int, *, kept_since: datetime | None = None) -> Kept:
    """Answer for the newest marked buckets of a farm, in one transaction; who comes second waits for the first.

    Args:
        engine: A connection that may write.
        farm_id: The farm.
        kept_since: Windows before it may have been deleted: sheets that follow from earlier ones stay as they are.
    """
    with scoped_to(engine, [farm_id]) as connection:
        behaviour.lock(connection, farm_id)
        basis = behaviour.basis_of(connection, farm_id)
        behaviour.keep_to(connection, farm_id, basis)
        buckets = behaviour.take_stale(connection, farm_id, TOGETHER)
        wanted = _wanted(connection, farm_id, buckets, zone_named(basis.time_zone), kept_since)
        shortest_lying_s = SHORTEST_LYING_S[basis.species]
        changed = [
            one
            for days, animals in wanted.items()
            for first in range(0, len(animals), _ANIMALS)
            for one in _renew(connection, animals[first : first + _ANIMALS], days, shortest_lying_s)
        ]
    return Kept(len(buckets), sorted(changed))


def catch_up(engine: Engine, farm_id: int, *, kept_since: datetime | None = None) -> None:
    """Bring all sheets of a farm up to date at once, also where forecasting has yet to take the change feed."""
    with scoped_to(engine, [farm_id]) as connection:
        behaviour.note_stale(connection, farm_id, changes.pending(connection, farm_id))
    while keep_days(engine, farm_id, kept_since=kept_since).buckets:
        pass


def _wanted(
    connection: Connection, farm_id: int, buckets: Sequence[datetime], zone: ZoneInfo, kept_since: datetime | None
) -> dict[tuple[LocalDay, ...], list[int]]:
    """Return which days, without a gap between them, are to be worked out for which animals."""
    days: dict[int, set[LocalDay]] = {animal: set() for animal in behaviour.animals_of(connection, farm_id).values()}
    for day, bucket in _first_touched(buckets, zone).items():
        if kept_since is None or _instant(day.read_from) >= kept_since:
            is_over = bucket >= _instant(day.end)
            for animal in behaviour.unfinished(connection, farm_id, day.day, bucket) if is_over else days:
                days[animal].add(day)
    wanted: dict[tuple[LocalDay, ...], list[int]] = {}
    for animal, of_animal in days.items():
        for stretch in _in_a_row(sorted(of_animal)):
            wanted.setdefault(tuple(stretch), []).append(animal)
    return wanted


def _first_touched(buckets: Sequence[datetime], zone: ZoneInfo) -> dict[LocalDay, datetime]:
    """Return the days that buckets, in order, may have a say in, each with the first of its buckets."""
    first: dict[LocalDay, datetime] = {}
    for bucket in buckets:
        for day in days_touched(bucket, zone):
            first.setdefault(day, bucket)
    return first


def _in_a_row(days: Sequence[LocalDay]) -> Iterator[list[LocalDay]]:
    stretch: list[LocalDay] = []
    for day in days:
        if stretch and stretch[-1].end != day.start:
            yield stretch
            stretch = []
        stretch.append(day)
    if stretch:
        yield stretch


def _renew(
    connection: Connection, animals: Sequence[int], days: Sequence[LocalDay], shortest_lying_s: int
) -> list[tuple[int, date]]:
    """Work out the sheets and bouts of some animals and days in a row; return which sheets changed."""
    sheets: list[tuple[int, Sheet]] = []
    begun: list[Bout] = []
    for animal, heard in heard_between(connection, animals, days[0].read_from, days[-1].read_until):
        found = facts_of(heard, days, shortest_lying_s=shortest_lying_s)
        sheets += [(animal, sheet) for sheet in found.sheets]
        begun += [Bout(animal, _instant(one.start), _instant(one.end), *one[2:]) for one in found.bouts]
    replace_bouts(connection, animals, _instant(days[0].start), _instant(days[-1].end), begun)
    return behaviour.replace_sheets(connection, animals, [day.day for day in days], sheets)


def _instant(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)
