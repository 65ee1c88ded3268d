"""Models fitted to observed animals: on simulated farms to twenty minutes of each goat, on recordings to the others."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.posture_scores import LYING, STANDING, UNKNOWN
from bench.posture_wearers import Wearer, part_of
from stream.calibrating.fitting import Session, fit, kept
from stream.posture.refused import Refused
from stream.posture.seat import Seat

OBSERVED: Final = 60
"""Stretches of each posture that a farmer watches of a goat: ten minutes."""

Seated = tuple[NDArray[np.bool_], Seat]
"""Stretches during which a collar sat in one way, and how."""


def model_of(watched: Sequence[tuple[Wearer, Sequence[Seated]]]) -> dict[str, Any]:
    """Return the `model` of a calibration's parameters, fitted to all that is observed; empty where it is refused."""
    fitted = fit([session for one, seated in watched for session in _sessions(one, seated)])
    return {} if isinstance(fitted, Refused) else {"model": kept(fitted.model)}


def first_watched(one: Wearer, since: int, until: int) -> NDArray[np.bool_]:
    """Return the first ten minutes of each posture in `[since, until)`, milliseconds since 1970."""
    within = (one.start >= since) & (one.start < until)
    watched = np.zeros(len(one.start), dtype=np.bool_)
    for posture in (STANDING, LYING):
        watched[np.flatnonzero(within & (one.truth == posture))[:OBSERVED]] = True
    return watched


def _sessions(one: Wearer, seated: Sequence[Seated]) -> Iterator[Session]:
    for where, seat in seated:
        here = where & (one.truth != UNKNOWN)
        if here.any():
            day = str(np.datetime64(int(one.start[here][0]), "ms").astype("datetime64[D]"))
            yield Session(one.name, day, part_of(one.features, here), seat, one.truth[here] == STANDING)
