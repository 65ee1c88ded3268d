"""What the API costs: the calls that integrators make most, exports, live listeners, its start.

A real process of the API on a PostgreSQL of its own, with a year of a herd in it, asked by a client in a process of
its own over loopback. Everything that is compared is measured in the same run.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from animov import node
from animov.supervisor import Child, Supervisor
from bench import api_calls, api_exports, api_listening, api_starting, api_views
from bench.alone import alone
from bench.api_calls import Target
from bench.api_exports import Wanted
from bench.api_filling import FARM, GROUP_SIZE, Filled, Herd, fill
from bench.bulk import in_bulk, tidy
from bench.machine import load, machine
from core.settings import Settings
from core.timeline import floor_slot
from storage.access import api_keys
from storage.embedded.cluster import FOLDER
from storage.embedded.leftovers import postmaster_pid
from storage.engine.database import engine_for
from storage.upkeep.provision import Access

EMPTY: Final = "empty"
_LIBRARIES: Final = ("fastapi", "starlette", "uvicorn", "pydantic", "sqlalchemy", "psycopg")


class Effort(NamedTuple):
    """How much is measured.

    Attributes:
        requests: Of each call.
        seconds: At a fixed rate.
        listeners: Who listen at once.
    """

    requests: int = 400
    seconds: float = 20.0
    listeners: int = 2000


class Served(NamedTuple):
    """What runs: our API, an empty one, the database and the number of its process."""

    api: Target
    empty: Target
    access: Access
    server: int


def run(animals: int, days: int, seed: int, effort: Effort | None = None) -> dict[str, Any]:
    """Fill a database with a herd, serve it, and measure."""
    effort = effort or Effort()
    with tempfile.TemporaryDirectory(prefix="animov-bench-") as folder:
        settings = Settings(data_dir=Path(folder), api_port=0, log_level="WARNING")
        with node.database_of(settings) as access:
            herd = Herd(animals, days, seed, floor_slot(datetime.now(UTC)))
            filled = _filled(settings, herd)
            starting = api_starting.measure(settings.data_dir)
            with _served(settings, access, filled) as served:
                return {
                    "machine": machine(*_LIBRARIES),
                    "animals": animals,
                    "days": days,
                    "seed": seed,
                    "windows": filled.windows,
                    "calls": _calls(served, filled, effort.requests),
                    "views": _views(served, filled, effort.seconds),
                    "exports": _exports(served, filled, herd),
                    "live": api_listening.measure(*served.api, effort.listeners),
                    "start": starting,
                    "load": load(),
                }


def _filled(settings: Settings, herd: Herd) -> Filled:
    engine = engine_for(in_bulk(settings.data_dir))
    try:
        filled = fill(engine, herd)
        tidy(engine)
    finally:
        engine.dispose()
    return filled


@contextmanager
def _served(settings: Settings, access: Access, filled: Filled) -> Iterator[Served]:
    """Serve the farm, and an API that is empty."""
    with Supervisor() as supervisor:
        node.start(supervisor, settings, node.API)
        supervisor.start(Child(name=EMPTY, argv=(sys.executable, "-m", "bench.api_empty")))
        address, empty = (supervisor.await_ready(name, node.READY_S)["api"] for name in (node.API, EMPTY))
        key = _key(access, filled.farm)
        yield Served(
            Target(address, key, supervisor.pid(node.API) or 0),
            Target(empty, key, supervisor.pid(EMPTY) or 0),
            access,
            postmaster_pid(settings.data_dir / FOLDER) or 0,
        )


def _key(access: Access, farm: int) -> str:
    engine = engine_for(access.app)
    try:
        with engine.begin() as connection:
            return api_keys.make_key(connection, farm, FARM, scopes={"read"}, by=FARM, at=datetime.now(UTC))[1]
    finally:
        engine.dispose()


def _calls(served: Served, filled: Filled, requests: int) -> list[dict[str, Any]]:
    wanted = api_calls.calls(filled)
    found, _ = alone(api_calls.measure, served.api, served.empty, served.access.api, wanted, requests)
    return found


def _views(served: Served, filled: Filled, seconds: float) -> list[dict[str, Any]]:
    found, _ = alone(api_views.measure, served.api, served.server, filled.groups, seconds)
    return found


def _exports(served: Served, filled: Filled, herd: Herd) -> list[dict[str, Any]]:
    """Measure the year of an animal, of a group, and a month of the herd."""
    of_group, path = filled.animals[:GROUP_SIZE], f"/v1/farms/{FARM}/animal-windows"
    only = "&".join(f"animal={animal}" for animal in of_group)
    year, month = herd.end - timedelta(days=herd.days), herd.end - timedelta(days=min(herd.days, 30))
    wanted = [
        Wanted("an animal, all days", f"/v1/animals/{of_group[0]}/windows", of_group[:1], year),
        Wanted("a group, all days", f"{path}?{only}", of_group, year),
        Wanted("the herd, 30 days", path, filled.animals, month),
    ]
    found, _ = alone(api_exports.measure, served.api, served.access.app, served.server, wanted)
    return found
