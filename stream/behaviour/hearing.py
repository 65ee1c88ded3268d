"""The seconds of animals, unpacked from their windows."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.timeline import BUCKET_S, EPOCH
from storage.animals import behaviour
from storage.animals.behaviour import Bits
from storage.engine.database import Connection
from stream.behaviour.bouts import UNKNOWN, Flags
from stream.behaviour.day_sheet import Heard
from stream.behaviour.smoothing import smoothed

_WINDOW: Final = np.dtype(
    [
        ("bucket", ">i8"),
        ("received", ">i2"),
        ("standing", "u1", (113,)),
        ("lying", "u1", (113,)),
        ("inferred", "?"),
    ]
)
_SUMMED: Final = np.dtype([("bucket", ">i8"), ("summed", "u1", (113,))])


_TOGETHER_S: Final = 20_000_000
"""Seconds of all animals that are in memory at a time; half a dozen bytes each."""


def heard_between(
    connection: Connection, animal_ids: Sequence[int], start: int, end: int
) -> Iterator[tuple[int, Heard]]:
    """Yield what is known of some animals in the buckets that hold the seconds `[start, end)` since 1970.

    What neck collars and ear tags told is smoothed, and nothing outside of that span has a say: what is closer to its
    edges than `smoothing.REACH_S` may be told otherwise when more is asked for. An animal of which nothing is known is
    left out.
    """
    first, last = start // BUCKET_S * BUCKET_S, -(-end // BUCKET_S) * BUCKET_S
    span = (EPOCH + timedelta(seconds=edge) for edge in (first, last))
    left = behaviour.windows_of(connection, animal_ids, *span)
    while some := list(islice(left, max(1, _TOGETHER_S // max(1, last - first)))):
        merged = [_merged_of(bits, first, last) for bits in some]
        yield from zip((bits.animal_id for bits in some), _smoothed(merged, first), strict=True)


def _smoothed(merged: Sequence[Heard], first: int) -> Iterator[Heard]:
    columns = ((one.seconds, one.inferred, one.received) for one in merged)
    seconds, inferred, received = (np.stack(column) for column in zip(*columns, strict=True))
    told = smoothed(seconds, inferred, received, first=first)
    return (one._replace(seconds=row) for one, row in zip(merged, told, strict=True))


def _merged_of(bits: Bits, first: int, last: int) -> Heard:
    """Unpack windows into the seconds `[first, last)` since 1970 as they were merged; both are starts of buckets."""
    windows = np.frombuffer(bits.windows, _WINDOW)
    place = (windows["bucket"] - first) // BUCKET_S
    buckets = (last - first) // BUCKET_S
    seconds = np.full((buckets, BUCKET_S), UNKNOWN, dtype=np.int8)
    standing, lying = (_unpacked(windows[name]).astype(np.int8) for name in ("standing", "lying"))
    seconds[place] += standing
    seconds[place] += standing | lying
    received = np.zeros(buckets, dtype=np.int64)
    received[place] = windows["received"]
    inferred = np.zeros(buckets, dtype=np.bool_)
    inferred[place] = windows["inferred"]
    return Heard(first, seconds.ravel(), _summed(bits.summed, first, buckets), received, inferred)


def _summed(packed: bytes, first: int, buckets: int) -> Flags | None:
    if not packed:
        return None
    rows = np.frombuffer(packed, _SUMMED)
    summed = np.zeros((buckets, BUCKET_S), dtype=np.bool_)
    summed[(rows["bucket"] - first) // BUCKET_S] = _unpacked(rows["summed"])
    return summed.ravel()


def _unpacked(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.unpackbits(rows, axis=1, count=BUCKET_S)
