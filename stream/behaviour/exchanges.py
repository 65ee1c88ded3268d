"""Which animals of a farm seem to have exchanged collars, as their daily sheets tell; a person confirms it or not."""

from datetime import date, timedelta

import numpy as np

from core.exchanges import Exchange
from storage.animals import behaviour
from storage.animals.watching_animals import groups_at
from storage.engine import clocks
from storage.engine.database import Connection
from stream.behaviour.habit import HABIT_DAYS
from stream.behaviour.looks import days_until
from stream.behaviour.swaps import swaps_of


def propose(connection: Connection, farm_id: int, today: date) -> list[Exchange]:
    """Return the exchanges that the days before a day of the farm speak for, the likeliest first."""
    yesterday = today - timedelta(days=1)
    animals = behaviour.animals_of(connection, farm_id)
    sheets: dict[int, list[behaviour.Sheet]] = {animal: [] for animal in animals.values()}
    first = yesterday - timedelta(days=HABIT_DAYS)
    for animal, sheet in behaviour.sheets_between(connection, list(sheets), first, yesterday):
        sheets[animal].append(sheet)
    if not sheets:
        return []
    groups = groups_at(connection, farm_id, clocks.read(connection).now())
    days = np.stack([days_until(known, yesterday) for known in sheets.values()])
    ids = list(sheets)
    return [
        Exchange(
            ids[found.one],
            ids[found.other],
            today - timedelta(days=found.since),
            found.evidence,
            found.one_way,
            found.other_way,
            found.level,
        )
        for found in swaps_of(days, np.array([groups.get(animal, 0) for animal in sheets]))
    ]
