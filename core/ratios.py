"""Uploaded series of the share of time standing: `date, ratio_debout`."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any, Literal, NamedTuple

from core.problem_texts import said_of, say
from core.tabular import Row, TableError, number, percent_sign, shown
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
        unit: `percent` if the values go up to 100; said by signs of percent too.

    Raises:
        TableError: a date or value can't be read or is out of range, or a date is not later than the one before.
    """
    share = share_reader(unit)
    for start, (line, (_, value)) in dated(rows, zone=zone):
        yield Ratio(start, share(value, line))


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


def share_reader(unit: Unit, *, column: str = RATIO) -> Callable[[Any, int], float | None]:
    """Return what reads the cells of a column from its top, `(cell, line)`, as shares, 0 to 1; None if one is empty.

    Signs of percent, with or without a space before them, say the unit themselves: either all values have one or none.
    It raises `TableError` where a cell is no number, out of range (up to 100 the unit is hinted at), or has a sign that
    others lack.
    """
    has_signs: bool | None = None

    def read(cell: Any, line: int) -> float | None:
        nonlocal has_signs
        signed = percent_sign(cell)
        value = number(cell if signed is None else signed, line=line, column=column)
        if value is None:
            return None
        if has_signs is None:
            has_signs = signed is not None
        elif has_signs != (signed is not None):
            sentence = "cell_lacks_percent" if has_signs else "cell_has_percent"
            raise TableError(say(sentence, cell=shown(cell)), line=line, column=column)
        most = 100 if has_signs or unit == "percent" else 1
        if 0 <= value <= most:
            return value / most
        sentence = "cell_is_percent" if most == 1 and 1 < value <= 100 else "cell_out_of_range"
        raise TableError(say(sentence, value=f"{value:g}", most=most), line=line, column=column)

    return read
