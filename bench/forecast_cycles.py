"""What a slot costs with its database: histories read, forecasts made and written, what came true scored.

Consecutive slots of a region on a PostgreSQL of its own, each farm's cycle by itself as a worker does it. The windows
of a slot come before its cycles and are not counted; 192 earlier forecasts wait for their scores, as in any week of a
node's life.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from animov.node import database_of
from bench.alone import alone
from bench.bulk import in_bulk, tidy
from bench.forecast import DAYS
from bench.forecast_filling import fill
from bench.forecast_past import repeat_issues
from bench.forecast_region import FIRST, KNOWN, Region, arrive, farm_ids
from bench.machine import load
from bench.processes import family_cpu_seconds
from core.logs import configure_logging
from core.settings import Settings
from core.timeline import BUCKET
from forecast.inputs import Floats
from forecast.rolling.cycle import run_cycle
from storage.embedded.cluster import FOLDER
from storage.embedded.leftovers import postmaster_pid
from storage.engine.database import Engine, engine_for

SLOTS: Final = 3
"""Slots that are measured in the middle of a day; one before them makes plans and warms pages."""

DAILY: Final = 2
"""Slots after these that begin a day: the first makes the factors of its bands, the second the rules of its alerts."""


class Spent(NamedTuple):
    """Seconds.

    Attributes:
        wall: By the clock.
        worker: Of the worker's processor time.
        database: Of the processor time of all processes of PostgreSQL.
    """

    wall: float
    worker: float
    database: float

    def since(self, earlier: "Spent") -> "Spent":
        """Return what was spent since then."""
        return Spent(*(now - then for now, then in zip(self, earlier, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """What the slots of a region cost.

    Attributes:
        groups: In the region.
        farms: That they belong to.
        forecasts: Written in a slot: of the groups, and of each farm's herd.
        slots: What each of `SLOTS` in the middle of a day took.
        new_day: What each of the `DAILY` slots that begin a day took.
        peak_bytes: Most memory of the worker.
        load: Of the machine meanwhile.
    """

    groups: int
    farms: int
    forecasts: int
    slots: list[Spent]
    new_day: list[Spent]
    peak_bytes: int
    load: float


def measure(groups: int, groups_per_farm: int, seed: int) -> Cycles:
    """Let a region live for some slots."""
    region = Region(groups, groups_per_farm, 1 + SLOTS + DAILY, seed)
    ratios = region.ratios()
    with tempfile.TemporaryDirectory(prefix="animov-bench-") as folder:
        settings = Settings(data_dir=Path(folder), log_level="WARNING")
        with database_of(settings) as access:
            filler = engine_for(in_bulk(settings.data_dir))
            try:
                fill(filler, region, ratios)
                tidy(filler)
                alone(_first, access.app)
                repeat_issues(filler)
                tidy(filler)
            finally:
                filler.dispose()
            server = postmaster_pid(settings.data_dir / FOLDER) or 0
            (forecasts, (_, *spent)), peak = alone(_live, access.app, server, ratios[:, KNOWN:])
    return Cycles(
        groups=groups,
        farms=region.farms,
        forecasts=forecasts,
        slots=spent[:SLOTS],
        new_day=spent[SLOTS:],
        peak_bytes=peak,
        load=load(),
    )


def _live(url: str, server: int, ratios: Floats) -> tuple[int, list[Spent]]:
    """Do the slots after the first; return the forecasts of the last, and what each took.

    Args:
        url: Of the database, as the role that writes.
        server: Number of PostgreSQL's main process.
        ratios: Shape `(groups, slots)`, from the first slot that is forecast on.
    """
    configure_logging(level="WARNING", role="bench")
    engine, spent, made = engine_for(url), [], 0
    for slot in range(1, 2 + SLOTS + DAILY):
        with engine.begin() as connection:
            arrive(connection, ratios[:, slot - 1 : slot], KNOWN + slot - 1)
        before = _now(server)
        made = _slot(engine, slot)
        spent.append(_now(server).since(before))
        sys.stderr.write(f"slot {slot} of {1 + SLOTS + DAILY}: {spent[-1].wall:.2f} s\n")
    engine.dispose()
    return made, spent


def _first(url: str) -> int:
    """Do the first slot."""
    configure_logging(level="WARNING", role="bench")
    engine = engine_for(url)
    try:
        return _slot(engine, 0)
    finally:
        engine.dispose()


def _slot(engine: Engine, slot: int) -> int:
    """Do the cycle of every farm; return how many forecasts were issued."""
    with engine.connect() as connection:
        farms = farm_ids(connection)
    return sum(run_cycle(engine, farm, FIRST + slot * BUCKET, history_days=DAYS) for farm in farms)


def _now(server: int) -> Spent:
    return Spent(time.perf_counter(), time.process_time(), family_cpu_seconds(server))
