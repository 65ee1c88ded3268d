"""Farms for the bench of the forecast cycle, filled by SQL in the order in which a live node writes.

Groups of `bench.forecast.herds`, each of so many goats that stand alike. All windows of a slot come together, so a
goat's history lies as far scattered over the disk as it does after weeks of live data.
"""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from sqlalchemy import Connection, Engine, text

from bench.forecast import SITE, SPECIFICATION, herds
from core.timeline import BUCKET
from forecast.inputs import Floats
from forecast.rolling.calibrating import needed_slots
from forecast.specification import HORIZON

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

_WINDOWS: Final = text(
    """INSERT INTO posture_window
      (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, lying)
    SELECT m.animal_id, r.slot, 900, 900, (900 * r.ratio)::int, r.ratio, nothing, nothing
    FROM unnest(CAST(:slots AS timestamptz[]), CAST(:groups AS int[]), CAST(:ratios AS float8[]))
      AS r (slot, group_id, ratio)
    JOIN membership m ON m.group_id = r.group_id
    CROSS JOIN (SELECT repeat('0', 900)::bit(900) AS nothing) n
    WHERE r.ratio < 'NaN' ORDER BY r.slot, m.animal_id"""
)
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


def arrive(connection: Connection, ratios: Floats, first: int) -> None:
    """Let windows come, with the markers of what they change.

    Args:
        connection: An open transaction.
        ratios: Shape `(groups, slots)`, slots in a row.
        first: The first of them, counted from `START`.
    """
    groups = list(connection.execute(text("SELECT id FROM animal_group ORDER BY id")).scalars())
    slots = [START + slot * BUCKET for slot in range(first, first + ratios.shape[1])]
    heard = {
        "slots": [slot for slot in slots for _ in groups],
        "groups": groups * len(slots),
        "ratios": ratios.T.ravel().tolist(),
    }
    connection.execute(_WINDOWS, heard)
    connection.execute(_MARKERS, {"slots": slots})


def fill(engine: Engine, region: Region, ratios: Floats) -> None:
    """Settle a region and let all days pass that are known when forecasts begin."""
    with engine.begin() as connection:
        settle(connection, region)
    for first in range(0, KNOWN, 96):
        with engine.begin() as connection:
            arrive(connection, ratios[:, first : first + 96], first)
    sys.stderr.write(f"{region.groups:,} groups of {GOATS} goats measured for {KNOWN_DAYS} days\n")


def tidy(engine: Engine) -> None:
    """Let the database know what it holds, as it would have learnt in weeks; as the tables' owner."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def repeat_issues(engine: Engine) -> None:
    """Let what was issued at the newest slot have been issued at each of the 191 before it too.

    So all that a forecast is scored for is there: each target has 192 forecasts, and each of them its own rows.
    """
    with engine.begin() as connection:
        for table, time in (("forecast", "issued_at"), ("forecast_block", "issued_at"), ("forecast_cycle", "slot")):
            columns = [name for name in _columns(connection, table) if name != time]
            kept = ", ".join(columns)
            connection.execute(
                text(
                    f"""INSERT INTO {table} ({time}, {kept})
                    SELECT {time} - n * interval '15 min', {kept}
                    FROM generate_series(:steps - 1, 1, -1) n CROSS JOIN {table}
                    WHERE {time} = :newest ORDER BY n DESC"""  # noqa: S608
                ),
                {"steps": HORIZON, "newest": FIRST},
            )


def _columns(connection: Connection, table: str) -> list[str]:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = :table AND is_generated = 'NEVER'"
    return list(connection.execute(text(query), {"table": table}).scalars())
