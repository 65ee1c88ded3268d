"""Farms: name, clock, place, daily events."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from core.errors import NotFoundError


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
    """Return the farms that this transaction may see, by name."""
    return [Farm(*row) for row in connection.execute(text(_SELECT + " ORDER BY name"))]


def farm(connection: Connection, farm_id: int) -> Farm:
    """Return a farm.

    Raises:
        NotFoundError: it does not exist, or this transaction may not see it.
    """
    row = connection.execute(text(_SELECT + " WHERE id = :id"), {"id": farm_id}).one_or_none()
    if row is None:
        raise NotFoundError("farm", farm_id)
    return Farm(*row)
