"""What messages contribute, merged, and what of them waits to be told together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core.motion import Motion
from stream.evidence import Evidence
from stream.posture.labelled import Known

MotionKey = tuple[int, int, int]
"""Where a motion is kept: collar id, milliseconds since 1970 of the first sample, digest."""


class Way(NamedTuple):
    """How one calibration has samples read.

    Attributes:
        collar_id: Whose.
        how: The method under which evidence is written.
        hold_s: Seconds that a sample stands for.
        order: Where forward, up and right are found.
        sign: Of each.
        correction: Gain and offset of each axis of the device; `None` for none.
        known: What is known of the collar.
        reasons: Whether it is counted why nothing is said.
    """

    collar_id: int
    how: int
    hold_s: int
    order: Sequence[int]
    sign: Sequence[float]
    correction: tuple[Sequence[float], Sequence[float]] | None
    known: Known
    reasons: bool


@dataclass(slots=True, eq=False)
class Waiting:
    """Samples, long enough for a stretch, that wait to be told.

    Attributes:
        collar_id: Whose.
        times: Milliseconds since 1970, not falling.
        xyz: In the device's unit and axes.
        g_per_unit: Of the unit.
        moves: Whether they are a whole message, of which it is kept how it moved.
        ways: How they are read.
    """

    collar_id: int
    times: Sequence[int]
    xyz: Sequence[Sequence[float]]
    g_per_unit: float
    moves: bool
    ways: list[Way] = field(default_factory=list)


@dataclass(slots=True)
class Contributed:
    """What messages contribute.

    Attributes:
        evidence: Merged seconds.
        motions: How each message of a neck or an ear moved.
        unknown: Seconds of which a message, read by the published calibrations, says nothing: kept like evidence, with
            the `Reason` for the method. `None` where nobody asks.
        waiting: What is yet to be told.
        samples: How many samples that is.
    """

    evidence: Evidence = field(default_factory=dict)
    motions: dict[MotionKey, Motion] = field(default_factory=dict)
    unknown: Evidence | None = None
    waiting: list[Waiting] = field(default_factory=list)
    samples: int = 0
