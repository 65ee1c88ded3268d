"""How soon exchanged collars are proposed, and how often ones that never were, on the herds of the bench of alarms."""

import json
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from bench.alarms_herds import DAYS, Simulated, simulated
from ingest.simulation.draws import key_of
from stream.behaviour.habit import HABIT_DAYS, Floats, habits_of
from stream.behaviour.swaps import LEAST_SINCE, MOST_SINCE, swaps_of

REPORTED: Final = tuple(range(201, 213))
"""Seeds of the herds that are reported; the rules were tried on 1 to 4."""

ANIMALS: Final = 12
"""Of each of three groups."""

PAIRS: Final = 40
"""Exchanged one after the other in each herd, at a midnight."""

WITHIN: Final = (7, MOST_SINCE)
"""Days after the exchange until which a proposal counts."""

APART: Final = (0.0, 0.5, 1.0, 1.5, np.inf)
"""Distance of two animals in hours standing, in SDs of a day."""

_MONTH_DAYS: Final = 30


def run(seeds: Sequence[int]) -> dict[str, Any]:
    """Measure the share of exchanges that are proposed, by distance, and false proposals per herd and month."""
    began = time.process_time()
    herds = [simulated(seed, ANIMALS) for seed in seeds]
    false = sum(_false(herd) for herd in herds)
    tried = [one for herd in herds for one in _tried(herd)]
    far, found = (np.array(column) for column in zip(*tried, strict=True))
    bins = [(low, high, (far >= low) & (far < high)) for low, high in pairwise(APART)]
    months = len(herds) * (DAYS - HABIT_DAYS + 1) / _MONTH_DAYS
    return {
        "seeds": list(seeds),
        "animals": 3 * ANIMALS,
        "herd_months": round(months, 1),
        "false_per_herd_and_month": round(false / months, 3),
        "exchanges": len(tried),
        "proposed_within": {days: round(float((found <= days).mean()), 3) for days in WITHIN},
        "by_distance": [
            {"from_sd": low, "exchanges": int(inside.sum())}
            | {
                f"within_{days}": round(float((found[inside] <= days).mean()), 3) if inside.any() else None
                for days in WITHIN
            }
            for low, _, inside in bins
        ],
        "cpu_s": round(time.process_time() - began, 1),
    }


def _false(herd: Simulated) -> int:
    """Count proposals of a day that were not there the day before, in a herd in which nothing was exchanged."""
    begun, before = 0, set[tuple[int, int]]()
    for end in range(HABIT_DAYS, DAYS + 1):
        now = _pairs(herd.daily, end, herd)
        begun += len(now - before)
        before = now
    return begun


def _tried(herd: Simulated) -> list[tuple[float, float]]:
    """Return for each exchange how far apart the two animals are, and after how many days it is proposed."""
    rng = np.random.default_rng(key_of(herd.seed, "swap"))
    habits = habits_of(herd.daily[:, :HABIT_DAYS], herd.group)
    standing = habits.centre[:, 0] / np.median(habits.sd[:, 0])
    tried = []
    for _ in range(PAIRS):
        one, other = sorted(rng.choice(len(herd.told), 2, replace=False).tolist())
        day = int(rng.integers(HABIT_DAYS, DAYS - MOST_SINCE))
        daily = herd.daily.copy()
        daily[[one, other], day:] = herd.daily[[other, one], day:]
        after = (days for days in range(LEAST_SINCE, MOST_SINCE + 1) if (one, other) in _pairs(daily, day + days, herd))
        tried.append((float(abs(standing[one] - standing[other])), float(next(after, np.inf))))
    return tried


def _pairs(daily: Floats, end: int, herd: Simulated) -> set[tuple[int, int]]:
    return {(swap.one, swap.other) for swap in swaps_of(daily[:, end - HABIT_DAYS : end], herd.group)}


if __name__ == "__main__":
    seeds = [int(seed) for seed in sys.argv[1:]] or REPORTED
    sys.stdout.write(json.dumps(run(seeds), indent=1) + "\n")
