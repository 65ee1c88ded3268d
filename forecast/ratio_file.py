"""A file of `date, ratio_debout` as a series on a regular grid."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from core.errors import AnimovError, NotFoundError
from core.ratios import DATE, RATIO, Unit, ratios_of
from core.tabular import read_table
from core.timeline import EPOCH
from core.wallclock import zone_named
from forecast.inputs import History, history_of
from forecast.specification import DAY

_MINUTE = timedelta(minutes=1)


class SeriesError(AnimovError):
    """The dates of a file make no series."""


def read_ratio_csv(path: Path, *, zone: str = "UTC", unit: Unit = "ratio") -> History:
    """Read a CSV file of `date, ratio_debout`; missing steps and empty cells are NaN.

    The step is the most frequent difference between dates, to the minute (of equally frequent ones the shortest), the
    grid counts from midnight UTC; a date belongs to the nearest slot of it, and several in one slot are averaged.

    Args:
        path: The file.
        zone: Name of the zone whose wall clock dates without an offset are.
        unit: `percent` if the values go up to 100.

    Raises:
        NotFoundError: there is no such file or zone.
        TableError: a line can't be read, or a value is out of range; up to 100 the unit is hinted at.
        SeriesError: there are fewer than two dates, or their step does not divide a day.
    """
    try:
        with path.open("rb") as source:
            found = list(ratios_of(read_table(source).select(DATE, RATIO), zone=zone_named(zone), unit=unit))
    except FileNotFoundError:
        raise NotFoundError("file", path) from None
    step = step_of([ratio.start for ratio in found])
    points = [(_nearest(ratio.start, step), value) for ratio in found if (value := ratio.ratio) is not None]
    edges = (_nearest(found[0].start, step), _nearest(found[-1].start, step) + step)
    return history_of(points, step=step, start=edges[0], end=edges[1])


def step_of(dates: Sequence[datetime]) -> timedelta:
    """Return the most frequent difference between sorted dates, in whole minutes, the shortest of equals.

    Raises:
        SeriesError: there are fewer than two dates, or the step does not divide a day.
    """
    minutes = Counter(max(1, round((later - earlier) / _MINUTE)) for earlier, later in pairwise(dates))
    if not minutes:
        raise SeriesError(f"a series needs at least two dates, and there are {len(dates)}")
    step = min(minutes, key=lambda length: (-minutes[length], length)) * _MINUTE
    if DAY % step:
        raise SeriesError(f"most dates are {step} apart, which does not divide a day")
    return step


def _nearest(at: datetime, step: timedelta) -> datetime:
    return EPOCH + (at - EPOCH + step / 2) // step * step
