"""How many samples of acceleration a core classifies in a second of its time, from what a decoder gives to evidence."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from core.readings import Samples
from storage.evidence.registry import SINCE_EVER, Calibration, Collar, Generation
from stream.contributed import Contributed
from stream.contribution import reader_of
from stream.neck_telling import tell

COLLARS: Final = 20
MESSAGES: Final = 500
SAMPLES: Final = 100
STEP_MS: Final = 100


def classified_per_s(seed: int) -> dict[str, int]:
    """Return samples a CPU second of collars with an anchor each: all messages that wait at once, and one by one."""
    rng = np.random.default_rng(seed)
    reads = [reader_of(_collar(number, rng.normal((0.1, 0.95, 0.0), 0.1))) for number in range(COLLARS)]
    sent = [(reads[number % COLLARS], _samples(number // COLLARS, rng)) for number in range(MESSAGES)]

    def at_once() -> None:
        contributed = Contributed()
        for read, samples in sent:
            read(contributed, samples)
        tell(contributed)

    def one_by_one() -> None:
        contributed = Contributed()
        for read, samples in sent:
            read(contributed, samples)
            tell(contributed)

    return {"at_once": _rate(at_once), "one_by_one": _rate(one_by_one)}


def _collar(number: int, anchor: np.ndarray) -> Collar:
    parameters = {"anchor": (anchor / np.linalg.norm(anchor)).tolist(), "spread_deg": 5.0}
    calibration = Calibration(SINCE_EVER, "collar", ("fwd", "up", "right"), 1, parameters)
    return Collar(number, 1, (Generation(0, (calibration,)),))


def _samples(place: int, rng: np.random.Generator) -> Samples:
    start = place * SAMPLES * STEP_MS
    rows = rng.normal((0.1, 0.95, 0.0), rng.choice([0.01, 0.05, 0.15]), (SAMPLES, 3))
    return Samples(range(start, start + SAMPLES * STEP_MS, STEP_MS), [tuple(row) for row in rows.tolist()])


def _rate(work: Callable[[], None]) -> int:
    """Return the samples a second of the median of five runs, after one that warms up."""
    work()
    spent = []
    for _ in range(5):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return round(MESSAGES * SAMPLES / float(np.median(spent)))
