"""How many samples of acceleration a core classifies in a second of its time."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from stream.posture.anchored import classify
from stream.posture.features import features_of

MESSAGES: Final = 500
SAMPLES: Final = 100
PARAMETERS: Final = {"anchor": (0.0, 1.0, 0.0), "spread_deg": 5.0}


def classified_per_s(seed: int) -> dict[str, int]:
    """Return samples a CPU second, features and verdicts: many messages at once, and one by one."""
    rng = np.random.default_rng(seed)
    xyz = rng.normal((0.1, 0.95, 0.0), 0.05, (MESSAGES * SAMPLES, 3))
    times = np.arange(MESSAGES * SAMPLES) * 100
    firsts = range(0, len(times), SAMPLES)

    def at_once() -> None:
        classify(features_of(times, xyz, firsts), PARAMETERS)

    def one_by_one() -> None:
        for first in firsts:
            here = slice(first, first + SAMPLES)
            classify(features_of(times[here], xyz[here]), PARAMETERS)

    return {"at_once": _rate(at_once), "one_by_one": _rate(one_by_one)}


def _rate(work: Callable[[], None]) -> int:
    """Return the samples a second of the median of five runs, after one that warms up."""
    work()
    spent = []
    for _ in range(5):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return round(MESSAGES * SAMPLES / float(np.median(spent)))
