"""What one reading adds to the evidence: a pure function of the reading and the collar's calibrations."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from core import bits
from core.method import Rule, method
from core.readings import Posture, Reading, Samples, Span, Sums
from core.timeline import BUCKET_S
from storage.registry import Calibration, Collar, Generation
from storage.sink import Key, Seconds
from stream.posture import leg, neck

Evidence = dict[Key, Seconds]

_SAMPLE_RULES = {"leg": Rule.LEG, "collar": Rule.COLLAR, "ear": Rule.EAR, "unknown": Rule.NONE}


def contribute(evidence: Evidence, collar: Collar, reading: Reading) -> None:
    """Merge a reading into evidence, in every generation of its collar; a status adds nothing."""
    if isinstance(reading, Samples):
        for generation in collar.generations:
            _add_samples(evidence, collar.id, generation, reading)
    elif isinstance(reading, Span):
        _add_span(evidence, collar.id, reading)
    elif isinstance(reading, Sums):
        _add_sums(evidence, collar.id, reading)


def _by_calibration(
    generation: Generation, times: Sequence[int], xyz: Sequence[Sequence[float]]
) -> Iterator[tuple[Calibration, Sequence[int], Sequence[Sequence[float]]]]:
    """Cut samples by the calibration in force at each one's own time, so that no delivery reads them otherwise."""
    latest, *earlier = generation.calibrations
    if not earlier:
        yield latest, times, xyz
        return
    until = None
    for calibration in generation.calibrations:
        chosen = [
            index
            for index, time in enumerate(times)
            if time >= calibration.effective_from and (until is None or time < until)
        ]
        if chosen:
            yield calibration, [times[index] for index in chosen], [xyz[index] for index in chosen]
        until = calibration.effective_from


def _add_samples(evidence: Evidence, collar_id: int, generation: Generation, samples: Samples) -> None:
    for calibration, times, xyz in _by_calibration(generation, samples.times, samples.xyz):
        received, standing, lying = _classified(calibration, times, xyz, samples.g_per_unit)
        how = method(_SAMPLE_RULES[calibration.mount], generation.number)
        for second in received:
            bucket, offset = divmod(second, BUCKET_S)
            bit = bits.SECOND[offset]
            _merge(
                evidence, (collar_id, bucket, how), bit, bit if second in standing else 0, bit if second in lying else 0
            )


def _classified(
    calibration: Calibration, times: Sequence[int], xyz: Sequence[Sequence[float]], g_per_unit: float
) -> tuple[set[int], set[int], set[int]]:
    """Return the seconds since 1970 that samples stand for, and those of them in which they stand and lie."""
    if calibration.mount == "leg":
        standing, lying = leg.seconds_of(times, xyz, up=_axis(calibration.axes, "up"), g_per_unit=g_per_unit)
        received = standing | lying
    else:
        received = {time // 1000 for time in times}
        standing, lying = set(), set()
        if calibration.mount != "unknown":
            standing, lying = _neck_seconds(times, xyz, calibration, g_per_unit)
    if calibration.hold_s > 1:
        received, standing, lying = (_held(seconds, calibration.hold_s) for seconds in (received, standing, lying))
    return received, standing, lying


def _neck_seconds(
    times: Sequence[int], xyz: Sequence[Sequence[float]], calibration: Calibration, g_per_unit: float
) -> tuple[set[int], set[int]]:
    known: dict[bool, set[int]] = {True: set(), False: set()}
    order = sorted(range(len(times)), key=times.__getitem__)
    ordered = [times[index] for index in order]
    rows = [xyz[index] for index in order]
    forward = _axis(calibration.axes, "fwd")
    for start, stop, stands in neck.stretches(ordered, rows, forward=forward, g_per_unit=g_per_unit):
        if stands is not None:
            known[stands].update(time // 1000 for time in ordered[start:stop])
    return known[True], known[False]


@lru_cache
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
    length = stop - start
    standing = min(sums.standing_s, length)
    rest = length - standing
    lying = min(sums.lying_s, rest)
    counted = 0
    for second in range(length):
        bucket, offset = divmod(start + second, BUCKET_S)
        bit = bits.SECOND[offset]
        stands = (second + 1) * standing // length - second * standing // length
        lies = 0
        if not stands:
            lies = (counted + 1) * lying // rest - counted * lying // rest
            counted += 1
        _merge(evidence, (collar_id, bucket, method(Rule.SUMS)), bit, bit * stands, bit * lies)


def _merge(evidence: Evidence, key: Key, received: int, standing: int, lying: int) -> None:
    held = evidence.get(key)
    if held is None:
        evidence[key] = (received, standing, lying)
    else:
        evidence[key] = (held[0] | received, held[1] | standing, held[2] | lying)
