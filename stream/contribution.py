"""What one reading contributes: a pure function of the reading and the collar's calibrations.

`reader_of` prepares what is constant for a collar, because this is the hottest code of the edge.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from core.method import Rule, method
from core.readings import Posture, Reading, Samples, Span, Sums
from storage.evidence.registry import Calibration, Collar, Generation
from stream.contributed import Contributed, Waiting
from stream.evidence import add_run, add_sums, span_seconds
from stream.leg_reading import leg_reader
from stream.neck_reading import is_calibrated, neck_reader, received_reader, wait
from stream.neck_telling import tell

NECKS: Final = frozenset({"collar", "ear"})
"""Mounts whose samples are told ten seconds at a time."""

MOST_WAITING: Final = 16_384
"""Samples that wait to be told together: more make it no faster, and cost memory and delay."""

ReadSamples = Callable[[Contributed, Samples, Waiting | None], None]

Read = Callable[[Contributed, Reading], None]
"""Adds what a reading contributes; a status adds nothing. What waits afterwards is told by `neck_telling.tell`."""


def reader_of(collar: Collar) -> Read:
    """Return what adds readings of a collar, in every generation of it that is written."""
    readers = [  # why nothing is known is told of the published generation, which comes first
        _generation_reader(collar.id, generation, reasons=number == 0)
        for number, generation in enumerate(collar.generations)
    ]
    worn_on_a_neck = _worn_on_a_neck(collar)

    def read(contributed: Contributed, reading: Reading) -> None:
        if isinstance(reading, Samples):
            waiting = None
            if worn_on_a_neck is not None and worn_on_a_neck(reading):
                waiting = wait(contributed, collar.id, reading, moves=True)
            for read_samples in readers:
                read_samples(contributed, reading, waiting)
            if contributed.samples >= MOST_WAITING:
                tell(contributed)
        elif isinstance(reading, Span):
            start, stop = span_seconds(reading.t0, reading.t1)
            stands = {Posture.STANDING: True, Posture.LYING: False, Posture.UNKNOWN: None}[reading.posture]
            add_run(contributed.evidence, collar.id, method(Rule.DEVICE), start, stop, stands)
        elif isinstance(reading, Sums):
            add_sums(contributed.evidence, collar.id, reading)

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
    return lambda samples: necks[bisect_right(starts, _extent(samples)[0])]


def _generation_reader(collar_id: int, generation: Generation, *, reasons: bool) -> ReadSamples:
    calibrations = generation.calibrations[::-1]
    readers = [
        _calibration_reader(collar_id, generation.number, calibration, reasons=reasons) for calibration in calibrations
    ]
    if len(readers) == 1:
        return readers[0]
    starts = [calibration.effective_from for calibration in calibrations]

    def read_samples(contributed: Contributed, samples: Samples, waiting: Waiting | None) -> None:
        earliest, latest = _extent(samples)
        first, last = bisect_right(starts, earliest) - 1, bisect_right(starts, latest) - 1
        if first == last >= 0:
            readers[first](contributed, samples, waiting)
            return
        for index in range(max(first, 0), last + 1):  # each sample by the calibration of its own time
            until = starts[index + 1] if index < last else None
            chosen = _between(samples, starts[index], until)
            if chosen.times:
                readers[index](contributed, chosen, None)

    return read_samples


def _extent(samples: Samples) -> tuple[int, int]:
    times = samples.times
    return (times[0], times[-1]) if type(times) is range else (min(times), max(times))


def _between(samples: Samples, start: int, end: int | None) -> Samples:
    chosen = [index for index, time in enumerate(samples.times) if time >= start and (end is None or time < end)]
    return samples._replace(
        times=[samples.times[index] for index in chosen], xyz=[samples.xyz[index] for index in chosen]
    )


def _calibration_reader(collar_id: int, generation: int, calibration: Calibration, *, reasons: bool) -> ReadSamples:
    how = method(rule_of(calibration), generation)
    if calibration.mount == "leg":
        return leg_reader(collar_id, how, calibration)
    if calibration.mount in NECKS:
        return neck_reader(collar_id, how, calibration, reasons=reasons)
    return received_reader(collar_id, how, calibration.hold_s)


def rule_of(calibration: Calibration) -> Rule:
    """Return by which rule a calibration has samples read."""
    if calibration.mount != "collar":
        return {"leg": Rule.LEG, "ear": Rule.EAR, "unknown": Rule.NONE}[calibration.mount]
    if not is_calibrated(calibration):
        return Rule.COLLAR
    return Rule.COLLAR_LABELLED if "model" in calibration.parameters else Rule.COLLAR_CALIBRATED
