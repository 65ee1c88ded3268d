"""What a node would have known of a collar at each moment, and what it makes of that later.

Every quarter of an hour it looks at the walking, as it does on a farm (`stream.calibrating.seating`). What it learns
may change the past too: whoever reads a day later reads it by what is known then, and smoothed.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from bench.posture_scores import Postures
from bench.posture_wearers import Wearer
from core.timeline import BUCKET_S
from storage.evidence.registry import SINCE_EVER, Calibration
from stream.behaviour.smoothing import STEP_S, smoothed
from stream.calibrating.seating import change_of
from stream.posture import labelled
from stream.posture.features import part_of
from stream.posture.verdicts import UNKNOWN

LOOK_MS: Final = 900_000


class Look(NamedTuple):
    """Calibrations of a collar, oldest first, that are published from `since` on, milliseconds since 1970."""

    since: int
    calibrations: tuple[Calibration, ...]


def looks_at(one: Wearer) -> list[Look]:
    """Return the calibrations that a node makes of a collar while its messages come."""
    walking = sorted(motion for motion in one.motions if motion.walking)
    at = [motion.at for motion in walking]
    found = [Look(SINCE_EVER, (Calibration(SINCE_EVER, "collar", one.axes, 1, {}),))]
    for now in range(int(one.start[0]) + LOOK_MS, int(one.end[-1]), LOOK_MS):
        calibrations = found[-1].calibrations
        change = change_of(calibrations, walking[: np.searchsorted(at, now)], now)
        if change:
            added = () if change.live is None else (change.live,)
            found.append(Look(now, change.history or calibrations + added))
    return found


def live(one: Wearer, looks: Sequence[Look], model: dict[str, Any] | None = None) -> Postures:
    """Return what is said of each stretch as it comes."""
    verdicts = np.full(len(one.start), UNKNOWN, dtype=np.int8)
    edges = [*np.searchsorted(one.start, [look.since for look in looks]).tolist(), len(one.start)]
    for look, (first, stop) in zip(looks, pairwise(edges), strict=True):
        verdicts[first:stop] = said(one, look.calibrations, model)[first:stop]
    return verdicts


def read(one: Wearer, looks: Sequence[Look], model: dict[str, Any] | None = None) -> Postures:
    """Return what is read of each stretch in the end, smoothed; whole buckets of stretches of ten seconds."""
    seconds = np.repeat(said(one, looks[-1].calibrations, model), STEP_S)[None]
    buckets = seconds.shape[1] // BUCKET_S
    inferred, received = np.ones((1, buckets), dtype=np.bool_), np.full((1, buckets), BUCKET_S)
    found: Postures = smoothed(seconds, inferred, received, first=int(one.start[0]) // 1000)[0, ::STEP_S]
    return found


def said(one: Wearer, calibrations: Sequence[Calibration], model: dict[str, Any] | None = None) -> Postures:
    """Return what is said of each stretch by the calibration of its time, with the farm's `model` if it has one."""
    verdicts = np.full(len(one.start), UNKNOWN, dtype=np.int8)
    starts = np.searchsorted(one.start, [calibration.effective_from for calibration in calibrations]).tolist()
    for calibration, (first, stop) in zip(calibrations, pairwise([*starts, len(one.start)]), strict=True):
        if first < stop:
            here, parameters = slice(first, stop), {**calibration.parameters, **(model or {})}
            verdicts[here] = labelled.classify(part_of(one.features, here), parameters).posture
    return verdicts


def noticed_at(looks: Sequence[Look], turned_at: int) -> int | None:
    """Return when a turn was first told, milliseconds since 1970; `None` if it never was."""
    before = [look for look in looks if look.since < turned_at][-1]
    return next(
        (look.since for look in looks if look.since >= turned_at and _turns(look) > _turns(before)),
        None,
    )


def _turns(look: Look) -> int:
    return sum(bool(calibration.parameters.get("turned")) for calibration in look.calibrations)
