"""Pages of windows: the first of a span however long it is, without a look at all the others in it.

The view `farm_window` is planned by itself, and so can't know that few of its rows are wanted: asked for the first
ones of a year it reads the year. So spans are never longer than what is wanted, and begin where there is anything.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from core.timeline import BUCKET
from storage.measurements import measured
from storage.measurements.measured import AnimalWindow, OneOfMany
from storage.measurements.window_files import Heard, Sought, heard

_FIRST: Final = text("SELECT animov_first_window(:animal, :start)")


def first_windows(
    connection: Connection, animal_id: int, start: datetime, end: datetime, *, limit: int
) -> list[AnimalWindow]:
    """Return the first windows of an animal in `[start, end)`, in order of time."""
    span = limit * BUCKET
    if end - start <= span:
        return measured.animal_windows(connection, animal_id, start, end, limit=limit)
    found: list[AnimalWindow] = []
    while len(found) < limit and (first := _first(connection, animal_id, start)) is not None and first < end:
        start = min(first + span, end)
        found += measured.animal_windows(connection, animal_id, first, start, limit=limit - len(found))
        span *= 2
    return found


def _first(connection: Connection, animal_id: int, start: datetime) -> datetime | None:
    first: datetime | None = connection.execute(_FIRST, {"animal": animal_id, "start": start}).scalar_one()
    return first


def windows_of_all(connection: Connection, sought: Sought, limit: int) -> list[OneOfMany]:
    """Return the first of the windows that are sought, `limit` at the most, by animal and time."""
    found: list[OneOfMany] = []
    each = max((sought.end - sought.start) // BUCKET, 1)
    while len(found) < limit:
        left = limit - len(found)
        animals = heard(connection, sought, max(left // each, 1) if sought.since == sought.start else 1)
        if not animals:
            break
        if len(animals) == 1:
            windows = first_windows(connection, animals[0].id, animals[0].first, sought.end, limit=left)
            found += [OneOfMany(animals[0].id, animals[0].name, *one) for one in windows]
        else:
            found += _of_some(connection, animals, sought.start, sought.end)
        sought = sought._replace(animal=animals[-1].id + 1, since=sought.start)
    return found


_SOME: Final = text("""
SELECT animal_id, bucket, received_s, known_s, standing_s, standing_ratio FROM farm_window
WHERE animal_id = ANY (CAST(:ids AS int[])) AND bucket >= :start AND bucket < :end ORDER BY animal_id, bucket
""")


def _of_some(connection: Connection, animals: Sequence[Heard], start: datetime, end: datetime) -> list[OneOfMany]:
    names = {one.id: one.name for one in animals}
    values = {"ids": list(names), "start": start, "end": end}
    return [OneOfMany(animal, names[animal], *rest) for animal, *rest in connection.execute(_SOME, values)]
