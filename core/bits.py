"""A bit a second: the 900 seconds of a bucket as one Python integer.

Second 0 of the bucket is the leftmost bit, `1 << 899`, so that PostgreSQL's `get_bit(b, 0)`
reads the same second. Sets of seconds are merged with `|`, cut with `&` and counted with `int.bit_count`.
"""

from collections.abc import Iterator
from typing import Final

from core.timeline import BUCKET_S

NONE: Final = 0
ALL: Final = (1 << BUCKET_S) - 1

SECOND: Final[tuple[int, ...]] = tuple(1 << (BUCKET_S - 1 - second) for second in range(BUCKET_S))
"""`SECOND[s]` is the bucket in which second `s` alone is set."""

_COPY_BYTES: Final = 113  # 900 bits, and 4 bits of padding on the right


def between(start: int, stop: int) -> int:
    """Return the seconds `[start, stop)` of a bucket; what lies outside 0..900 is cut off.

    >>> between(0, 900) == ALL, between(5, 5), between(899, 2000)
    (True, 0, 1)
    """
    start, stop = max(start, 0), min(stop, BUCKET_S)
    if start >= stop:
        return NONE
    return ((1 << (stop - start)) - 1) << (BUCKET_S - stop)


def over_buckets(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield `(bucket, seconds)` for each bucket that the seconds `[start, stop)` since 1970 touch."""
    for bucket in range(start // BUCKET_S, -(-stop // BUCKET_S)):
        offset = bucket * BUCKET_S
        yield bucket, between(start - offset, stop - offset)


def to_copy(seconds: int) -> bytes:
    """Encode as the bits of a `bit(900)` field in PostgreSQL's binary COPY, padded on the right to whole bytes."""
    return (seconds << 4).to_bytes(_COPY_BYTES, "big")


def to_text(seconds: int) -> str:
    """Write as 900 characters of `0` and `1`, second 0 first."""
    return f"{seconds:0{BUCKET_S}b}"


def from_text(text: str) -> int:
    """Read back what `to_text` or PostgreSQL wrote.

    Raises:
        ValueError: the text is not 900 characters of `0` and `1`.
    """
    if len(text) != BUCKET_S:
        msg = f"a bucket has {BUCKET_S} seconds, not {len(text)}"
        raise ValueError(msg)
    return int(text, 2)
