"""What forecasting costs: the batched model by itself, whole cycles with their database, and other ways beside it.

All in one run, each part in a process of its own with one thread, on simulated groups of three weeks with 1 % of the
values missing. Seconds are of processor time unless called wall: they depend little on what else the machine does.
"""

import sys
from collections.abc import Sequence
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np

from bench.alone import alone
from bench.forecast import SPECIFICATION, Cost, batched, design, herds
from bench.forecast_cycles import Cycles, Spent, measure
from bench.forecast_judging import judge, warm_up
from bench.forecast_region import GOATS
from bench.forecast_rivals import missing
from bench.machine import load, machine

LIBRARIES: Final = (
    "numpy",
    "scipy",
    "numba",
    "pandas",
    "statsmodels",
    "statsforecast",
    "lightgbm",
    "sqlalchemy",
    "psycopg",
)
GAPS: Final = ("shared", "individual")
"""The same slots are missing in all series, as when the node was away; or others in each."""

MOST_WITH_DATABASE: Final = 1000
"""Groups with a database, unless more are asked for: ten times as many take ten times the disk and the time."""

REPEATED: Final = 300
"""Fits of a small batch are repeated until they are about so many, but not more often than `MOST_REPEATS`."""
MOST_REPEATS: Final = 3


class Batch(NamedTuple):
    """A batch of series in memory.

    Attributes:
        gaps: One of `GAPS`.
        series: How many.
        refit_s: Seconds to fit all and forecast 192 steps with bands.
        update_s: Seconds to take one more value into each.
        forecast_s: Seconds to forecast all without a fit.
        peak_bytes: Most memory of the process.
        load: Of the machine meanwhile.
    """

    gaps: str
    series: int
    refit_s: float
    update_s: float
    forecast_s: float
    peak_bytes: int
    load: float


def run(
    series: Sequence[int], *, seed: int, sample: int, groups_per_farm: int, database: bool, large: bool
) -> dict[str, Any]:
    """Measure.

    Args:
        series: Sizes of a batch and, up to `MOST_WITH_DATABASE`, groups of a region.
        seed: Of what the animals do.
        sample: Series that every rival forecasts too; 0 for none.
        groups_per_farm: At most, in a region.
        database: Whether to run cycles.
        large: Whether regions may be larger.
    """
    batches = [_batch(gaps, count, seed) for gaps in GAPS for count in series]
    sizes = [count for count in series if large or count <= MOST_WITH_DATABASE] if database else []
    regions = [measure(count, groups_per_farm, seed) for count in sizes]
    judged = alone(judge, sample, min(max(series), MOST_WITH_DATABASE), seed)[0] if sample else []
    return {
        "machine": machine(*LIBRARIES),
        "seed": seed,
        "specification": str(SPECIFICATION),
        "batches": [batch._asdict() for batch in batches],
        "goats_per_group": GOATS,
        "cycles": [flat(region) for region in regions],
        "rivals": {
            "sample": sample,
            "judged": [one._asdict() for one in judged],
            "left_out": [rival.name for rival in missing()],
        },
    }


def _batch(gaps: str, count: int, seed: int) -> Batch:
    sys.stderr.write(f"{count:,} series, {gaps} gaps\n")
    cost, peak = alone(_cost, gaps, count, seed)
    return Batch(gaps, count, *cost, peak, load())


def _cost(gaps: str, count: int, seed: int) -> Cost:
    """Measure a batch, a small one several times: then each figure is the median."""
    warm_up()
    columns = design()
    values = herds(count, np.random.default_rng(seed), shared_gaps=gaps == "shared")
    repeats = max(1, min(MOST_REPEATS, REPEATED // count))
    costs = [batched(values, columns)[0] for _ in range(repeats)]
    return Cost(*(median(part) for part in zip(*costs, strict=True)))


def flat(region: Cycles) -> dict[str, Any]:
    """Return the figures of a region, seconds as the median of its slots."""
    spent = Spent(*(median(part) for part in zip(*region.slots, strict=True)))
    of_all = {"groups": region.groups, "farms": region.farms, "forecasts": region.forecasts, "slots": len(region.slots)}
    seconds = {f"{name}_s": value for name, value in spent._asdict().items()}
    new_day = [{f"{name}_s": value for name, value in one._asdict().items()} for one in region.new_day]
    return of_all | seconds | {"new_day": new_day, "peak_bytes": region.peak_bytes, "load": region.load}
