"""Numbers and tables as the reader's language writes them, on the page and in files."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from core.alert_texts import Language
from dashboards.console.said import language

NOT_KNOWN = "-"


def ratio(value: float | None, digits: int = 3) -> str:
    """Write a number with so many digits behind the decimal sign; a dash if it is not known."""
    if value is None:
        return NOT_KNOWN
    written = f"{value:.{digits}f}"
    return written.replace(".", ",") if language() == "fr" else written


def percent(value: float | None) -> str:
    """Write a share in percent."""
    return NOT_KNOWN if value is None else f"{value:.0%}".replace("%", " %" if language() == "fr" else "%")


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Any]], spoken: Language) -> bytes:
    """Write a table as spreadsheets read it: for French ones semicolons, decimal commas, a byte order mark."""
    told = StringIO()
    writer = csv.writer(told, delimiter=";" if spoken == "fr" else ",", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_cell(cell, spoken) for cell in row] for row in rows)
    return told.getvalue().encode("utf-8-sig" if spoken == "fr" else "utf-8")


def _cell(cell: Any, spoken: Language) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        written = f"{cell:.6g}"
        return written.replace(".", ",") if spoken == "fr" else written
    return str(cell)
