"""What one reading adds to the evidence: a pure function of the reading and the collar's calibrations.

`reader_of` prepares what is constant for a collar, because this is the hottest code of the edge.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from core import bits
from core.method import Rule, method
from core.readings import Posture, Reading, Samples, Span, Sums
from core.timeline import BUCKET_S
from storage.registry import Calibration, Collar, Generation
from storage.sink import Key, Seconds
from stream.posture import leg, neck

Evidence = dict[Key, Seconds]

Read = Callable[[Evidence, Reading], None]
"""Merges a reading into evidence; a status adds nothing."""

ReadSamples = Callable[[Evidence, Samples], None]

_NOTHING: Seconds = (0, 0, 0)

_SAMPLE_RULES = {"leg": Rule.LEG, "collar": Rule.COLLAR, "ear": Rule.EAR, "unknown": Rule.NONE}


def reader_of(collar: Collar) -> Read:
    """Return what merges readings of a collar into evidence, in every generation of it that is written."""
    readers = [_generation_reader(collar.id, generation) for generation in collar.generations]

    def read(evidence: Evidence, reading: Reading) -> None:
        if isinstance(reading, Samples):
            for read_samples in readers:
                read_samples(evidence, reading)
        elif isinstance(reading, Span):
            start, stop = _span_seconds(reading.t0, reading.t1)
            stands = {Posture.STANDING: True, Posture.LYING: False, Posture.UNKNOWN: None}[reading.posture]
            _add_run(evidence, collar.id, method(Rule.DEVICE), start, stop, stands)
        elif isinstance(reading, Sums):
            _add_sums(evidence, collar.id, reading)

    return read


def _generation_reader(collar_id: int, generation: Generation) -> ReadSamples:
    parts = [
        (calibration.effective_from, _calibration_reader(collar_id, generation.number, calibration))
        for calibration in generation.calibrations
    ]
    if len(parts) == 1:
        return parts[0][1]

    def read_samples(evidence: Evidence, samples: Samples) -> None:
        until = None
        for effective_from, read_part in parts:  # latest first: each sample by the calibration of its own time
            chosen = _between(samples, effective_from, until)
            if chosen.times:
                read_part(evidence, chosen)
            until = effective_from

    return read_samples


def _between(samples: Samples, start: int, end: int | None) -> Samples:
    chosen = [index for index, time in enumerate(samples.times) if time >= start and (end is None or time < end)]
    return samples._replace(
        times=[samples.times[index] for index in chosen], xyz=[samples.xyz[index] for index in chosen]
    )


def _calibration_reader(collar_id: int, generation: int, calibration: Calibration) -> ReadSamples:
    how = method(_SAMPLE_RULES[calibration.mount], generation)
    if calibration.mount == "leg":
        up = _axis(calibration.axes, "up")
        generally = partial(_read_leg, collar_id, how, up, calibration.hold_s)
        return generally if calibration.hold_s > 1 else _swift_leg_reader(collar_id, how, up, generally)
    forward = None if calibration.mount == "unknown" else _axis(calibration.axes, "fwd")
    return partial(_read_neck, collar_id, how, forward, calibration.hold_s)


def _swift_leg_reader(collar_id: int, how: int, up: int, generally: ReadSamples) -> ReadSamples:
    """Return the shortest way for what leg tags send most: one sample, or a regular batch in one posture.

    Such a batch is one run of bits and needs no sets of seconds. All else goes the general way, which defines what is
    right.
    """

    def read_samples(evidence: Evidence, samples: Samples) -> None:
        times, xyz, g_per_unit, _, _ = samples
        if len(times) == 1:
            bucket, second = divmod(times[0] // 1000, BUCKET_S)
            run = bits.SECOND[second]
            least = most = xyz[0][up] if up >= 0 else -xyz[0][~up]
        elif type(times) is range and times.step <= 1000:
            first, last = times[0] // 1000, times[-1] // 1000
            bucket, second = divmod(first, BUCKET_S)
            length = last - first + 1
            if second + length > BUCKET_S:
                return generally(evidence, samples)
            run = ((1 << length) - 1) << (BUCKET_S - second - length)
            readings = [row[up] for row in xyz] if up >= 0 else [-row[~up] for row in xyz]
            least, most = min(readings), max(readings)
        else:
            return generally(evidence, samples)
        threshold = leg.THRESHOLD_G / g_per_unit
        key = (collar_id, bucket, how)
        received, standing, lying = evidence.get(key, _NOTHING)
        if least >= threshold:
            evidence[key] = (received | run, standing | run, lying)
        elif most < threshold:
            evidence[key] = (received | run, standing, lying | run)
        else:
            generally(evidence, samples)
        return None

    return read_samples


def _read_leg(collar_id: int, how: int, up: int, hold_s: int, evidence: Evidence, samples: Samples) -> None:  # noqa: PLR0917 - what is constant for a collar comes first
    standing, lying = leg.seconds_of(samples.times, samples.xyz, up=up, g_per_unit=samples.g_per_unit)
    _add_seconds(evidence, collar_id, how, hold_s, (standing | lying, standing, lying))


def _read_neck(  # noqa: PLR0917 - what is constant for a collar comes first
    collar_id: int, how: int, forward: int | None, hold_s: int, evidence: Evidence, samples: Samples
) -> None:
    known: dict[bool | None, set[int]] = {True: set(), False: set(), None: set()}
    if forward is not None:
        order = sorted(range(len(samples.times)), key=samples.times.__getitem__)
        times = [samples.times[index] for index in order]
        xyz = [samples.xyz[index] for index in order]
        for start, stop, stands in neck.stretches(times, xyz, forward=forward, g_per_unit=samples.g_per_unit):
            known[stands] |= _seconds(times[start:stop])
    _add_seconds(evidence, collar_id, how, hold_s, (_seconds(samples.times), known[True], known[False]))


def _seconds(times: Iterable[int]) -> set[int]:
    return {time // 1000 for time in times}


def _axis(axes: tuple[str, str, str], wanted: str) -> int:
    """Return the index of an axis, `~index` where the device's axis points the other way."""
    return axes.index(wanted) if wanted in axes else ~axes.index("-" + wanted)


