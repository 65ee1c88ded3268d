"""Buckets of 15 minutes, instants, and the farm's wall clock.

Inside AniMOV time is UTC. Instants of messages are whole milliseconds since 1970 (`ms`),
buckets are numbered: bucket `b` covers the seconds `[900 b, 900 (b + 1))` since 1970.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

BUCKET_S: Final = 900
"""Length of a bucket in seconds."""

BUCKET: Final = timedelta(seconds=BUCKET_S)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def from_ms(ms: int) -> datetime:
    """Turn milliseconds since 1970 into an aware UTC instant."""
    return EPOCH + timedelta(milliseconds=ms)


def to_ms(instant: datetime) -> int:
    """Turn an aware instant into whole milliseconds since 1970, rounded down."""
    since = instant - EPOCH  # its parts beside the days are never negative: this rounds down, in half the time of //
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def bucket_of(instant: datetime) -> int:
    """Return the number of the bucket that holds an aware instant."""
    return (instant - EPOCH) // BUCKET


def bucket_start(bucket: int) -> datetime:
    """Return the first instant of a bucket (inclusive), in UTC."""
    return EPOCH + bucket * BUCKET


def floor_slot(instant: datetime) -> datetime:
    """Return the start of the bucket that holds an aware instant."""
    return bucket_start(bucket_of(instant))
