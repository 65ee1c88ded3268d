"""What one reading adds to the evidence: a pure function of the reading and the collar's calibrations.

`reader_of` prepares what is constant for a collar, because this is the hottest code of the edge.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Final, Protocol

from core.method import Rule, method
from core.readings import Posture, Reading, Samples, Span, Sums
from storage.registry import Calibration, Collar, Generation
from stream.evidence import Evidence, add_run, add_sums, span_seconds
from stream.leg_reading import leg_reader
from stream.neck_reading import Learned, Sensed, is_calibrated, learn, neck_reader, received_reader, sensed_of

NECKS: Final = frozenset({"collar", "ear"})
"""Mounts whose samples are told ten seconds at a time."""

ReadSamples = Callable[[Evidence, Samples, Sensed | None, Learned | None], None]


class Read(Protocol):
    """Merges a reading into evidence; a status adds nothing. What it tells beside goes to `learned`, if anywhere."""

    def __call__(self, evidence: Evidence, reading: Reading, learned: Learned | None = None, /) -> None:
        """Merge one reading."""


def reader_of(collar: Collar) -> Read:
    """Return what merges readings of a collar into evidence, in every generation of it that is written."""
    readers = [_generation_reader(collar.id, generation) for generation in collar.generations]
    senses = _worn_on_a_neck(collar)

    def read(evidence: Evidence, reading: Reading, learned: Learned | None = None, /) -> None:
        if isinstance(reading, Samples):
            sensed = sensed_of(reading) if senses is not None and senses(reading) else None
            if learned is not None and sensed is not None:
                learn(learned, collar.id, sensed)
            for read_samples in readers:
                read_samples(evidence, reading, sensed, learned)
                learned = None  # reasons are told of the published generation, which comes first
        elif isinstance(reading, Span):
            start, stop = span_seconds(reading.t0, reading.t1)
            stands = {Posture.STANDING: True, Posture.LYING: False, Posture.UNKNOWN: None}[reading.posture]
            add_run(evidence, collar.id, method(Rule.DEVICE), start, stop, stands)
        elif isinstance(reading, Sums):
            add_sums(evidence, collar.id, reading)

    return read


def _worn_on_a_neck(collar: Collar) -> Callable[[Samples], bool] | None:
    """Return what tells whether samples come from a neck or an ear, by the newest reading of the collar's past.

    `None` for a tag that never was on either.
    """
    newest = collar.generations[-1].calibrations[::-1]
    if all(calibration.mount not in NECKS for calibration in newest):
        return None
    starts = [calibration.effective_from for calibration in newest]
    necks = [False, *(calibration.mount in NECKS for calibration in newest)]
    return lambda samples: necks[bisect_right(starts, min(samples.times))]


def _generation_reader(collar_id: int, generation: Generation) -> ReadSamples:
    calibrations = generation.calibrations[::-1]
    readers = [_calibration_reader(collar_id, generation.number, calibration) for calibration in calibrations]
    if len(readers) == 1:
        return readers[0]
    starts = [calibration.effective_from for calibration in calibrations]

    def read_samples(evidence: Evidence, samples: Samples, sensed: Sensed | None, learned: Learned | None) -> None:
        first = bisect_right(starts, min(samples.times)) - 1
        last = bisect_right(starts, max(samples.times)) - 1
        if first == last >= 0:
            readers[first](evidence, samples, sensed, learned)
            return
        for index in range(max(first, 0), last + 1):  # each sample by the calibration of its own time
            until = starts[index + 1] if index < last else None
            chosen = _between(samples, starts[index], until)
            if chosen.times:
                readers[index](evidence, chosen, None, learned)

    return read_samples


def _between(samples: Samples, start: int, end: int | None) -> Samples:
    chosen = [index for index, time in enumerate(samples.times) if time >= start and (end is None or time < end)]
    return samples._replace(
        times=[samples.times[index] for index in chosen], xyz=[samples.xyz[index] for index in chosen]
    )


def _calibration_reader(collar_id: int, generation: int, calibration: Calibration) -> ReadSamples:
    how = method(rule_of(calibration), generation)
    if calibration.mount == "leg":
        return leg_reader(collar_id, how, calibration)
    if calibration.mount in NECKS:
        return neck_reader(collar_id, how, calibration)
    return received_reader(collar_id, how, calibration.hold_s)


def rule_of(calibration: Calibration) -> Rule:
    """Return by which rule a calibration has samples read."""
    if calibration.mount != "collar":
        return {"leg": Rule.LEG, "ear": Rule.EAR, "unknown": Rule.NONE}[calibration.mount]
    if not is_calibrated(calibration):
        return Rule.COLLAR
    return Rule.COLLAR_LABELLED if "model" in calibration.parameters else Rule.COLLAR_CALIBRATED
