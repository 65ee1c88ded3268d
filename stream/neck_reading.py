"""What samples of a neck collar or an ear tag add to the evidence, and what is learned from them beside it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.readings import Samples
from storage.registry import Calibration
from stream.evidence import Evidence, add_seconds, seconds_of
from stream.posture import labelled, neck
from stream.posture.axes import axis_of
from stream.posture.features import Features, features_of, mapped
from stream.posture.gain import corrected
from stream.posture.summary import Motion, motion_of
from stream.posture.verdicts import LYING, STANDING, UNKNOWN, Reason

MotionKey = tuple[int, int, int]
"""Where a motion is kept: collar id, milliseconds since 1970 of the first sample, digest."""


@dataclass(slots=True)
class Learned:
    """What messages tell beside evidence.

    Attributes:
        motions: How each message of a neck or an ear moved.
        unknown: Stretches of which nothing was said by the published calibrations, by collar id and reason; messages
            that come again count again.
    """

    motions: dict[MotionKey, Motion] = field(default_factory=dict)
    unknown: Counter[tuple[int, Reason]] = field(default_factory=Counter)


class Sensed(NamedTuple):
    """Samples in order of time, and what they tell before any calibration.

    Attributes:
        times: Milliseconds since 1970, not falling.
        xyz: g, device axes, shape (n, 3).
        features: In device axes.
    """

    times: list[int]
    xyz: NDArray[np.float64]
    features: Features


Told = tuple[int, int, bool | None]
"""First sample, end, and whether it stands, of a stretch."""

ReadNeck = Callable[[Evidence, Samples, Sensed | None, Learned | None], None]

_STANDS: Final = {STANDING: True, LYING: False, UNKNOWN: None}


def sensed_of(samples: Samples) -> Sensed:
    """Order samples by time and describe them."""
    order = sorted(range(len(samples.times)), key=samples.times.__getitem__)
    times = [samples.times[index] for index in order]
    xyz = np.array([samples.xyz[index] for index in order], dtype=np.float64).reshape(-1, 3) * samples.g_per_unit
    return Sensed(times, xyz, features_of(times, xyz))


def learn(learned: Learned, collar_id: int, sensed: Sensed) -> None:
    """Keep how a message moved."""
    motion = motion_of(sensed.times, sensed.xyz, sensed.features)
    if motion is not None:
        learned.motions[collar_id, motion.at, motion.digest] = motion


def is_calibrated(calibration: Calibration) -> bool:
    """Tell whether anything is known of how the collar sits: where it points, or that it has turned."""
    return not calibration.parameters.keys().isdisjoint(("anchor", "model", "turned"))


def neck_reader(collar_id: int, how: int, calibration: Calibration) -> ReadNeck:
    """Return what merges samples of a neck collar or ear tag, read by one calibration, as method `how`."""
    return partial(_read, collar_id, how, calibration)


def received_reader(collar_id: int, how: int, hold_s: int) -> ReadNeck:
    """Return what merges samples of a tag of which nobody knows where it is worn: received, no posture."""
    return partial(_receive, collar_id, how, hold_s)


def _read(  # noqa: PLR0917 - what is constant for a collar comes first
    collar_id: int,
    how: int,
    calibration: Calibration,
    evidence: Evidence,
    samples: Samples,
    sensed: Sensed | None,
    learned: Learned | None,
) -> None:
    known: dict[bool | None, set[int]] = {True: set(), False: set(), None: set()}
    sensed = sensed or sensed_of(samples)
    tell = _by_seat if is_calibrated(calibration) else _by_first_rule
    unknown: Counter[Reason] = Counter()
    for start, stop, stands in tell(calibration, sensed, unknown):
        known[stands] |= seconds_of(sensed.times[start:stop])
    add_seconds(evidence, collar_id, how, calibration.hold_s, (seconds_of(samples.times), known[True], known[False]))
    if learned is not None:
        for reason, count in unknown.items():
            learned.unknown[collar_id, reason] += count


def _by_seat(calibration: Calibration, sensed: Sensed, unknown: Counter[Reason]) -> Iterator[Told]:
    features = sensed.features
    if "gain" in calibration.parameters:
        features = features_of(sensed.times, corrected(sensed.xyz, calibration.parameters))
    verdicts = labelled.classify(mapped(features, calibration.axes), calibration.parameters)
    unknown.update(Reason(reason) for reason in verdicts.reason.tolist() if reason)
    if not len(features.start):
        unknown[Reason.TOO_SHORT] += 1
    stands = (_STANDS[posture] for posture in verdicts.posture.tolist())
    return zip(features.start.tolist(), features.stop.tolist(), stands, strict=True)


def _by_first_rule(calibration: Calibration, sensed: Sensed, unknown: Counter[Reason]) -> Iterator[Told]:
    xyz = corrected(sensed.xyz, calibration.parameters)
    forward = axis_of(calibration.axes, "fwd")
    for start, stop, stands in neck.stretches(sensed.times, xyz, forward=forward):
        unknown[Reason.NO_ANCHOR] += stands is None
        yield start, stop, stands


def _receive(
    collar_id: int,
    how: int,
    hold_s: int,
    evidence: Evidence,
    samples: Samples,
    _sensed: Sensed | None,
    _learned: Learned | None,
) -> None:
    add_seconds(evidence, collar_id, how, hold_s, (seconds_of(samples.times), set(), set()))
