"""A file of `date, ratio_debout`, or of any other value and further columns, as series on one regular grid."""

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, NamedTuple, cast

from core.errors import AnimovError, NotFoundError
from core.ratios import DATE, RATIO, dated, share_reader
from core.tabular import Row, number, read_table
from core.timeline import EPOCH
from core.wallclock import zone_named
from forecast.inputs import Floats, History, history_of
from forecast.specification import DAY

ValueUnit = Literal["ratio", "percent", "any"]
"""What a value is: 0 to 1, 0 to 100 (divided by 100), or any number, which is taken as it is."""

_MINUTE: Final = timedelta(minutes=1)
_GZIP: Final = b"\x1f\x8b"


class SeriesError(AnimovError):
    """The dates of a file make no series."""


class SeriesTable(NamedTuple):
    """A series and what stands beside it.

    Attributes:
        history: Up to the last row that has a value.
        columns: Further columns by name on the same grid, from the start of the history to the last row of the file, so
            of one shape `(len(history) + later,)`; NaN where a cell is empty or a row is missing.
        header: Names of all columns that the file has, in lower case.
    """

    history: History
    columns: Mapping[str, Floats]
    header: frozenset[str] = frozenset()


def read_ratio_csv(path: Path, *, zone: str = "UTC", unit: ValueUnit = "ratio") -> History:
    """Read the series of a CSV file of `date, ratio_debout`, as `read_ratio_table` does."""
    return read_ratio_table(path, zone=zone, unit=unit).history


def read_ratio_table(
    path: Path,
    *,
    zone: str = "UTC",
    unit: ValueUnit = "ratio",
    date: str = DATE,
    value: str = RATIO,
    regressors: Sequence[str] = (),
) -> SeriesTable:
    """Read a series and further columns of a CSV file, gzipped or not; missing steps and empty cells are NaN.

    The step is the most frequent difference between dates, to the minute (of equally frequent ones the shortest), the
    grid counts from midnight UTC; a date belongs to the nearest slot of it, and several in one slot are averaged.
    Rows after the last value tell what is known of the future.

    Args:
        path: The file.
        zone: Name of the zone whose wall clock dates without an offset are.
        unit: Of the value.
        date: Column of the dates.
        value: Column of the series.
        regressors: Further columns that are wanted; numbers of any size.

    Raises:
        NotFoundError: there is no such file or zone.
        TableError: a column is missing, a line can't be read, or a value is out of range.
        SeriesError: no row has a value, there are fewer than two dates, or their step does not divide a day.
    """
    names = (date, value, *regressors)
    with _opened(path) as source:
        table = read_table(source)
        rows = dated(table.select(*names), zone=zone_named(zone), column=date)
        read = partial(_number, column=value) if unit == "any" else share_reader(unit, column=value)
        found = [(start, _numbers(row, names, read)) for start, row in rows]
    step = step_of([start for start, _ in found])
    slots = [(_nearest(start, step), numbers) for start, numbers in found]
    valued = [slot for slot, numbers in slots if numbers[0] is not None]
    if not valued:
        raise SeriesError(f"not one row has a value in the column {value!r}")
    on_grid = partial(_column, slots, step=step)
    return SeriesTable(
        on_grid(0, end=valued[-1] + step),
        {name: on_grid(place, end=slots[-1][0] + step).values for place, name in enumerate(regressors, start=1)},
        frozenset(name.casefold() for name in table.columns),
    )


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


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, unpacked if it is gzipped, whatever its name says."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            yield cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
    except FileNotFoundError:
        raise NotFoundError("file", path) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SeriesError(f"{path}: the gzip file is damaged: {error}") from None


def _numbers(row: Row, names: Sequence[str], read: Callable[[Any, int], float | None]) -> list[float | None]:
    """Return the value, as it is read, and the further columns of a row."""
    _, value, *others = row.cells
    further = (_number(cell, row.line, column=name) for cell, name in zip(others, names[2:], strict=True))
    return [read(value, row.line), *further]


def _number(cell: Any, line: int, *, column: str) -> float | None:
    return number(cell, line=line, column=column)


def _column(
    slots: Sequence[tuple[datetime, Sequence[float | None]]], place: int, *, step: timedelta, end: datetime
) -> History:
    points = [(slot, value) for slot, numbers in slots if (value := numbers[place]) is not None]
    return history_of(points, step=step, start=slots[0][0], end=end)


def _nearest(at: datetime, step: timedelta) -> datetime:
    return EPOCH + (at - EPOCH + step / 2) // step * step
