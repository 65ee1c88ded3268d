"""What the first AniMOV's clients post: rows of `date` and `ratio_debout`, checked, with dates as instants.

A date without offset is the farm's wall clock. Of the hour that comes twice in autumn the first pass is taken until
time would go back; a time in the hour that spring leaves out is refused. Rows may come latest first.
"""

import csv
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from io import StringIO
from itertools import pairwise
from math import isfinite
from typing import Any, Final, NamedTuple

from api.first.messages import NO_DATA, MessageError
from core.ratios import DATE, RATIO
from core.tabular import shown
from core.wallclock import TimeError, WallClock, parse_time

POSTED: Final = "posted"
"""Column of the kept table with each date as it was written."""

MOST_ROWS: Final = 40_000
"""More than a year of quarters of an hour."""

LONGEST: Final = timedelta(days=800)

LEAST: Final = timedelta(days=5)
"""Of a training: three days to learn from, two to validate."""

_LARGEST: Final = 1e300
"""Beyond, an integer of JSON may be no float."""

_YEARS: Final = range(1971, 2200)

_TOLERANCE: Final = timedelta(hours=1)
"""The last step of a day begins before its end."""


class Row(NamedTuple):
    """A posted row: when (UTC), the ratio if known, and the date as it was written."""

    at: datetime
    ratio: float | None
    written: str


def rows_of(body: bytes, zone: tzinfo) -> list[Row]:
    """Read a posted body, a list of rows or `{"data": [...]}`; the rows rise.

    Args:
        body: As it came.
        zone: The farm's.

    Raises:
        MessageError: something is missing or wrong; it says what, in which row.
    """
    posted = _unpacked(body)
    if len(posted) > MOST_ROWS:
        raise MessageError(f"{len(posted)} lignes, c'est trop: {MOST_ROWS} au plus.")
    read = [_fields(number, row) for number, row in enumerate(posted, start=1)]
    rows = _placed(read, zone)
    if rows[-1].at - rows[0].at > LONGEST:
        raise MessageError(f"Les dates s'étendent sur plus de {LONGEST.days} jours.")
    return rows


def check_trainable(rows: Sequence[Row]) -> None:
    """Return if a model can be trained on rows.

    Raises:
        MessageError: they are too few, or all alike.
    """
    known = [row for row in rows if row.ratio is not None]
    span = known[-1].at - known[0].at if known else timedelta(0)
    if span < LEAST - _TOLERANCE:
        raise MessageError(
            f"Trop peu de données: il faut au moins {LEAST.days} jours (3 pour apprendre, 2 pour valider), "
            f"et les ratios connus couvrent {span / timedelta(days=1):.1f} jour(s)."
        )
    if len({row.ratio for row in known}) < 2:
        raise MessageError("Tous les ratios sont égaux: il n'y a rien à apprendre.")


def table_of(rows: Sequence[Row]) -> bytes:
    """Write rows as they are kept with the work on them: `date` in UTC, `ratio_debout`, `posted`."""
    told = StringIO()
    writer = csv.writer(told, lineterminator="\n")
    writer.writerow((DATE, RATIO, POSTED))
    writer.writerows((row.at.isoformat(), "" if row.ratio is None else repr(row.ratio), row.written) for row in rows)
    return told.getvalue().encode()


def written_like(at: datetime, written: str, zone: tzinfo) -> str:
    """Write an instant as a client wrote another date: on the farm's wall clock, or with the same offset."""
    date = parse_time(written)
    separator = "T" if "T" in written else " "
    if date.tzinfo is None:
        return at.astimezone(zone).replace(tzinfo=None).isoformat(separator)
    return at.astimezone(date.tzinfo).isoformat(separator)


def _unpacked(body: bytes) -> list[Any]:
    if not body.strip():
        raise MessageError(NO_DATA)
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise MessageError("Données d'entrée illisibles: ce n'est pas du JSON.") from None
    posted = told.get("data") if isinstance(told, dict) else told
    if not posted:
        raise MessageError(NO_DATA)
    if not isinstance(posted, list):
        raise MessageError("Une liste de lignes {date, ratio_debout} est attendue.")
    return posted


def _fields(number: int, row: Any) -> tuple[int, str, datetime, float | None]:
    """Return the number of a row, its date as written and as read, and its ratio."""
    if not isinstance(row, dict):
        raise MessageError(f"Ligne {number}: un objet {{date, ratio_debout}} est attendu.")
    unknown = sorted(row.keys() - {DATE, RATIO})
    if unknown:
        raise MessageError(f"Ligne {number}: colonne inconnue {shown(unknown[0])}; il y a date et ratio_debout.")
    for name in (DATE, RATIO):
        if name not in row:
            raise MessageError(f"Ligne {number}: il manque {name}.")
    written = row[DATE]
    try:
        date = parse_time(written) if isinstance(written, str) else None
    except TimeError:
        date = None
    if date is None or date.year not in _YEARS:
        raise MessageError(
            f"Ligne {number}: {shown(written)} n'est pas une date, telle que 2026-03-29 14:15:00 ou 29/03/2026 14:15."
        )
    return number, written, date, _ratio(number, row[RATIO])


def _ratio(number: int, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MessageError(f"Ligne {number}: ratio_debout doit être un nombre entre 0 et 1, pas {shown(value)}.")
    if 0 <= value <= 1:
        return float(value)
    if abs(value) > _LARGEST or not isfinite(value):
        raise MessageError(f"Ligne {number}: ratio_debout n'est pas un nombre fini.")
    hint = " Ce sont sans doute des pourcentages: divisez par 100." if 1 < value <= 100 else ""
    raise MessageError(f"Ligne {number}: ratio_debout vaut {value:g}, il doit être entre 0 et 1.{hint}")


def _placed(read: Sequence[tuple[int, str, datetime, float | None]], zone: tzinfo) -> list[Row]:
    clock = WallClock(zone)
    backwards = len(read) > 1 and _naive(read[0][2]) > _naive(read[-1][2])
    rows: list[tuple[Row, int]] = []
    for number, written, date, ratio in reversed(read) if backwards else read:
        try:
            rows.append((Row(clock.instant(date), ratio, written), number))
        except TimeError:
            raise MessageError(
                f"Ligne {number}: {written} n'existe pas à l'heure de {zone}: on y a avancé les horloges. Envoyez les "
                "dates avec leur décalage, par exemple 2026-03-29T01:30:00+01:00."
            ) from None
    rows.sort(key=lambda one: one[0].at)
    for (before, _), (row, number) in pairwise(rows):
        if row.at == before.at:
            raise MessageError(f"Ligne {number}: la date {row.written} est donnée deux fois.")
    return [row for row, _ in rows]


def _naive(date: datetime) -> datetime:
    return date.replace(tzinfo=None)
