"""A list of a herd as farms keep it in a spreadsheet: who is in which group and wears which collar, since when.

CSV with commas, semicolons or, as spreadsheets copy cells, tabs; UTF-8 with or without a mark, UTF-16 with one, or
Latin-1. The first line names the columns, in English or French: name (nom, animal), group (groupe, lot), collar
(collier), from (depuis, since). Only the name is needed.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, Literal, NamedTuple

from core.names import is_name
from core.problem_texts import said_of, say
from core.tabular import TableError, text_of
from core.wallclock import TimeError, WallClock, parse_time

Column = Literal["name", "group", "collar", "from"]

_CALLED: Final[Mapping[str, Column]] = {
    "name": "name",
    "animal": "name",
    "nom": "name",
    "group": "group",
    "groupe": "group",
    "lot": "group",
    "collar": "collar",
    "collier": "collar",
    "from": "from",
    "since": "from",
    "depuis": "from",
}


_DELIMITERS: Final = (";", ",", "\t")
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Line(NamedTuple):
    """What a line says of an animal.

    Attributes:
        number: Of the line in the file, from 1.
        name: The animal.
        group: Its group; `None` where nothing is said.
        collar: Its collar; `None` where nothing is said.
        start: Since when, aware; `None` is since ever.
    """

    number: int
    name: str
    group: str | None
    collar: str | None
    start: datetime | None


class Fault(NamedTuple):
    """What is wrong with a line."""

    column: str
    message: str


class Spans(NamedTuple):
    """Until when what a line says holds: until another line says otherwise of the same; `None` is for good."""

    collar_until: datetime | None
    group_until: datetime | None


def read(content: bytes, zone: tzinfo) -> tuple[list[Line], list[Fault]]:
    """Read a list, and what is wrong with it.

    Args:
        content: The file.
        zone: Of dates without an offset.
    """
    try:
        rows = list(_rows(text_of(content, otherwise="cp1252")))
    except TableError as error:
        return [], [Fault("name", said_of(error))]
    except csv.Error:  # a cell of more than 128 KiB
        return [], [Fault("name", say("list_unreadable"))]
    if not rows:
        return [], [Fault("name", say("list_empty"))]
    columns, faults = _columns(*rows[0])
    if faults:
        return [], faults
    lines: list[Line] = []
    for number, cells in rows[1:]:
        told = _line(number, cells, columns, zone, faults)
        if told is not None:
            lines.append(told)
    return lines, faults + _contradictions(lines)


def spans(lines: Sequence[Line]) -> list[tuple[Line, Spans]]:
    """Return the lines in the order of their times, each with the end of what it says."""
    ordered = sorted(lines, key=lambda line: (line.start is not None, line.start or _NEVER, line.number))
    collars = _next_starts(ordered, lambda line: line.collar)
    groups = _next_starts(ordered, lambda line: line.name if line.group is not None else None)
    return [(line, Spans(*ends)) for line, *ends in zip(ordered, collars, groups, strict=True)]


def _next_starts(ordered: Sequence[Line], of: Callable[[Line], str | None]) -> list[datetime | None]:
    """Return of each line when another one says something of the same that begins later."""
    later: dict[str, tuple[datetime | None, datetime | None]] = {}
    ends: list[datetime | None] = []
    for line in reversed(ordered):
        subject = of(line)
        start, end = later.get(subject or "", (None, None))
        ends.append(None if subject is None else (end if start == line.start else start))
        if subject is not None:
            later[subject] = (line.start, ends[-1])
    return ends[::-1]


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    head = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=head.count))
    while True:
        number = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        if any(cells):
            yield number, cells


def _columns(number: int, cells: Sequence[str]) -> tuple[list[Column], list[Fault]]:
    columns: list[Column] = []
    faults: list[Fault] = []
    for cell in cells:
        column = _CALLED.get(_plain(cell))
        if column is None:
            faults.append(Fault(cell[:60], say("list_column_unknown", line=number, column=cell[:60])))
        elif column in columns:
            faults.append(Fault(column, say("list_column_repeated", line=number)))
        else:
            columns.append(column)
    if not faults and "name" not in columns:
        faults.append(Fault("name", say("list_name_missing", line=number)))
    return columns, faults


def _plain(cell: str) -> str:
    """Return a heading without case, accents and marks."""
    letters = unicodedata.normalize("NFKD", cell.casefold())
    return re.sub(r"[^a-z]", "", letters)


def _line(
    number: int, cells: Sequence[str], columns: Sequence[Column], zone: tzinfo, faults: list[Fault]
) -> Line | None:
    found = [Fault("name", say("list_too_wide", line=number))] if any(cells[len(columns) :]) else []
    told = {column: cell for column, cell in zip(columns, cells, strict=False) if cell}
    if "name" not in told:
        found.append(Fault("name", say("list_name_missing", line=number)))
    found += [
        Fault(column, say("list_name_refused", line=number, name=told[column][:60]))
        for column, allowed in _ALLOWED.items()
        if column in told and not allowed(told[column])
    ]
    try:
        start = WallClock(zone).instant(parse_time(told["from"])) if "from" in told else None
    except TimeError:
        found.append(Fault("from", say("list_date_refused", line=number, date=told["from"][:60])))
    if found:
        faults += found
        return None
    return Line(number, told["name"], told.get("group"), told.get("collar"), start)


_ALLOWED: Final[Mapping[Column, Callable[[str], object]]] = {
    "name": is_name,
    "group": is_name,
    "collar": re.compile("[A-Za-z0-9_-]{1,64}").fullmatch,
}


def _contradictions(lines: Iterable[Line]) -> list[Fault]:
    said: dict[tuple[str, str, datetime | None], tuple[str, int]] = {}
    faults = []
    for line in lines:
        for column, subject, told in (("collar", line.collar, line.name), ("group", line.name, line.group)):
            if subject is None or told is None:
                continue
            earlier, number = said.setdefault((column, subject, line.start), (told, line.number))
            if earlier != told:
                faults.append(Fault(column, say("list_says_two_things", line=line.number, earlier=number)))
    return faults
