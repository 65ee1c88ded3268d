"""Bouts of standing and lying, as rows for whoever may not compute them: kept up with the daily sheets.

A bout belongs to the local day in which it begins and is followed for 24 h beyond that day; one that goes on is told
as open there, and what comes after is told again from the animal's next change of posture on.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text


class Bout(NamedTuple):
    """One stretch of an animal in one posture.

    Attributes:
        animal_id: The animal.
        start: First second, inclusive, UTC.
        until: Exclusive, UTC.
        lying: Whether it lies; else it stands.
        open_start: It may have begun earlier: what came before is not known.
        open_end: It may have gone on: what comes after is not known.
    """

    animal_id: int
    start: datetime
    until: datetime
    lying: bool
    open_start: bool
    open_end: bool


_BETWEEN: Final = text("""
SELECT animal_id, start, until, lying, open_start, open_end FROM bout
WHERE animal_id = ANY (:animals) AND until > CAST(:start AS timestamptz) AND start < CAST(:end AS timestamptz)
  AND (start, animal_id) > (CAST(:after AS timestamptz), CAST(:after_animal AS int))
ORDER BY start, animal_id LIMIT CAST(:limit AS bigint)
""")


def bouts_between(
    connection: Connection,
    animal_ids: Sequence[int],
    start: datetime,
    end: datetime,
    *,
    after: tuple[datetime, int] | None = None,
    limit: int | None = None,
) -> list[Bout]:
    """Return the bouts of some animals that have a part in `[start, end)`, by start and animal.

    Args:
        connection: An open transaction.
        animal_ids: The animals; those that the transaction may not see have none.
        start: Inclusive, UTC.
        end: Exclusive, UTC.
        after: Start and animal of the last bout of the page before; `None` for the first page.
        limit: Most bouts; `None` is all.
    """
    values = {"animals": list(animal_ids), "start": start, "end": end, "limit": limit}
    after_start, after_animal = after or ("-infinity", 0)
    rows = connection.execute(_BETWEEN, {**values, "after": after_start, "after_animal": after_animal})
    return [Bout._make(row) for row in rows]


_GONE: Final = text("""
DELETE FROM bout WHERE animal_id = ANY (:animals) AND start >= :start AND start < :end
  AND (animal_id, start) NOT IN (SELECT * FROM unnest(CAST(:ids AS int[]), CAST(:starts AS timestamptz[])))
""")
_REPLACE: Final = text("""
INSERT INTO bout AS b (animal_id, start, until, lying, open_start, open_end)
SELECT * FROM unnest(CAST(:ids AS int[]), CAST(:starts AS timestamptz[]), CAST(:untils AS timestamptz[]),
  CAST(:lying AS boolean[]), CAST(:open_starts AS boolean[]), CAST(:open_ends AS boolean[])) ORDER BY 1, 2
ON CONFLICT (animal_id, start) DO UPDATE SET until = excluded.until, lying = excluded.lying,
  open_start = excluded.open_start, open_end = excluded.open_end
WHERE (b.until, b.lying, b.open_start, b.open_end)
  IS DISTINCT FROM (excluded.until, excluded.lying, excluded.open_start, excluded.open_end)
""")


def replace_bouts(
    connection: Connection, animal_ids: Sequence[int], start: datetime, end: datetime, bouts: Sequence[Bout]
) -> None:
    """Make the bouts of some animals that begin in `[start, end)` these and no others."""
    columns = list(zip(*bouts, strict=True)) or [()] * len(Bout._fields)
    names = ("ids", "starts", "untils", "lying", "open_starts", "open_ends")
    values = {name: list(column) for name, column in zip(names, columns, strict=True)}
    span = {"animals": list(animal_ids), "start": start, "end": end}
    connection.execute(_GONE, {**span, "ids": values["ids"], "starts": values["starts"]})
    if bouts:
        connection.execute(_REPLACE, values)
