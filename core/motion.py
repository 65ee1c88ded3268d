"""How one message of a neck collar or an ear tag moved: kept, so that the seat of its tag can be learned later."""

from typing import NamedTuple


class Motion(NamedTuple):
    """How a message moved; gravity is the mean over stretches, g, in the device's own axes, before any calibration.

    `fwd`, `up` and `right` are therefore the first, second and third number of a sample, whatever the calibration
    calls them; 0 where there is no such stretch.

    Attributes:
        at: Milliseconds since 1970 of the first sample.
        digest: Signed 64-bit hash of times and samples: tells messages of one collar and instant apart.
        stretches: Stretches of ten seconds.
        walking: Those of them that walk.
        walk_fwd: Gravity of the walking stretches along the first axis.
        walk_up: Along the second.
        walk_right: Along the third.
        still: Those of the stretches in which nothing moves.
        still_fwd: Gravity of the still stretches along the first axis.
        still_up: Along the second.
        still_right: Along the third.
        vedba: Mean of the mean VeDBA of all stretches, g.
        vedba_p95: Largest 95th percentile of VeDBA of a stretch, g.
    """

    at: int
    digest: int
    stretches: int
    walking: int
    walk_fwd: float
    walk_up: float
    walk_right: float
    still: int
    still_fwd: float
    still_up: float
    still_right: float
    vedba: float
    vedba_p95: float
