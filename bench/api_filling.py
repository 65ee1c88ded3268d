"""A farm as it is after a year of measuring: written in bulk, in the tables and amounts that a live node leaves.

All windows of a slot come together, so an animal's year lies as far scattered over the disk as it does after a year
of live data. Of forecasts and scores the newest two days are there, of daily sheets the last month.
"""

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, text

from bench.forecast_copying import BIT900, FLOAT4, INT2, INT4, TIME, Column, copy_rows, microseconds
from core.timeline import BUCKET, BUCKET_S
from storage.alerting import findings
from storage.alerting.findings import Finding, Subject
from storage.forecasting import forecasts, issuing, scores
from storage.forecasting.forecasts import DAY, STEPS, Issued
from storage.measurements import series

FARM: Final = "bench"
GROUP_SIZE: Final = 25

_MEASURED: Final = 0.98
"""Share of windows of which anything is heard."""

_SHEETS: Final = 30
"""Days of daily sheets."""


@dataclass(frozen=True, slots=True)
class Herd:
    """What is to be filled.

    Attributes:
        animals: In groups of 25.
        days: Measured before `end`.
        seed: Of what the animals do.
        end: Start of the first slot of which nothing is known.
    """

    animals: int
    days: int
    seed: int
    end: datetime

    @property
    def groups(self) -> int:
        """How many groups these are."""
        return -(-self.animals // GROUP_SIZE)


@dataclass(frozen=True, slots=True)
class Filled:
    """Ids of what was filled, each in order, and how many windows there are."""

    farm: int
    groups: list[int]
    animals: list[int]
    windows: int


def fill(engine: Engine, herd: Herd) -> Filled:
    """Settle a farm and let its days have passed."""
    with engine.begin() as connection:
        farm = settle(connection, herd)
        groups, animals = (ids_of(connection, table, farm) for table in ("animal_group", "animal"))
        _fill_forecasts(connection, farm, herd)
        _fill_scores(connection, farm, herd.end)
        fill_alerts(connection, farm, groups, herd.end)
        for statement in TOLD:
            connection.execute(text(statement), {"farm": farm, "end": herd.end, "days": min(herd.days, _SHEETS)})
    windows = fill_windows(engine, herd, np.array(animals))
    return Filled(farm, groups, animals, windows)


_HERD: Final = (
    """INSERT INTO animal_group (farm_id, name)
    SELECT :farm, 'group-' || n FROM generate_series(1, :groups) n ORDER BY n""",
    """INSERT INTO animal (farm_id, name)
    SELECT :farm, 'goat-' || lpad(n::text, 4, '0') FROM generate_series(0, :animals - 1) n ORDER BY n""",
    "INSERT INTO collar (farm_id, name) SELECT :farm, name FROM animal WHERE farm_id = :farm ORDER BY id",
    """INSERT INTO assignment (collar_id, animal_id, during)
    SELECT c.id, a.id, '(,)' FROM animal a JOIN collar c USING (farm_id, name)""",
    """INSERT INTO membership (animal_id, group_id, during) SELECT a.id, g.id, '(,)'
    FROM animal a JOIN animal_group g
      ON g.name = 'group-' || 1 + substr(a.name, 6)::int / :size AND g.farm_id = a.farm_id""",
    """INSERT INTO calibration (collar_id, generation, effective_from, mount, axes, hold_s)
    SELECT id, 0, '-infinity', 'leg', 'fwd,up,right', 1 FROM collar WHERE farm_id = :farm""",
)

TOLD: Final = (
    """INSERT INTO collar_status (collar_id, at, online, battery_v, rssi_dbm, firmware)
    SELECT id, :end, true, 3.9, -71, '1.4.2' FROM collar WHERE farm_id = :farm AND :days > 0""",
    """INSERT INTO stored_evidence (collar_id, bucket, method, received, standing, known)
    SELECT c.id, CAST(:end AS timestamptz) - n * interval '15 min', 5000, repeat('1', 900)::bit(900),
      repeat('10', 450)::bit(900), repeat('1', 900)::bit(900)
    FROM generate_series(96, 1, -1) n CROSS JOIN collar c WHERE c.farm_id = :farm AND :days > 0""",
    """INSERT INTO animal_day (animal_id, day, start, day_s, received_s, known_s, ordered_s, standing_s, lying_s,
      lying_bouts, lie_downs, rises, longest_lying_s, mean_lying_s, fragmentation, interruptions, inferred, until)
    SELECT a.id, d::date, d, 86400, 84600, 84000, 84000, 40000 + a.id % 9000, 44000 - a.id % 9000,
      14, 14, 14, 5400, 3142.8, 1.14, 3, false, d + interval '2 days'
    FROM generate_series(date_trunc('day', CAST(:end AS timestamptz)) - :days * interval '1 day', :end, '1 day') d
    CROSS JOIN animal a WHERE a.farm_id = :farm""",
)


def settle(connection: Connection, herd: Herd) -> int:
    """Make a farm with groups, animals and collars, worn since ever."""
    query = "INSERT INTO farm (name, time_zone, latitude, longitude) VALUES (:name, 'UTC', 46.6, 0.3) RETURNING id"
    farm = int(connection.execute(text(query), {"name": FARM}).scalar_one())
    values = {"farm": farm, "animals": herd.animals, "groups": herd.groups, "size": GROUP_SIZE}
    for statement in _HERD:
        connection.execute(text(statement), values)
    return farm


def ids_of(connection: Connection, table: str, farm: int) -> list[int]:
    """Return the ids of a farm's rows of a table, in order."""
    query = f"SELECT id FROM {table} WHERE farm_id = :farm ORDER BY id"  # noqa: S608 - our own words
    return list(connection.execute(text(query), {"farm": farm}).scalars())


def fill_windows(engine: Engine, herd: Herd, animals: NDArray[np.int64]) -> int:
    """Write windows by millions, a day at a time: the index afterwards, and nothing left for a vacuum to do."""
    rng, written = np.random.default_rng(herd.seed), 0
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        connection.execute(text("ALTER TABLE stored_window DROP CONSTRAINT posture_window_pkey"))
        connection.execute(text("TRUNCATE stored_window"))
        for day in range(herd.days, 0, -1):
            columns = windows_of_day(rng, animals, herd.end - timedelta(days=day))
            copy_rows(connection, "stored_window", columns, frozen=True)
            written += len(columns["animal_id"][1])
        connection.execute(text("ALTER TABLE stored_window ADD PRIMARY KEY (animal_id, bucket)"))
    sys.stderr.write(f"{herd.animals:,} animals measured for {herd.days} days: {written:,} windows\n")
    return written


def windows_of_day(rng: np.random.Generator, animals: NDArray[np.int64], start: datetime) -> dict[str, Column]:
    """Return the windows of some animals in the 24 hours from an instant on, slot by slot.

    An animal lies or stands through most windows and changes once in the others; by day it stands more.
    """
    slot, animal = np.nonzero(rng.random((DAY, len(animals))) < _MEASURED)
    share = 0.45 + 0.3 * np.sin(np.arange(DAY) * 2 * np.pi / DAY)
    stands, changes = rng.random((2, len(slot)))
    seconds = np.where(changes < 0.3, rng.integers(0, BUCKET_S + 1, len(slot)), BUCKET_S * (stands < share[slot]))
    return {
        "animal_id": (INT4, animals[animal]),
        "bucket": (TIME, microseconds(start, BUCKET_S, DAY)[slot]),
        "received_s": (INT2, BUCKET_S),
        "known_s": (INT2, BUCKET_S),
        "standing_s": (INT2, seconds),
        "standing_ratio": (FLOAT4, seconds / BUCKET_S),
        "standing": (BIT900, _FIRST[seconds]),
        "known": (BIT900, _KNOWN),
    }


def _patterns(values: NDArray[np.bool_]) -> NDArray[np.void]:
    """Return rows of 900 truths as values of a column of bits."""
    made = np.zeros(len(values), BIT900)
    made["length"], made["bits"] = BUCKET_S, np.packbits(values, axis=1).view("V113")[:, 0]
    return made


_FIRST: Final = _patterns(np.arange(BUCKET_S) < np.arange(BUCKET_S + 1)[:, None])
"""The first so many seconds of a window."""

_KNOWN: Final = _FIRST[BUCKET_S]


def _fill_forecasts(connection: Connection, farm: int, herd: Herd) -> None:
    """Issue what the last two days have issued: to the hour but for the newest, for nothing here reads the others."""
    followed = [one.id for one in series.ensure_series(connection, farm)]
    rng = np.random.default_rng(herd.seed)
    for back in range(STEPS, -1, -4):
        at = herd.end - back * BUCKET
        issuing.issue(connection, [_issued(one, at, rng) for one in followed])
        forecasts.record_cycle(connection, farm, at, series=len(followed), seconds=0.1)


def _issued(series_id: int, at: datetime, rng: np.random.Generator) -> Issued:
    mean = np.clip(0.5 + 0.3 * np.sin(np.arange(STEPS) * 2 * np.pi / DAY) + rng.normal(0, 0.02, STEPS), 0, 1)
    bands = {
        f"{side}{level}": np.clip(mean + sign * width, 0, 1).tolist()
        for level, width in ((80, 0.1), (95, 0.16))
        for side, sign in (("lower", -1), ("upper", 1))
    }
    return Issued(
        series_id=series_id,
        issued_at=at,
        backtest=False,
        model="sarimax",
        reason="",
        specification="(2,0,1) with 4 harmonics of the day and solar_elevation",
        inputs_hash=rng.bytes(32),
        mean=mean.tolist(),
        **bands,
        persistence=[0.5] * STEPS,
        constant_mean=[0.55] * STEPS,
        seasonal_naive=mean.tolist(),
        mean_profile=mean.tolist(),
        sigma=[0.08] * STEPS,
    )


def _fill_scores(connection: Connection, farm: int, end: datetime) -> None:
    """Let each slot of the last week have its sums, of errors of a tenth."""
    values = {"farm": farm, "end": end, "bands": list(scores.BANDS), "models": list(scores.MODELS)}
    connection.execute(_SCORES, values)


_SCORES: Final = text("""
INSERT INTO score (series_id, target, band, model, n, sum_squared, sum_absolute, sum_error,
                   covered80, covered95, interval80, interval95)
SELECT s.id, CAST(:end AS timestamptz) - back * interval '15 min', band, model, 48, 0.48, 4.8, 0,
       c.size * 4 / 5, c.size * 19 / 20, c.size * 0.4, c.size * 0.6
FROM generate_series(672, 1, -1) AS back CROSS JOIN series s
CROSS JOIN unnest(CAST(:models AS text[])) AS model CROSS JOIN unnest(CAST(:bands AS text[])) AS band
CROSS JOIN LATERAL (SELECT CASE WHEN model = 'model' THEN 48 END AS size) c
WHERE s.farm_id = :farm ORDER BY back DESC, model, s.id
""")


def fill_alerts(connection: Connection, farm: int, groups: list[int], end: datetime) -> None:
    """Raise an alert of each group that goes on, and ten that are over."""
    for group in groups:
        for age in range(10, -1, -1):
            findings.add(connection, farm, "deviation", _deviation(group, end - timedelta(days=age), over=age > 0))


def _deviation(group: int, at: datetime, *, over: bool) -> Finding:
    quarters: list[dict[str, Any]] = [
        {"at": (at - back * BUCKET).isoformat(), "ratio": 0.21, "mean": 0.55} for back in range(8, 0, -1)
    ]
    return Finding(
        subject=Subject(group_id=group),
        since=at - 8 * BUCKET,
        opened_at=at - 2 * BUCKET,
        last_evidence_at=at,
        until=at if over else None,
        ended_by="inside" if over else "",
        severity="warning",
        evidence={"direction": "less", "outside": 6, "windows": 8, "observed": 0.21, "quarters": quarters},
        expected={"mean": 0.55, "lower95": 0.3, "upper95": 0.8},
        causes=[{"code": "rain", "weight": 0.4, "rain_mm": 2.0}],
    )
