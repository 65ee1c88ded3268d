"""What the API tells of a herd: farms, groups, animals, collars, as they are now.

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
    species: str
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

    `last_heard` is the end of the latest second of which it sent anything, a status included. `axes` and `hold_s` are
    `None` while nobody has said the mount; `recomputing` tells whether its past is still to be read another way.
    """

    id: int
    name: str
    mount: str
    axes: str | None
    hold_s: int | None
    recomputing: bool
    animal_id: int | None
    animal_name: str | None
    last_heard: datetime | None
    status_at: datetime | None
    online: bool | None
    battery_v: float | None
    rssi_dbm: float | None
    firmware: str | None


_NOW = text("SELECT animov_now()")


def now(connection: Connection) -> datetime:
    """Return the node's time."""
    at: datetime = connection.execute(_NOW).scalar_one()
    return at


_FARM = """
SELECT id, name, title, time_zone, latitude, longitude, species, events,
       round(animal_coverage::numeric, 3)::float8, round(group_coverage::numeric, 3)::float8 FROM farm
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


_ASKED = "AND (CAST(:id AS int) IS NULL OR {it}.id = :id) AND (CAST(:name AS text) IS NULL OR {it}.name = :name)"
_GROUPS = text(f"""
SELECT g.id, g.name, count(m.id)
FROM animal_group g LEFT JOIN membership m ON m.group_id = g.id AND m.during @> animov_now()
WHERE g.farm_id = :farm AND g.id > :after {_ASKED.format(it="g")}
GROUP BY g.id ORDER BY g.id LIMIT :limit
""")  # noqa: S608 - our own words


def groups(connection: Connection, farm_id: int, *, name: str | None = None, after: int = 0, limit: int) -> list[Group]:
    """Return groups of a farm in the order of their ids; only the one of a name, if it is given."""
    values = {"farm": farm_id, "id": None, "name": name, "after": after, "limit": limit}
    return [Group(*row) for row in connection.execute(_GROUPS, values)]


def group(connection: Connection, farm_id: int, group_id: int) -> Group:
    """Return a group.

    Raises:
        NotFoundError: the farm has none of that id.
    """
    values = {"farm": farm_id, "id": group_id, "name": None, "after": 0, "limit": 1}
    return Group(*_only(connection.execute(_GROUPS, values).one_or_none(), "group", group_id))


def _only(row: Any, kind: str, row_id: int) -> Any:
    if row is None:
        raise NotFoundError(kind, row_id)
    return row


_ANIMALS = text(f"""
SELECT a.id, a.name, g.id, g.name,
       ARRAY(SELECT w.collar_id FROM assignment w WHERE w.animal_id = a.id AND w.during @> t.now ORDER BY 1)
FROM (SELECT animov_now() AS now) t
CROSS JOIN animal a
LEFT JOIN membership m ON m.animal_id = a.id AND m.during @> t.now
LEFT JOIN animal_group g ON g.id = m.group_id
WHERE a.farm_id = :farm AND a.id > :after {_ASKED.format(it="a")}
  AND (CAST(:group AS int) IS NULL OR g.id = :group)
ORDER BY a.id LIMIT :limit
""")  # noqa: S608 - our own words


def animals(
    connection: Connection,
    farm_id: int,
    *,
    name: str | None = None,
    group: int | None = None,
    after: int = 0,
    limit: int,
) -> list[Animal]:
    """Return animals of a farm in the order of their ids; only those of a name or now in a group, if it is given."""
    values = {"farm": farm_id, "id": None, "name": name, "group": group, "after": after, "limit": limit}
    return [Animal(*row) for row in connection.execute(_ANIMALS, values)]


def animal(connection: Connection, farm_id: int, animal_id: int) -> Animal:
    """Return an animal.

    Raises:
        NotFoundError: the farm has none of that id.
    """
    values = {"farm": farm_id, "id": animal_id, "name": None, "group": None, "after": 0, "limit": 1}
    return Animal(*_only(connection.execute(_ANIMALS, values).one_or_none(), "animal", animal_id))


_COLLARS = text(f"""
WITH page AS MATERIALIZED (
  SELECT id, name, generation FROM collar c WHERE farm_id = :farm AND id > :after {_ASKED.format(it="c")}
    AND (CAST(:animal AS int) IS NULL OR EXISTS (
      SELECT FROM assignment w WHERE w.collar_id = c.id AND w.animal_id = :animal AND w.during @> animov_now()))
  ORDER BY id LIMIT :limit)
SELECT c.id, c.name, coalesce(k.mount, 'unknown'), k.axes, k.hold_s,
       EXISTS (SELECT FROM calibration p WHERE p.collar_id = c.id AND p.generation > c.generation),
       a.id, a.name, greatest(h.heard_until, s.at),
       s.at, s.online, s.battery_v, s.rssi_dbm, s.firmware
FROM (SELECT animov_now() AS now) t
CROSS JOIN page c
LEFT JOIN LATERAL (SELECT mount, axes, hold_s FROM calibration
  WHERE collar_id = c.id AND generation = c.generation AND effective_from <= t.now
  ORDER BY effective_from DESC LIMIT 1) k ON true
LEFT JOIN assignment w ON w.collar_id = c.id AND w.during @> t.now
LEFT JOIN animal a ON a.id = w.animal_id
LEFT JOIN LATERAL (SELECT heard_until FROM farm_collar_heard WHERE collar_id = c.id OFFSET 0) h ON true
LEFT JOIN collar_status s ON s.collar_id = c.id
ORDER BY c.id
""")  # noqa: S608 - our own words
"""OFFSET 0 keeps what was heard a look-up by collar: joined, the plan that the server keeps for any values, after ten
calls on a connection, works it out for all collars of the farm once for each."""


def collars(
    connection: Connection,
    farm_id: int,
    *,
    name: str | None = None,
    animal: int | None = None,
    after: int = 0,
    limit: int,
) -> list[Collar]:
    """Return collars of a farm in the order of their ids; only that of a name or those an animal wears, if given."""
    values = {"farm": farm_id, "id": None, "name": name, "animal": animal, "after": after, "limit": limit}
    return [Collar(*row) for row in connection.execute(_COLLARS, values)]


def collar(connection: Connection, farm_id: int, collar_id: int) -> Collar:
    """Return a collar.

    Raises:
        NotFoundError: the farm has none of that id.
    """
    values = {"farm": farm_id, "id": collar_id, "name": None, "animal": None, "after": 0, "limit": 1}
    return Collar(*_only(connection.execute(_COLLARS, values).one_or_none(), "collar", collar_id))
