"""What a flush must know of collars: who they are and how their samples are read.

A snapshot of this is kept by each edge or worker. Whoever changes it holds the farm's lock exclusively and raises
`farm.registry_version`; a flush holds the lock shared and compares versions, so no message is ever read with a
calibration that had been replaced when it was committed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from core.readings import CollarName
from core.timeline import to_ms
from storage.engine import news
from storage.evidence.sink import share_names

SINCE_EVER = -(1 << 62)
"""`effective_from` of a calibration without beginning, in milliseconds."""


class Calibration(NamedTuple):
    """How samples are read from an event time on.

    Attributes:
        effective_from: Milliseconds since 1970 on the collar's clock, inclusive.
        mount: `unknown`, `leg`, `collar` or `ear`.
        axes: What the three numbers of a sample are, in order, such as `("fwd", "up", "right")`; `-up` points down.
        hold_s: Seconds that a sample stands for.
        parameters: What the rule was fitted to, empty for an uncalibrated one.
    """

    effective_from: int
    mount: str
    axes: tuple[str, str, str]
    hold_s: int
    parameters: Mapping[str, Any]


class Generation(NamedTuple):
    """A complete reading of a collar's history: its calibrations, latest first."""

    number: int
    calibrations: tuple[Calibration, ...]


class Collar(NamedTuple):
    """A collar; `generations` holds the published one and those being built, oldest first."""

    id: int
    farm_id: int
    generations: tuple[Generation, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """A snapshot.

    Attributes:
        collars: By name.
        versions: By farm id.
        aliases: Collars by device of a network server.
        gone: sha256 of the names of farms that were deleted: their messages are dropped.
    """

    collars: Mapping[CollarName, Collar]
    versions: Mapping[int, int]
    aliases: Mapping[str, CollarName]
    gone: frozenset[bytes] = frozenset()

    def is_of_gone_farm(self, name: CollarName) -> bool:
        """Tell whether a collar that is not known is one of a farm that was deleted."""
        return bool(self.gone) and sha256(name.farm.encode()).digest() in self.gone


EMPTY = Registry({}, {}, {})

_FARMS = b"SELECT id, name, registry_version FROM farm"
_COLLARS = b"SELECT id, farm_id, name, generation FROM collar"
_CALIBRATIONS = b"""
SELECT k.collar_id, k.generation, nullif(k.effective_from, '-infinity'), k.mount, k.axes, k.hold_s, k.parameters
FROM calibration k JOIN collar c ON c.id = k.collar_id AND k.generation >= c.generation
ORDER BY k.collar_id, k.generation, k.effective_from DESC
"""
_ALIASES = b"SELECT device, collar_id FROM device_alias"
_GONE = b"SELECT name_hash FROM farm_deletion WHERE name_hash IS NOT NULL"


async def load(connection: AsyncConnection) -> Registry:
    """Read the whole registry as it is now."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        farms = await _fetch(connection, _FARMS)
        collars = await _fetch(connection, _COLLARS)
        calibrations = await _fetch(connection, _CALIBRATIONS)
        aliases = await _fetch(connection, _ALIASES)
        gone = await _fetch(connection, _GONE)
    farm_names = {farm_id: name for farm_id, name, _ in farms}
    names = {collar_id: CollarName(farm_names[farm_id], name) for collar_id, farm_id, name, _ in collars}
    generations = _generations(calibrations)
    return Registry(
        collars={
            names[collar_id]: Collar(collar_id, farm_id, _with_published(generations.get(collar_id, ()), published))
            for collar_id, farm_id, _, published in collars
        },
        versions={farm_id: version for farm_id, _, version in farms},
        aliases={device: names[collar_id] for device, collar_id in aliases},
        gone=frozenset(bytes(name_hash) for (name_hash,) in gone),
    )


async def follow(url: str, on_change: Callable[[Registry], None]) -> None:
    """Tell of the registry now and at each change, for ever; while the database is away the last one goes on."""

    async def look(connection: AsyncConnection) -> None:
        on_change(await load(connection))

    await news.follow(url, news.REGISTRY, look)


_CREATE_FARMS = b"""
INSERT INTO farm (name) SELECT DISTINCT name FROM unnest(%s::text[]) AS n (name)
WHERE NOT EXISTS (SELECT FROM farm_deletion d WHERE d.name_hash = sha256(convert_to(name, 'UTF8')))
ORDER BY 1 ON CONFLICT DO NOTHING
"""
_CREATE_COLLARS = b"""
WITH made AS (
  INSERT INTO collar (farm_id, name)
  SELECT DISTINCT f.id, n.collar FROM unnest(%s::text[], %s::text[]) AS n (farm, collar) JOIN farm f ON f.name = n.farm
  ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING farm_id)
UPDATE farm SET registry_version = registry_version + 1 WHERE id IN (SELECT farm_id FROM made)
"""


async def create_collars(connection: AsyncConnection, names: Iterable[CollarName]) -> None:
    """Make collars that were heard for the first time, and their farms; mount unknown until somebody says.

    Farms that were deleted are not made again by what still speaks for them.
    """
    wanted = sorted(set(names))
    farms, collars = [name.farm for name in wanted], [name.collar for name in wanted]
    async with connection.transaction():
        await share_names(connection)
        await connection.execute(_CREATE_FARMS, (farms,))
        await connection.execute(_CREATE_COLLARS, (farms, collars))


async def _fetch(connection: AsyncConnection, query: bytes) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(query)
    return await cursor.fetchall()


_UNKNOWN = Calibration(SINCE_EVER, "unknown", ("fwd", "up", "right"), 1, {})


def _with_published(written: tuple[Generation, ...], published: int) -> tuple[Generation, ...]:
    """Add the published generation where nobody has said yet how to read it: samples are received all the same."""
    if written and written[0].number == published:
        return written
    return (Generation(published, (_UNKNOWN,)), *written)


def _generations(rows: Iterable[tuple[Any, ...]]) -> dict[int, tuple[Generation, ...]]:
    found: dict[int, dict[int, list[Calibration]]] = {}
    for collar_id, generation, effective_from, mount, axes, hold_s, parameters in rows:
        calibration = Calibration(_ms(effective_from), mount, tuple(axes.split(",")), hold_s, parameters)
        found.setdefault(collar_id, {}).setdefault(generation, []).append(calibration)
    return {
        collar_id: tuple(Generation(number, tuple(calibrations)) for number, calibrations in sorted(by_number.items()))
        for collar_id, by_number in found.items()
    }


def _ms(effective_from: datetime | None) -> int:
    return SINCE_EVER if effective_from is None else to_ms(effective_from)
