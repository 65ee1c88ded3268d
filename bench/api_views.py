"""What a dashboard shows: the last 48 h of a group with its forecast, asked for at a fixed rate."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from bench.api_calls import Target
from bench.api_client import Latency, at_a_rate
from bench.machine import load
from bench.processes import cpu_seconds

RATES: Final = (25, 50)
"""Views per second, of two requests each."""

_WARM_S: Final = 3.0
"""Until connections are opened and plans made."""


def measure(api: Target, groups: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """Measure each rate for so many seconds, over all groups in turn."""
    views = [(f"/v1/groups/{group}/windows", f"/v1/groups/{group}/forecast") for group in groups]
    found = []
    for per_s in RATES:
        _asked(api, views, per_s, min(seconds, _WARM_S))
        before = cpu_seconds(api.pid)
        whole, single, refused = _asked(api, views, per_s, seconds)
        spent = (cpu_seconds(api.pid) - before) / seconds
        latencies = {"view": whole._asdict(), "request": single._asdict()}
        found.append({"views_per_s": per_s, **latencies, "cpu_share": spent, "refused": refused, "load": load()})
    return found


def _asked(api: Target, views: Sequence[Sequence[str]], per_s: float, seconds: float) -> tuple[Latency, Latency, int]:
    return asyncio.run(at_a_rate(api.address, api.key, views, per_s=per_s, seconds=seconds))
