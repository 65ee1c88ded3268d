"""Tables that people upload as CSV, as spreadsheets of any country write them.

UTF-8 with or without a byte order mark and UTF-16 with one, `,`, `;` or tab between the cells, a decimal comma, and
header names in any case and with spaces around them are understood. Rows come one by one, so memory does not grow with
the file, and whatever can't be understood is told with its line and column.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isfinite
from typing import Any, BinaryIO, Final, NamedTuple

from core.errors import AnimovError
from core.problem_texts import Said, say

MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""What stands for an absent value, in lower case."""

_DELIMITERS: Final = ";\t,"  # on a tie the first: a header with a decimal comma does not exist, one with both is a list
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_PERCENT: Final = re.compile(rf"({_NUMBER.pattern})\s*%")
_SPACES: Final = re.compile(r"\s")
_SHOWN: Final = 60
_UTF8: Final = "utf-8-sig"
_UTF16: Final = "utf-16"
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TableError(AnimovError):
    """An uploaded table can't be understood; the sentence says where."""

    def __init__(self, why: str, *, line: int, column: str | None = None) -> None:
        at, place = f"line {line}", f"ligne {line}"
        if column is not None:
            at, place = f"{at}, column {column!r}", f"{place}, colonne {column!r}"
        told = f"{at}: {why}"
        super().__init__(Said(told, f"{place} : {why.french}") if isinstance(why, Said) else told)
        self.why = why
        self.line = line
        self.column = column


class Row(NamedTuple):
    """One row: the line on which it ends in the file, the first being 1, and the wanted cells in the wanted order.

    Cells of CSV are trimmed text; other formats bring numbers and times.
    """

    line: int
    cells: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose header has been read.

    Attributes:
        columns: Names as the header has them, trimmed.
        rows: The remaining rows with all cells, blank lines left out; can be read once.
    """

    columns: tuple[str, ...]
    rows: Iterator[Row]

    def has(self, *columns: str) -> bool:
        """Tell whether there are all these columns."""
        return {_folded(column) for column in columns} <= {_folded(column) for column in self.columns}

    def select(self, *columns: str) -> Iterator[Row]:
        """Yield the cells of some columns.

        Raises:
            TableError: there is no such column, or a row can't be read.
        """
        places = [self._place(column) for column in columns]
        return (Row(line, [cells[place] for place in places]) for line, cells in self.rows)

    def _place(self, column: str) -> int:
        names = [_folded(name) for name in self.columns]
        if _folded(column) in names:
            return names.index(_folded(column))
        raise TableError(say("table_no_column", column=column, columns=", ".join(self.columns)), line=1)


def read_table(source: BinaryIO | bytes | str, *, delimiter: str | None = None) -> Table:
    """Read the header of a CSV table; the rows follow as they are asked for.

    Args:
        source: UTF-8 with or without a byte order mark or UTF-16 with one, whole or as a stream, which the caller
            closes.
        delimiter: What separates cells; found from the header if None.

    Raises:
        TableError: the table is empty or no such text, or its header has an unnamed or repeated column.
    """
    lines = _lines(source)
    header = next(lines, "")
    # the reader takes the header again, so that a quoted line break in it is the reader's affair
    reader = csv.reader(chain((header,), lines), delimiter=delimiter or _delimiter(header), strict=True)
    records = _records(reader)
    first = next(records, None)
    if first is None:
        raise TableError(say("table_empty"), line=1)
    _refuse_bad_header(first)
    return Table(tuple(first.cells), _complete(records, len(first.cells)))


def text_of(content: bytes, *, otherwise: str) -> str:
    """Return the text of a file that `read_table` understands, or of one in another encoding.

    Args:
        content: The file.
        otherwise: What is neither UTF-8 nor UTF-16 is taken for, such as `cp1252`.

    Raises:
        TableError: it is none of these; says at which byte it ceases to be UTF-8, the first being 1.
    """
    try:
        return "".join(_lines(content))
    except TableError as error:
        if content.startswith(_UTF16_MARKS):
            raise
        try:
            return "".join(_texts((content,), otherwise))
        except TableError:
            raise error from None


def number(value: Any, *, line: int, column: str) -> float | None:
    """Read a cell as a number, with a decimal point or comma; None if it is missing.

    Raises:
        TableError: the cell is something else.
    """
    if isinstance(value, str):
        if _NUMBER.fullmatch(value):
            value = float(value.replace(",", "."))
        elif value.casefold() in MISSING:
            return None
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    raise TableError(say("cell_no_number", cell=shown(value)), line=line, column=column)


def percent_sign(cell: Any) -> str | None:
    """Return the number before a sign of percent as it is written; None if the cell is something else.

    >>> percent_sign("28,1 %"), percent_sign("0.281")
    ('28,1', None)
    """
    found = _PERCENT.fullmatch(cell) if isinstance(cell, str) else None
    return found and found[1]


def shown(value: Any) -> str:
    """Show a cell in at most 60 characters; spaces of all kinds are shown as one."""
    text = repr(_SPACES.sub(" ", value) if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _folded(name: str) -> str:
    return name.strip().casefold()


def _lines(source: BinaryIO | bytes | str) -> Iterator[str]:
    if isinstance(source, str):
        yield from io.StringIO(source.removeprefix("\ufeff"), newline="")
        return
    pieces = iter(io.BytesIO(source) if isinstance(source, bytes) else source)
    first = next(pieces, b"")
    held = ""
    for text in _texts(chain((first,), pieces), _UTF16 if first.startswith(_UTF16_MARKS) else _UTF8):
        *whole, held = (held + text).split("\n")
        for line in whole:
            yield f"{line}\n"
    if held:
        yield held


def _texts(pieces: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Decode pieces that end where a line does, or of UTF-16 amid the sign that ends it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    for line, piece in enumerate(chain(pieces, (b"",)), start=1):
        try:
            if encoding != _UTF16:
                _refuse_nul(piece)
            yield decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            rest = error.object[error.start :]
            byte = read + len(piece) - len(rest) + 1
            name = "UTF-16" if encoding == _UTF16 else "UTF-8"
            told = say("table_undecodable", byte=byte, value=f"0x{rest[0]:02X}", encoding=name)
            raise TableError(told, line=line if piece else line - 1) from None
        read += len(piece)


def _refuse_nul(piece: bytes) -> None:
    """Refuse what no text has, but UTF-16 without its mark and binary files do."""
    place = piece.find(b"\0")
    if place >= 0:
        raise UnicodeDecodeError("utf-8", piece, place, place + 1, "NUL")


def _delimiter(header: str) -> str:
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=outside_quotes.count)


def _records(reader: Any) -> Iterator[Row]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(say("table_unreadable", why=error), line=reader.line_num) from None
        trimmed = [cell.strip() for cell in cells]
        if any(trimmed):
            yield Row(reader.line_num, trimmed)


def _complete(records: Iterator[Row], width: int) -> Iterator[Row]:
    for row in records:
        if len(row.cells) != width:
            raise TableError(say("table_width", cells=len(row.cells), width=width), line=row.line)
        yield row


def _refuse_bad_header(header: Row) -> None:
    names = [_folded(name) for name in header.cells]
    if "" in names:
        raise TableError(say("table_unnamed", number=names.index("") + 1), line=header.line)
    for name in names:
        if names.count(name) > 1:
            raise TableError(say("table_column_twice"), line=header.line, column=name)
