"""Merging seconds into evidence: bitwise OR, so that order, repetition and grouping change nothing."""

from collections.abc import Iterable, Iterator, Sequence

from core import bits
from core.method import Rule, method
from core.readings import Sums
from core.timeline import BUCKET_S
from storage.evidence.sink import Key, Seconds

Evidence = dict[Key, Seconds]

NOTHING: Seconds = (0, 0, 0)


def seconds_of(times: Iterable[int]) -> set[int]:
    """Return the seconds since 1970 that milliseconds since 1970 fall in."""
    return {time // 1000 for time in times}


def span_seconds(t0: int, t1: int) -> tuple[int, int]:
    """Return the seconds `[start, stop)` whose midpoint lies in `[t0, t1)` milliseconds."""
    return -((500 - t0) // 1000), -((500 - t1) // 1000)


def add_run(evidence: Evidence, collar_id: int, how: int, start: int, stop: int, stands: bool | None) -> None:  # noqa: FBT001, PLR0917 - hot
    """Merge the seconds `[start, stop)` since 1970, all of one posture; `None` is received and not known."""
    for bucket, seconds in bits.over_buckets(start, stop):
        standing, lying = seconds if stands else 0, seconds if stands is False else 0
        _merge(evidence, (collar_id, bucket, how), seconds, standing, lying)


def add_times(  # noqa: PLR0917 - hot
    evidence: Evidence,
    collar_id: int,
    how: int,
    hold_s: int,
    times: Sequence[int],
    stands: bool | None,  # noqa: FBT001
) -> None:
    """Merge the seconds of samples of one posture, milliseconds since 1970; `None` is received and not known.

    Seconds without a gap are one run of bits, which is how tags send most of them.
    """
    if type(times) is range and times.step <= 1000:
        first, last = times[0] // 1000, times[-1] // 1000
    else:
        seconds = seconds_of(times)
        first, last = min(seconds), max(seconds)
        if len(seconds) <= last - first:
            known = (seconds if stands else set[int](), seconds if stands is False else set[int]())
            add_seconds(evidence, collar_id, how, hold_s, (seconds, *known))
            return
    add_run(evidence, collar_id, how, first, last + hold_s, stands)


def add_seconds(
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


def add_sums(evidence: Evidence, collar_id: int, sums: Sums) -> None:
    """Spread the counted seconds evenly over the span, so that a bucket's edge within it gets its share."""
    start, stop = span_seconds(sums.t0, sums.t1)
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
