"""What samples of a leg tag add to the evidence: the hottest code of the edge."""

from functools import partial
from typing import Protocol

from core import bits
from core.readings import Samples
from core.timeline import BUCKET_S
from storage.evidence.registry import Calibration
from stream.contributed import Contributed
from stream.evidence import NOTHING, add_seconds
from stream.posture import leg
from stream.posture.axes import axis_of


class ReadLeg(Protocol):
    """Merges samples into evidence; whatever else a reader of samples is given plays no part."""

    def __call__(self, contributed: Contributed, samples: Samples, /, *_beside: object) -> None:
        """Merge samples."""


def leg_reader(collar_id: int, how: int, calibration: Calibration) -> ReadLeg:
    """Return what merges samples of a leg tag, read by one calibration, as method `how`."""
    up = axis_of(calibration.axes, "up")
    threshold_g = leg.measured_threshold_g(calibration.parameters, up)
    generally = partial(_read, collar_id, how, up, threshold_g, calibration.hold_s)
    return generally if calibration.hold_s > 1 else _swift_reader(collar_id, how, up, threshold_g, generally)


def _swift_reader(collar_id: int, how: int, up: int, threshold_g: float, generally: ReadLeg) -> ReadLeg:
    """Return the shortest way for what leg tags send most: one sample, or a regular batch in one posture.

    Such a batch is one run of bits and needs no sets of seconds. All else goes the general way, which defines what is
    right.
    """

    def read_samples(contributed: Contributed, samples: Samples, *_beside: object) -> None:
        times, xyz, g_per_unit, _, _ = samples
        if len(times) == 1:
            bucket, second = divmod(times[0] // 1000, BUCKET_S)
            run = bits.SECOND[second]
            least = most = xyz[0][up] if up >= 0 else -xyz[0][~up]
        elif type(times) is range and times.step <= 1000:
            first, last = times[0] // 1000, times[-1] // 1000
            bucket, second = divmod(first, BUCKET_S)
            length = last - first + 1
            if second + length > BUCKET_S:
                return generally(contributed, samples)
            run = ((1 << length) - 1) << (BUCKET_S - second - length)
            readings = [row[up] for row in xyz] if up >= 0 else [-row[~up] for row in xyz]
            least, most = min(readings), max(readings)
        else:
            return generally(contributed, samples)
        threshold = threshold_g / g_per_unit
        key = (collar_id, bucket, how)
        evidence = contributed.evidence
        received, standing, lying = evidence.get(key, NOTHING)
        if least >= threshold:
            evidence[key] = (received | run, standing | run, lying)
        elif most < threshold:
            evidence[key] = (received | run, standing, lying | run)
        else:
            generally(contributed, samples)
        return None

    return read_samples


def _read(  # noqa: PLR0917 - what is constant for a tag comes first
    collar_id: int,
    how: int,
    up: int,
    threshold_g: float,
    hold_s: int,
    contributed: Contributed,
    samples: Samples,
    *_beside: object,
) -> None:
    standing, lying = leg.seconds_of(
        samples.times, samples.xyz, up=up, g_per_unit=samples.g_per_unit, threshold_g=threshold_g
    )
    add_seconds(contributed.evidence, collar_id, how, hold_s, (standing | lying, standing, lying))
