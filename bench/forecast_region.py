"""Farms for the bench of the forecast cycle, and the windows of their goats.

Groups of `bench.forecast.herds`, each of so many goats that stand alike. All windows of a slot come together, so a
goat's history lies as far scattered over the disk as it does after weeks of live data.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from sqlalchemy import Connection, text

from bench.forecast import SITE, SPECIFICATION, herds
from bench.forecast_copying import BIT900, FLOAT4, INT2, INT4, TIME, Column, copy_rows, microseconds
from core.timeline import BUCKET
from forecast.inputs import Floats
from forecast.rolling.calibrating import needed_slots

KNOWN_DAYS: Final = -(-needed_slots(SPECIFICATION) // 96)
"""Known when forecasts begin: what the model is fitted to, and what its bands are calibrated by."""

KNOWN: Final = KNOWN_DAYS * 96
"""The first slot that is forecast, counted from `START`."""

START: Final = datetime(2026, 3, 1, 22, 45, tzinfo=UTC)
FIRST: Final = START + KNOWN * BUCKET

GOATS: Final = 3
"""In a group: histories are read goat by goat, forecasts are a group's."""


@dataclass(frozen=True, slots=True)
class Region:
    """Farms with groups of goats.

    Attributes:
        groups: In all.
        groups_per_farm: At most.
        slots: That are forecast.
        seed: Of what the goats do.
    """

    groups: int
    groups_per_farm: int
    slots: int
    seed: int

    @property
    def farms(self) -> int:
        """How many farms these are."""
        return -(-self.groups // self.groups_per_farm)

    def ratios(self) -> Floats:
        """Return the share of each group that stands, shape `(groups, slots)`, NaN where nothing is heard."""
        days = KNOWN_DAYS + -(-self.slots // 96)
        return herds(self.groups, np.random.default_rng(self.seed), shared_gaps=False, days=days)


_HERD: Final = (
    """INSERT INTO farm (name, time_zone, latitude, longitude)
    SELECT 'farm-' || n, :zone, :latitude, :longitude FROM generate_series(0, :farms - 1) n""",
    """INSERT INTO animal_group (farm_id, name) SELECT f.id, 'group-' || n FROM generate_series(0, :groups - 1) n
    JOIN farm f ON f.name = 'farm-' || n / :groups_per_farm ORDER BY n""",
    """INSERT INTO animal (farm_id, name) SELECT farm_id, name || '-goat-' || n FROM animal_group
    CROSS JOIN generate_series(1, :goats) n ORDER BY animal_group.id, n""",
    "INSERT INTO collar (farm_id, name) SELECT farm_id, name FROM animal ORDER BY id",
    """INSERT INTO assignment (collar_id, animal_id, during)
    SELECT c.id, a.id, '(,)' FROM animal a JOIN collar c USING (farm_id, name)""",
    """INSERT INTO membership (animal_id, group_id, during) SELECT a.id, g.id, '(,)'
    FROM animal a JOIN animal_group g ON g.farm_id = a.farm_id AND g.name = split_part(a.name, '-goat-', 1)""",
)

_NOTHING: Final = np.array((900, b""), BIT900)
"""No second told by its bit: forecasts read sums."""

_MARKERS: Final = text(
    """INSERT INTO changed_bucket (farm_id, bucket)
    SELECT f.id, slot FROM farm f CROSS JOIN unnest(CAST(:slots AS timestamptz[])) AS slot"""
)


def settle(connection: Connection, region: Region) -> None:
    """Make farms, groups, goats and collars, worn since ever."""
    values = {
        "zone": SITE.zone,
        "latitude": SITE.latitude,
        "longitude": SITE.longitude,
        "farms": region.farms,
        "groups": region.groups,
        "groups_per_farm": region.groups_per_farm,
        "goats": GOATS,
    }
    for statement in _HERD:
        connection.execute(text(statement), values)


def farm_ids(connection: Connection) -> list[int]:
    """Return the farms."""
    return list(connection.execute(text("SELECT id FROM farm ORDER BY id")).scalars())


def seconds_standing(ratios: Floats) -> Floats:
    """Return the seconds of a window that a goat stands, of its group's ratio; NaN where nothing is heard."""
    seconds: Floats = np.rint(900 * ratios)
    return seconds


def arrive(connection: Connection, ratios: Floats, first: int) -> None:
    """Let windows come, with the markers of what they change.

    Args:
        connection: An open transaction.
        ratios: Shape `(groups, slots)`, slots in a row.
        first: The first of them, counted from `START`.
    """
    write_windows(connection, ratios, first)
    connection.execute(_MARKERS, {"slots": [START + slot * BUCKET for slot in range(first, first + ratios.shape[1])]})


def write_windows(connection: Connection, ratios: Floats, first: int, *, frozen: bool = False) -> None:
    """Write the windows of all goats, slot by slot; see `arrive`, and `copy_rows` for `frozen`."""
    groups, animals = np.array(connection.execute(text(_GOATS)).all()).T
    standing = seconds_standing(ratios)[np.searchsorted(np.unique(groups), groups)]
    slot, goat = np.nonzero(np.isfinite(standing.T))
    seconds = standing[goat, slot]
    columns: dict[str, Column] = {
        "animal_id": (INT4, animals[goat]),
        "bucket": (TIME, microseconds(START + first * BUCKET, BUCKET.seconds, ratios.shape[1])[slot]),
        "received_s": (INT2, 900),
        "known_s": (INT2, 900),
        "standing_s": (INT2, seconds),
        "standing_ratio": (FLOAT4, seconds / 900),
        "standing": (BIT900, _NOTHING),
        "known": (BIT900, _NOTHING),
    }
    copy_rows(connection, "stored_window", columns, frozen=frozen)


_GOATS: Final = "SELECT group_id, animal_id FROM membership ORDER BY animal_id"
