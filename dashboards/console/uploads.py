"""A series that somebody uploads, as spreadsheets of any country write it: read, and told again for the API."""

import csv
from datetime import datetime
from io import StringIO
from typing import NamedTuple
from zoneinfo import ZoneInfo

from core.ratios import DATE, RATIO, Unit, dated, share_reader
from core.tabular import MISSING, Row, TableError, number, percent_sign, read_table, text_of

_FROM_SPREADSHEETS = "cp1252"


class Draft(NamedTuple):
    """A table before it is known which column is what.

    Attributes:
        columns: Names as the header has them.
        rows: All others.
        delimiter: What separates the cells.
    """

    columns: tuple[str, ...]
    rows: list[Row]
    delimiter: str


class Upload(NamedTuple):
    """A series of a file.

    Attributes:
        points: When each step begins (UTC), and its ratio 0 to 1, None where not known; the dates rise.
        further: Names of the other columns.
        has_comma: Whether its numbers have a decimal comma.
        csv: What the API takes: `date,ratio_debout` and the other columns, cells as they were.
    """

    points: list[tuple[datetime, float | None]]
    further: tuple[str, ...]
    has_comma: bool
    csv: str


def draft_of(content: bytes) -> Draft:
    """Read the cells of a file, in UTF-8, UTF-16 with its mark or Windows' own letters.

    Raises:
        TableError: it is no table; says the line.
    """
    text = text_of(content, otherwise=_FROM_SPREADSHEETS)
    table = read_table(text)
    header = text.partition("\n")[0]
    delimiter = max(";\t,", key=header.count)
    return Draft(table.columns, list(table.rows), delimiter)


def named(columns: tuple[str, ...], wanted: str, otherwise: int) -> int:
    """Return the place of the column that is called as the API calls it, or else that of another one."""
    folded = [name.casefold() for name in columns]
    return folded.index(wanted) if wanted in folded else min(otherwise, len(columns) - 1)


def looks_like_percent(draft: Draft, ratio: str) -> bool:
    """Tell whether the values of a column lie between 0 and 100 and not all between 0 and 1."""
    place = draft.columns.index(ratio)
    known = [value for row in draft.rows if (value := _number_or_none(row.cells[place])) is not None]
    return bool(known) and 1 < max(known) <= 100 and min(known) >= 0


def has_percent_signs(draft: Draft, ratio: str) -> bool:
    """Tell whether the first value of a column has a sign of percent, as then all of them must."""
    place = draft.columns.index(ratio)
    first = next((cell for row in draft.rows if (cell := row.cells[place]).casefold() not in MISSING), "")
    return percent_sign(first) is not None


def _number_or_none(cell: str) -> float | None:
    try:
        return number(cell, line=0, column="")
    except TableError:
        return None  # which is told where it is read


def upload_of(draft: Draft, *, date: str, ratio: str, zone: ZoneInfo, unit: Unit) -> Upload:
    """Read a table as a series.

    Args:
        draft: The table.
        date: Column of the dates.
        ratio: Column of the values.
        zone: Whose wall clock dates without an offset are.
        unit: Of the values.

    Raises:
        TableError: a date or a value can't be read; says line and column.
    """
    when, what = draft.columns.index(date), draft.columns.index(ratio)
    rows = (Row(row.line, [row.cells[when], row.cells[what]]) for row in draft.rows)
    share = share_reader(unit, column=ratio)
    points = [(at, share(cell, line)) for at, (line, (_, cell)) in dated(rows, zone=zone, column=date)]
    others = [place for place in range(len(draft.columns)) if place not in {when, what}]
    has_comma = any("," in row.cells[what] for row in draft.rows)
    return Upload(points, tuple(draft.columns[place] for place in others), has_comma, _told(draft, when, what, others))


def _told(draft: Draft, when: int, what: int, others: list[int]) -> str:
    told = StringIO()
    writer = csv.writer(told, lineterminator="\n")
    writer.writerow((DATE, RATIO, *(draft.columns[place] for place in others)))
    writer.writerows([row.cells[place] for place in (when, what, *others)] for row in draft.rows)
    return told.getvalue()
