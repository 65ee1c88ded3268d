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

Classify = Callable[[Samples], tuple[set[int], set[int], set[int]]]
"""Returns the seconds since 1970 that samples stand for, and those of them in which they stand and lie."""

_SAMPLE_RULES = {"leg": Rule.LEG, "collar": Rule.COLLAR, "ear": Rule.EAR, "unknown": Rule.NONE}


def reader_of(collar: Collar) -> Read:
    """Return what merges readings of a collar into evidence, in every generation of it that is written."""
    readers = [_generation_reader(collar.id, generation) for generation in collar.generations]

    def read(evidence: Evidence, reading: Reading) -> None:
        if type(reading) is Samples:
            for add_samples in readers:
                add_samples(evidence, reading)
        elif type(reading) is Span:
            _add_span(evidence, collar.id, reading)
        elif type(reading) is Sums:
            _add_sums(evidence, collar.id, reading)

    return read


def _generation_reader(collar_id: int, generation: Generation) -> Callable[[Evidence, Samples], None]:
    parts = [
        (calibration, method(_SAMPLE_RULES[calibration.mount], generation.number), _classifier(calibration))
        for calibration in generation.calibrations
    ]
    if len(parts) == 1:
        _, how, classify = parts[0]
        return partial(_add_samples, collar_id, how, classify)

    def add_samples(evidence: Evidence, samples: Samples) -> None:
        until = None
        for calibration, how, classify in parts:  # latest first: each sample by the calibration of its own time
            chosen = _between(samples, calibration.effective_from, until)
            if chosen.times:
                _add_samples(collar_id, how, classify, evidence, chosen)
            until = calibration.effective_from

    return add_samples


def _between(samples: Samples, start: int, end: int | None) -> Samples:
    chosen = [index for index, time in enumerate(samples.times) if time >= start and (end is None or time < end)]
    return samples._replace(
        times=[samples.times[index] for index in chosen], xyz=[samples.xyz[index] for index in chosen]
    )


def _add_samples(collar_id: int, how: int, classify: Classify, evidence: Evidence, samples: Samples) -> None:
    received, standing, lying = classify(samples)
    bucket = min(received) // BUCKET_S
    if bucket == max(received) // BUCKET_S:
        first = bucket * BUCKET_S
        key = (collar_id, bucket, how)
        _merge(evidence, key, _bits(received, first), _bits(standing, first), _bits(lying, first))
        return
    for second in received:
        one = {second}
        first = second - second % BUCKET_S
        key = (collar_id, second // BUCKET_S, how)
        _merge(evidence, key, _bits(one, first), _bits(one & standing, first), _bits(one & lying, first))


def _bits(seconds: Iterable[int], first: int) -> int:
    found = 0
    for second in seconds:
        found |= bits.SECOND[second - first]
    return found


def _classifier(calibration: Calibration) -> Classify:
    classify = _classifier_by_mount(calibration)
    hold_s = calibration.hold_s
    if hold_s == 1:
        return classify

    def held(samples: Samples) -> tuple[set[int], set[int], set[int]]:
        received, standing, lying = classify(samples)
        return _held(received, hold_s), _held(standing, hold_s), _held(lying, hold_s)

    return held


def _classifier_by_mount(calibration: Calibration) -> Classify:
    if calibration.mount == "leg":
        up = _axis(calibration.axes, "up")

        def by_leg(samples: Samples) -> tuple[set[int], set[int], set[int]]:
            standing, lying = leg.seconds_of(samples.times, samples.xyz, up=up, g_per_unit=samples.g_per_unit)
            return standing | lying, standing, lying

        return by_leg
    if calibration.mount == "unknown":
        return lambda samples: (_seconds(samples.times), set(), set())
    return partial(_by_neck, _axis(calibration.axes, "fwd"))


def _by_neck(forward: int, samples: Samples) -> tuple[set[int], set[int], set[int]]:
    order = sorted(range(len(samples.times)), key=samples.times.__getitem__)
    times = [samples.times[index] for index in order]
    xyz = [samples.xyz[index] for index in order]
    known: dict[bool | None, set[int]] = {True: set(), False: set(), None: set()}
    for start, stop, stands in neck.stretches(times, xyz, forward=forward, g_per_unit=samples.g_per_unit):
        known[stands] |= _seconds(times[start:stop])
    return _seconds(times), known[True], known[False]


def _seconds(times: Iterable[int]) -> set[int]:
    return {time // 1000 for time in times}


def _axis(axes: tuple[str, str, str], wanted: str) -> int:
    """Return the index of an axis, `~index` where the device's axis points the other way."""
    return axes.index(wanted) if wanted in axes else ~axes.index("-" + wanted)


def _held(seconds: Iterable[int], hold_s: int) -> set[int]:
    return {second + held for second in seconds for held in range(hold_s)}


def _span_seconds(t0: int, t1: int) -> tuple[int, int]:
    """Return the seconds `[start, stop)` whose midpoint lies in `[t0, t1)` milliseconds."""
    return -((500 - t0) // 1000), -((500 - t1) // 1000)


def _add_span(evidence: Evidence, collar_id: int, span: Span) -> None:
    for bucket, seconds in bits.over_buckets(*_span_seconds(span.t0, span.t1)):
        standing = seconds if span.posture is Posture.STANDING else 0
        lying = seconds if span.posture is Posture.LYING else 0
        _merge(evidence, (collar_id, bucket, method(Rule.DEVICE)), seconds, standing, lying)


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
