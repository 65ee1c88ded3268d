"""CSV as RFC 4180 has it, and as a French spreadsheet reads it; text that a spreadsheet would run is disarmed."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Final

from api.forms.columns import Column
from storage.engine.copying import FRENCH, RFC_4180, Dialect

__all__ = ["FRENCH", "RFC_4180", "Dialect", "cell", "disarmed", "head", "rows"]

MEDIA_TYPE: Final = "text/csv"

_FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - the wide ones too are taken for a formula's beginning


def head(columns: Sequence[Column], dialect: Dialect) -> bytes:
    """Return the row of names, behind a byte order mark where a spreadsheet needs it to see UTF-8."""
    mark = "\ufeff" if dialect.has_mark else ""
    return (mark + _text([[column.name for column in columns]], dialect)).encode()


def rows(cells: Iterable[Sequence[Any]], columns: Sequence[Column], dialect: Dialect) -> bytes:
    """Return rows of cells."""
    kinds = [column.kind for column in columns]
    return _text(
        ([_written(value, kind, dialect) for value, kind in zip(row, kinds, strict=True)] for row in cells), dialect
    ).encode()


def cell(text: str, dialect: Dialect) -> str:
    """Return text as it stands in a cell: disarmed, and quoted where it must be."""
    return _text([[disarmed(text)]], dialect).removesuffix("\r\n")


def disarmed(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula."""
    return f"'{text}" if text[:1] in _FORMULA else text


def _text(lines: Iterable[Sequence[Any]], dialect: Dialect) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=dialect.delimiter, lineterminator="\r\n").writerows(lines)
    return buffer.getvalue()


def _written(value: Any, kind: str, dialect: Dialect) -> str:
    if value is None:
        return ""
    if kind == "number":
        return _number(value, dialect)
    if kind == "instant":
        return _instant(value)
    if kind == "boolean":
        return "true" if value else "false"
    return disarmed(str(value)) if kind == "text" else str(value)


def _number(value: float, dialect: Dialect) -> str:
    if not isfinite(value):
        return ""
    return repr(float(value)).replace(".", dialect.decimal)


def _instant(value: datetime) -> str:
    written = value.isoformat()
    return f"{written[:-6]}Z" if value.utcoffset() == timedelta() else written
