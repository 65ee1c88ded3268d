"""What a dashboard shows: the last 48 h of a group with its forecast, asked for at a fixed rate."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from bench.api_calls import Target
from bench.api_client import Latency, at_a_rate
from bench.machine import load
from bench.processes import cpu_seconds, family_cpu_seconds

RATES: Final = (50, 100)
"""Views per second."""

_WARM_S: Final = 3.0
"""Until connections are opened and plans made."""


def measure(api: Target, server: int, groups: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """Measure each rate for so many seconds, over all groups in turn; `server` is the database's main process."""
    paths = [f"/v1/groups/{group}/view" for group in groups]
    found = []
    for per_s in RATES:
        _asked(api, paths, per_s, min(seconds, _WARM_S))
        before = cpu_seconds(api.pid), family_cpu_seconds(server)
        latency, refused = _asked(api, paths, per_s, seconds)
        shares = {
            "cpu_share": (cpu_seconds(api.pid) - before[0]) / seconds,
            "database_cpu_share": (family_cpu_seconds(server) - before[1]) / seconds,
        }
        found.append({"views_per_s": per_s, "view": latency._asdict(), **shares, "refused": refused, "load": load()})
    return found


def _asked(api: Target, paths: Sequence[str], per_s: float, seconds: float) -> tuple[Latency, int]:
    return asyncio.run(at_a_rate(api.address, api.key, paths, per_s=per_s, seconds=seconds))
