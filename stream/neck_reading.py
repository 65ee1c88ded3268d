"""What samples of a neck collar or an ear tag add to the evidence when they come: that they were received.

Which keys of evidence they touch is known by that. What posture they tell takes long for one message and hardly longer
for a hundred, so they wait until `neck_telling.tell` reads all of them.
"""

from collections.abc import Callable, Sequence
from functools import partial

from core.readings import Samples
from storage.evidence.registry import Calibration
from stream.contributed import Contributed, Waiting, Way
from stream.evidence import add_times
from stream.posture.axes import indices_of
from stream.posture.features import STRETCH_MS
from stream.posture.labelled import known_of
from stream.posture.verdicts import Reason

ReadNeck = Callable[[Contributed, Samples, Waiting | None], None]


def ordered(samples: Samples) -> tuple[Sequence[int], Sequence[Sequence[float]]]:
    """Return the instants and the rows of samples in order of time."""
    times, xyz = samples.times, samples.xyz
    if type(times) is range or sorted(times) == list(times):
        return times, xyz
    order = sorted(range(len(times)), key=times.__getitem__)
    return [times[index] for index in order], [xyz[index] for index in order]


def wait(contributed: Contributed, collar_id: int, samples: Samples, *, moves: bool) -> Waiting | None:
    """Let samples wait in order of time; `None` for less than a stretch."""
    times, xyz = ordered(samples)
    count = len(times)
    if (times[-1] - times[0]) * count < STRETCH_MS * max(count - 1, 1):
        return None
    one = Waiting(collar_id, times, xyz, samples.g_per_unit, moves)
    contributed.waiting.append(one)
    contributed.samples += count
    return one


def is_calibrated(calibration: Calibration) -> bool:
    """Tell whether anything is known of how the collar sits: where it points, or that it has turned."""
    return not calibration.parameters.keys().isdisjoint(("anchor", "model", "turned"))


def neck_reader(collar_id: int, how: int, calibration: Calibration, *, reasons: bool) -> ReadNeck:
    """Return what receives samples of a neck collar or ear tag, to be read by one calibration, as method `how`.

    Args:
        collar_id: Whose.
        how: The method.
        calibration: The calibration.
        reasons: Whether it is counted why nothing is said.
    """
    order, sign = indices_of(calibration.axes)
    parameters = calibration.parameters
    way = Way(
        collar_id,
        how,
        calibration.hold_s,
        order,
        sign.tolist(),
        (parameters["gain"], parameters["offset"]) if "gain" in parameters else None,
        known_of(parameters),
        reasons,
    )
    return partial(_read, way)


def received_reader(collar_id: int, how: int, hold_s: int) -> ReadNeck:
    """Return what merges samples of a tag of which nobody knows where it is worn: received, no posture."""
    return partial(_receive, collar_id, how, hold_s)


def _read(way: Way, contributed: Contributed, samples: Samples, waiting: Waiting | None) -> None:
    add_times(contributed.evidence, way.collar_id, way.how, way.hold_s, samples.times, None)
    waiting = waiting or wait(contributed, way.collar_id, samples, moves=False)
    if waiting is not None:
        waiting.ways.append(way)
    elif way.reasons and contributed.unknown is not None:
        add_times(contributed.unknown, way.collar_id, Reason.TOO_SHORT, way.hold_s, samples.times, None)


def _receive(
    collar_id: int, how: int, hold_s: int, contributed: Contributed, samples: Samples, _waiting: Waiting | None
) -> None:
    add_times(contributed.evidence, collar_id, how, hold_s, samples.times, None)
