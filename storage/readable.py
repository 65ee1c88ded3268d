"""What the API lists of a herd: farms, groups, animals, collars, as they are now.

Every function reads in a transaction that sees the caller's farms only; what belongs to another farm is not there.
Lists go by id: `after` is the last id of the page before, 0 for the first page.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from core.errors import NotFoundError


class Farm(NamedTuple):
    """A farm; coverages are shares of the seconds that must be known for a ratio to count."""

    id: int
    name: str
    title: str
    time_zone: str
    latitude: float | None
    longitude: float | None
    events: Sequence[dict[str, Any]]
    animal_coverage: float
    group_coverage: float


class Group(NamedTuple):
    """A group; `animals` counts those that belong to it now."""

    id: int
    name: str
    animals: int


class Animal(NamedTuple):
    """An animal, the group that it is in now and the collars that it wears now, by id."""

    id: int
    name: str
    group_id: int | None
    group_name: str | None
    collar_ids: Sequence[int]


class Collar(NamedTuple):
    """A collar, who wears it now, how it is mounted, its latest status.

    `last_heard` is the end of the latest second of which it sent anything, a status included.
    """

    id: int
    name: str
    mount: str
    animal_id: int | None
    animal_name: str | None
    last_heard: datetime | None
    status_at: datetime | None
    online: bool | None
    battery_v: float | None
    rssi_dbm: float | None
    firmware: str | None


def now(connection: Connection) -> datetime:
    """Return the node's time."""
    at: datetime = connection.execute(text("SELECT animov_now()")).scalar_one()
    return at


_FARM = """
SELECT id, name, title, time_zone, latitude, longitude, events, animal_coverage, group_coverage FROM farm
"""
_FARMS = text(_FARM + "WHERE id > :after ORDER BY id LIMIT :limit")
_ONE_FARM = text(_FARM + "WHERE name = :name")


def farms(connection: Connection, *, after: int, limit: int) -> list[Farm]:
    """Return farms in the order of their ids."""
    return [Farm(*row) for row in connection.execute(_FARMS, {"after": after, "limit": limit})]


def farm(connection: Connection, name: str) -> Farm:
    """Return a farm.

    Raises:
        NotFoundError: there is none of that name.
    """
    row = connection.execute(_ONE_FARM, {"name": name}).one_or_none()
    if row is None:
        raise NotFoundError("farm", name)
    return Farm(*row)


_GROUPS = text("""
SELECT g.id, g.name, count(m.id)
FROM animal_group g LEFT JOIN membership m ON m.group_id = g.id AND m.during @> animov_now()
WHERE g.farm_id = :farm AND g.id > :after
GROUP BY g.id ORDER BY g.id LIMIT :limit
""")


def groups(connection: Connection, farm_id: int, *, after: int, limit: int) -> list[Group]:
    """Return groups of a farm in the order of their ids."""
    return [Group(*row) for row in connection.execute(_GROUPS, {"farm": farm_id, "after": after, "limit": limit})]


_ANIMALS = text("""
SELECT a.id, a.name, g.id, g.name,
       ARRAY(SELECT w.collar_id FROM assignment w WHERE w.animal_id = a.id AND w.during @> t.now ORDER BY 1)
FROM (SELECT animov_now() AS now) t
CROSS JOIN animal a
LEFT JOIN membership m ON m.animal_id = a.id AND m.during @> t.now
LEFT JOIN animal_group g ON g.id = m.group_id
WHERE a.farm_id = :farm AND a.id > :after
ORDER BY a.id LIMIT :limit
""")


def animals(connection: Connection, farm_id: int, *, after: int, limit: int) -> list[Animal]:
    """Return animals of a farm in the order of their ids."""
    return [Animal(*row) for row in connection.execute(_ANIMALS, {"farm": farm_id, "after": after, "limit": limit})]


_COLLARS = text("""
WITH page AS MATERIALIZED (
  SELECT id, name, generation FROM collar WHERE farm_id = :farm AND id > :after ORDER BY id LIMIT :limit)
SELECT c.id, c.name, coalesce(k.mount, 'unknown'), a.id, a.name, greatest(h.heard_until, s.at),
       s.at, s.online, s.battery_v, s.rssi_dbm, s.firmware
FROM (SELECT animov_now() AS now) t
CROSS JOIN page c
LEFT JOIN LATERAL (SELECT mount FROM calibration
  WHERE collar_id = c.id AND generation = c.generation AND effective_from <= t.now
  ORDER BY effective_from DESC LIMIT 1) k ON true
LEFT JOIN assignment w ON w.collar_id = c.id AND w.during @> t.now
LEFT JOIN animal a ON a.id = w.animal_id
LEFT JOIN farm_collar_heard h ON h.collar_id = c.id
LEFT JOIN collar_status s ON s.collar_id = c.id
ORDER BY c.id
""")


def collars(connection: Connection, farm_id: int, *, after: int, limit: int) -> list[Collar]:
    """Return collars of a farm in the order of their ids."""
    return [Collar(*row) for row in connection.execute(_COLLARS, {"farm": farm_id, "after": after, "limit": limit})]
