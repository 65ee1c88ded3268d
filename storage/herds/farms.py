"""Farms: name, clock, place, daily events."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from core.errors import ConflictError, NotFoundError
from core.names import looks_of, refuse_alike
from core.problem_texts import say


@dataclass(frozen=True, slots=True)
class Farm:
    """A farm.

    Attributes:
        id: Its key.
        name: As in MQTT topics.
        title: As people call it; may be empty.
        time_zone: IANA name; days and daily events follow it.
        latitude: Degrees, north positive; `None` if not known.
        longitude: Degrees, east positive; `None` if not known.
        events: Daily events in local time, each `{"name": text, "at": "HH:MM", "minutes": number}`.
    """

    id: int
    name: str
    title: str
    time_zone: str
    latitude: float | None
    longitude: float | None
    events: list[dict[str, Any]]


_SELECT = "SELECT id, name, title, time_zone, latitude, longitude, events FROM farm"


def all_farms(connection: Connection) -> list[Farm]:
    """Return the farms that this transaction may see, by name, but for those that are being deleted."""
    return [Farm(*row) for row in connection.execute(text(_SELECT + " WHERE NOT leaving ORDER BY name"))]


def farm(connection: Connection, farm_id: int) -> Farm:
    """Return a farm.

    Raises:
        NotFoundError: it does not exist, or this transaction may not see it.
    """
    row = connection.execute(text(_SELECT + " WHERE id = :id"), {"id": farm_id}).one_or_none()
    if row is None:
        raise NotFoundError("farm", farm_id)
    return Farm(*row)


SETTINGS: Final = frozenset(
    {"title", "time_zone", "latitude", "longitude", "species", "animal_coverage", "group_coverage"}
)
"""What a farm says of itself; see `api.farms` and the table's comments for what each means."""


def create(connection: Connection, name: str) -> int:
    """Make a farm and return its id.

    Raises:
        ConflictError: there is one of that name, or of one that looks the same.
    """
    refuse_alike(name, looks_of(connection.scalars(text("SELECT name FROM farm"))))
    statement = text("INSERT INTO farm (name) VALUES (:name) ON CONFLICT DO NOTHING RETURNING id")
    made = connection.execute(statement, {"name": name}).scalar_one_or_none()
    if made is None:
        raise ConflictError(say("name_taken", name=name))
    return int(made)


_DIGITS: Final = 6
"""Of numbers: 0.1 m of a position, and no share so small that the database's single precision can't hold it."""


def change(connection: Connection, farm_id: int, settings: Mapping[str, Any]) -> None:
    """Set some of what a farm says of itself, by the names in `SETTINGS`; the rest stays."""
    for name in SETTINGS & settings.keys():
        statement = f"UPDATE farm SET {name} = :value WHERE id = :id"  # noqa: S608 - one of our own names
        value = settings[name]
        if isinstance(value, float):
            value = round(value, _DIGITS)
        connection.execute(text(statement), {"value": value, "id": farm_id})


def set_events(connection: Connection, farm_id: int, events: Sequence[Mapping[str, Any]]) -> None:
    """Say what happens on a farm every day, in place of whatever was said before; see `Farm.events`."""
    statement = "UPDATE farm SET events = CAST(:events AS jsonb) WHERE id = :id"
    connection.execute(text(statement), {"events": json.dumps([dict(event) for event in events]), "id": farm_id})
