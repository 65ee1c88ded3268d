"""What a forecast is made from: a series on a regular grid."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import fsum, isfinite

import numpy as np
from numpy.typing import NDArray

from core.timeline import EPOCH

Floats = NDArray[np.float64]
Seconds = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A series up to an origin; what is not known is NaN.

    Attributes:
        start: UTC, first instant of the first slot (inclusive).
        step: Length of a slot.
        values: Shape `(n,)`, read-only; value `i` belongs to `[start + i step, start + (i + 1) step)`.
    """

    start: datetime
    step: timedelta
    values: Floats

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        values[~np.isfinite(values)] = np.nan
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def origin(self) -> datetime:
        """UTC, end of the last slot (exclusive): where a forecast from this history begins."""
        return self.start + len(self) * self.step

    def until(self, slots: int) -> "History":
        """Return the first so many slots."""
        return History(self.start, self.step, self.values[:slots])

    def last(self, span: timedelta) -> "History":
        """Return what lies within a span before the origin."""
        skipped = max(0, len(self) - span // self.step)
        return History(self.start + skipped * self.step, self.step, self.values[skipped:])


def history_of(points: Iterable[tuple[datetime, float]], *, step: timedelta, start: datetime, end: datetime) -> History:
    """Put points of any order on the grid of `[start, end)`; several in one slot are averaged, none is NaN.

    Args:
        points: Aware instant and value; values that are not finite and instants outside are left out.
        step: Length of a slot.
        start: First instant of the first slot, aware.
        end: End of the last slot (exclusive), aware; a part of a slot before it is left out.
    """
    slots: list[list[float]] = [[] for _ in range((end - start) // step)]
    for at, value in points:
        slot = (at - start) // step
        if 0 <= slot < len(slots) and isfinite(value):
            slots[slot].append(value)
    return History(start, step, np.array([fsum(found) / len(found) if found else np.nan for found in slots]))


def slot_seconds(start: datetime, step: timedelta, count: int) -> Seconds:
    """Return the first second since 1970 of each of `count` slots."""
    seconds = timedelta(seconds=1)
    return (start - EPOCH) // seconds + np.arange(count, dtype=np.int64) * (step // seconds)
