"""Uploaded series of the share of time standing: `date, ratio_debout`."""

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any, Literal, NamedTuple

from core.problem_texts import said_of, say
from core.tabular import Row, TableError, number, shown
from core.wallclock import TimeError, WallClock, parse_time

DATE = "date"
RATIO = "ratio_debout"

Unit = Literal["ratio", "percent"]


class Ratio(NamedTuple):
    """The share of time standing, 0 to 1, of the step that begins at `start` (UTC); None if the cell is empty."""

    start: datetime
    ratio: float | None


def ratios_of(rows: Iterable[Row], *, zone: tzinfo, unit: Unit = "ratio") -> Iterator[Ratio]:
    """Read rows of date and ratio, sorted by date; steps of any length, gaps included.

    Args:
        rows: Each with the cells date and ratio.
        zone: Whose wall clock the dates without an offset are.
        unit: `percent` if the values go up to 100.

    Raises:
        TableError: a date or value can't be read or is out of range, or a date is not later than the one before.
    """
    for start, (line, (_, value)) in dated(rows, zone=zone):
        yield Ratio(start, share(value, unit, line=line))


def dated(rows: Iterable[Row], *, zone: tzinfo, column: str = DATE) -> Iterator[tuple[datetime, Row]]:
    """Read the first cell of each row as a date, and yield its UTC instant before the row; the dates rise.

    Raises:
        TableError: a date can't be read, or is not later than the one before.
    """
    clock = WallClock(zone)
    last: datetime | None = None
    for row in rows:
        start = instant_of(clock, row.cells[0], line=row.line, column=column)
        if last is not None and start <= last:
            raise TableError(say("cell_not_later", cell=row.cells[0]), line=row.line, column=column)
        last = start
        yield start, row


def instant_of(clock: WallClock, value: Any, *, line: int, column: str) -> datetime:
    """Return the UTC instant of a cell, which is text or already a datetime.

    Raises:
        TableError: the cell is no date, or one that does not exist.
    """
    try:
        if isinstance(value, str):
            value = parse_time(value)
        if isinstance(value, datetime):
            return clock.instant(value)
    except TimeError as error:
        raise TableError(said_of(error), line=line, column=column) from None
    raise TableError(say("cell_no_date", cell=shown(value)), line=line, column=column)


def share(cell: Any, unit: Unit, *, line: int, column: str = RATIO) -> float | None:
    """Read a cell as a share, 0 to 1; None if it is empty.

    Raises:
        TableError: it is no number, or out of range; up to 100 the unit is hinted at.
    """
    value = number(cell, line=line, column=column)
    if value is None:
        return None
    most = 100 if unit == "percent" else 1
    if 0 <= value <= most:
        return value / most
    sentence = "cell_is_percent" if unit == "ratio" and 1 < value <= 100 else "cell_out_of_range"
    raise TableError(say(sentence, value=f"{value:g}", most=most), line=line, column=column)
