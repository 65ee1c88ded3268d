"""What a month of a herd takes: disk by table, memory of the edge and of PostgreSQL.

A simulated herd uploads the postures of every day, six hours at a time, through a real edge. The bits of a window weigh
the same whatever they came from; raw messages are the spans here and are bounded by a setting anyway.
"""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from sqlalchemy import Engine, text

from bench.nodes import EdgeNode, edge_node
from bench.processes import command_line, descendants, memory_bytes
from core.settings import Settings
from core.timeline import to_ms
from forecast.rolling.hindsight import issue_in_hindsight, slots_between
from ingest.publisher import Publisher
from ingest.simulation.due import Due
from ingest.simulation.herd import Herd
from ingest.simulation.messages import posture_messages
from ingest.simulation.settings import Group, HerdSettings
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading

START: Final = datetime(2026, 5, 1, tzinfo=UTC)
GROUP_SIZE: Final = 25
FARM: Final = "month"
ORIGINS: Final = 4
"""Back-test origins whose forecasts are weighed."""


def run(animals: int, days: int) -> dict[str, Any]:
    """Let a herd upload so many days and weigh what is left of it, in bytes."""
    groups = tuple(Group(f"group-{n}", GROUP_SIZE, "leg") for n in range(-(-animals // GROUP_SIZE)))
    simulated = Herd(HerdSettings(farm=FARM, groups=groups))
    with tempfile.TemporaryDirectory(prefix="animov-bench-") as folder:
        settings = Settings(data_dir=Path(folder), mqtt_port=0)
        with edge_node(settings) as node:
            farm_id = _settle(node.engine, simulated)
            started = perf_counter()
            messages = _upload(node, simulated, days)
            seconds = perf_counter() - started
            edge = memory_bytes(node.pid, peak=True)
            tables = _weighed(node.engine)
            forecasts = _weigh_forecasts(node.engine, farm_id, days)
            return {
                "animals": len(simulated.animals),
                "days": days,
                "messages": messages,
                "seconds": seconds,
                "windows": _windows(node.engine),
                "bytes": tables,
                "bytes_per_animal_and_day": sum(tables.values()) / len(simulated.animals) / days,
                "forecast_bytes": forecasts,
                "edge_peak_bytes": edge,
                "postgresql_bytes": _postgresql_bytes(),
            }


def told(found: dict[str, Any]) -> str:
    """Say it in words and columns."""
    lines = [
        f"{found['animals']} animals, {found['days']} days: {found['windows']:,} windows",
        f"{found['messages']:,} uploads in {found['seconds']:.0f} s",
        *(f"  {table:<16} {size / 1e6:>10,.1f} MB" for table, size in found["bytes"].items()),
        f"  {found['bytes_per_animal_and_day']:,.0f} bytes per animal and day",
        f"one forecast of one series takes {found['forecast_bytes']:,.0f} bytes, 96 are issued a day",
        (
            f"peak memory of the edge {found['edge_peak_bytes'] / 1e6:,.0f} MB,"
            f" of PostgreSQL's processes together {found['postgresql_bytes'] / 1e6:,.0f} MB"
        ),
    ]
    return "\n".join(lines) + "\n"


def _settle(engine: Engine, simulated: Herd) -> int:
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, FARM)
        for animal in simulated.animals:
            collar_id = herd.ensure_collar(connection, animal.collar)
            animal_id = herd.ensure_animal(connection, farm_id, animal.name)
            calibrations.append(connection, collar_id, 0, Reading("leg"), None)
            herd.assign(connection, collar_id, animal_id)
            herd.move(connection, animal_id, herd.ensure_group(connection, farm_id, animal.group_name))
        return farm_id


def _upload(node: EdgeNode, simulated: Herd, days: int) -> int:
    with Publisher(f"mqtt://127.0.0.1:{node.port}", "bench-month", window=4000) as publisher:
        for message in _days(simulated, days):
            publisher.publish(message.topic, message.payload)
        publisher.drain()
        return publisher.acknowledged


def _days(simulated: Herd, days: int) -> Iterator[Due]:
    for day in range(days):
        start = START + timedelta(days=day)
        yield from posture_messages(simulated, to_ms(start), to_ms(start + timedelta(days=1)))


def _weighed(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        sizes = connection.execute(
            text(
                """SELECT relname, pg_total_relation_size(oid) AS bytes FROM pg_class
                WHERE relname IN ('stored_evidence', 'stored_window', 'raw_pack') ORDER BY 2 DESC"""
            )
        )
        return {row.relname: row.bytes for row in sizes}


def _weigh_forecasts(engine: Engine, farm_id: int, days: int) -> float:
    end = START + timedelta(days=days)
    origins = slots_between(end - timedelta(days=1), end, 96 // ORIGINS)
    issue_in_hindsight(engine, farm_id, origins, history_days=min(days, 21))
    with engine.connect() as connection:
        return float(
            connection.execute(
                text("SELECT pg_total_relation_size('forecast')::float8 / count(*) FROM forecast")
            ).scalar_one()
        )


def _postgresql_bytes() -> int:
    """Return what the database's processes have in memory, shared pages counted once."""
    below = [one.pid for one in descendants(os.getpid())]
    servers = [pid for pid in below if "postgres" in next(iter(command_line(pid)), "")]
    shares = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in servers]
    return sum(
        int(line.split()[1]) * 1024 for share in shares for line in share.splitlines() if line.startswith("Pss:")
    )


def _windows(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM posture_window")).scalar_one())
