"""What collars said of their batteries, day by day: written with what they say of their state.

A row is the least of a day, so whatever comes again, late or in another order, makes no other.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import Connection, text

KEEP: Final = b"""
INSERT INTO battery_day AS b (collar_id, day, least_v)
VALUES (%s, (%s::timestamptz AT TIME ZONE 'UTC')::date, %s)
ON CONFLICT (collar_id, day) DO UPDATE SET least_v = excluded.least_v WHERE excluded.least_v < b.least_v
"""
"""Notes volts at an instant."""


def days_of(
    connection: Connection, collar_ids: Sequence[int], first: date, last: date
) -> Mapping[int, Sequence[tuple[date, float]]]:
    """Return the least volts of each day from `first` to `last`, both inclusive, in order, by collar."""
    query = """SELECT collar_id, day, least_v FROM farm_battery_day
    WHERE collar_id = ANY (:collars) AND day BETWEEN :first AND :last ORDER BY collar_id, day"""
    values = {"collars": list(collar_ids), "first": first, "last": last}
    found: dict[int, list[tuple[date, float]]] = defaultdict(list)
    for collar_id, day, volts in connection.execute(text(query), values):
        found[collar_id].append((day, volts))
    return found