def _span_seconds(t0: int, t1: int) -> tuple[int, int]:
    """Return the seconds `[start, stop)` whose midpoint lies in `[t0, t1)` milliseconds."""
    return -((500 - t0) // 1000), -((500 - t1) // 1000)


def _add_run(evidence: Evidence, collar_id: int, how: int, start: int, stop: int, stands: bool | None) -> None:  # noqa: FBT001, PLR0917 - hot
    """Merge the seconds `[start, stop)` since 1970, all of one posture; `None` is received and not known."""
    for bucket, seconds in bits.over_buckets(start, stop):
        standing, lying = seconds if stands else 0, seconds if stands is False else 0
        _merge(evidence, (collar_id, bucket, how), seconds, standing, lying)


def _add_seconds(
    evidence: Evidence, collar_id: int, how: int, hold_s: int, found: tuple[set[int], set[int], set[int]]
) -> None:
    """Merge seconds since 1970 that were received, that stand and that lie, each held for `hold_s` seconds."""
    by_bucket: dict[int, list[int]] = {}
    for kind, seconds in enumerate(found):
        for second in seconds:
            for held in range(second, second + hold_s):
                bucket, offset = divmod(held, BUCKET_S)
                by_bucket.setdefault(bucket, [0, 0, 0])[kind] |= bits.SECOND[offset]
    for bucket, (received, standing, lying) in by_bucket.items():
        _merge(evidence, (collar_id, bucket, how), received, standing, lying)


def _add_sums(evidence: Evidence, collar_id: int, sums: Sums) -> None:
    """Spread the counted seconds evenly over the span, so that a bucket's edge within it gets its share."""
    start, stop = _span_seconds(sums.t0, sums.t1)
    for second, stands, lies in _spread(start, stop, sums.standing_s, sums.lying_s):
        bucket, offset = divmod(second, BUCKET_S)
        bit = bits.SECOND[offset]
        _merge(evidence, (collar_id, bucket, method(Rule.SUMS)), bit, bit * stands, bit * lies)


def _spread(start: int, stop: int, standing_s: int, lying_s: int) -> Iterator[tuple[int, bool, bool]]:
    """Yield `(second, stands, lies)` for `[start, stop)`, each posture as evenly as whole seconds allow."""
    length = stop - start
    standing = min(standing_s, length)
    rest = length - standing
    lying = min(lying_s, rest)
    passed = 0  # seconds that do not stand
    for second in range(length):
        stands = (second + 1) * standing // length > second * standing // length
        lies = not stands and (passed + 1) * lying // rest > passed * lying // rest
        passed += not stands
        yield start + second, stands, lies


def _merge(evidence: Evidence, key: Key, received: int, standing: int, lying: int) -> None:
    held = evidence.get(key)
    if held is None:
        evidence[key] = (received, standing, lying)
    else:
        evidence[key] = (held[0] | received, held[1] | standing, held[2] | lying)
