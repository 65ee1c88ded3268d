"""Gain and offset of each axis, learned from gravity itself: whatever is still measures exactly 1 g.

The method is van Hees's (J Appl Physiol 2014), as GGIR and scikit-digital-health do it: move each still vector to the
nearest point of the unit sphere, fit gain and offset to these points axis by axis, repeat (weighted by how many
stretches a vector comes from, not by its distance). It needs still vectors on
both sides of zero on every axis; a collar that never leaves its seat does not give them, and is refused.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.posture.refused import Refused
from stream.posture.summary import Motion

Floats = NDArray[np.float64]

LEAST_STILL: Final = 50
"""Still messages below which nothing is fitted (actipy asks for as many windows)."""
SPHERE_G: Final = 0.3
"""What must be measured on both sides of zero, on every axis (van Hees)."""
ENOUGH_G: Final = 0.01
"""Mean error up to which a fit is accepted (van Hees)."""
ROUNDS: Final = 1000
SETTLED: Final = 1e-10


class Gain(NamedTuple):
    """What makes acceleration of a device: `gain * measured + offset`, in its own axes.

    Attributes:
        gain: Factor for each axis.
        offset: g, for each axis.
        error_before_g: Mean difference of the still vectors' norm from 1 g as measured.
        error_g: The same after the correction.
        still: Messages with still stretches that this rests on.
    """

    gain: tuple[float, float, float]
    offset: tuple[float, float, float]
    error_before_g: float
    error_g: float
    still: int


def corrected(xyz: Floats, parameters: Mapping[str, Any]) -> Floats:
    """Apply a calibration's `gain` and `offset`, where it has them, to g in device axes, shape (n, 3)."""
    if "gain" not in parameters:
        return xyz
    return np.asarray(xyz * np.array(parameters["gain"]) + np.array(parameters["offset"]))


def gain_of(motions: Iterable[Motion]) -> Gain | Refused:
    """Fit gain and offset to what one device measured while still; order and repetition don't matter."""
    stills = sorted({motion for motion in motions if motion.still})
    measured = np.array([(motion.still_fwd, motion.still_up, motion.still_right) for motion in stills]).reshape(-1, 3)
    if len(stills) < LEAST_STILL:
        return Refused("few_still", f"{len(stills)} messages were still, {LEAST_STILL} are needed")
    reach = np.minimum(measured.max(axis=0), -measured.min(axis=0))
    if (reach < SPHERE_G).any():
        detail = f"still on both sides of zero up to {reach.min():.2f} g only, {SPHERE_G} g are needed on every axis"
        return Refused("few_directions", detail)
    gain, offset = _fit(measured, np.array([float(motion.still) for motion in stills]))
    before, after = _error(measured), _error(measured * gain + offset)
    if after > min(before, ENOUGH_G):
        return Refused("no_fit", f"the still vectors are {after:.3f} g off the sphere, {before:.3f} before the fit")
    return Gain(_triple(gain), _triple(offset), before, after, len(stills))


def _fit(measured: Floats, weight: Floats) -> tuple[Floats, Floats]:
    gain, offset = np.ones(3), np.zeros(3)
    centred, total = measured - (weight @ measured) / weight.sum(), weight.sum()
    spread = weight @ (centred * centred)
    for _ in range(ROUNDS):
        reached = measured * gain + offset
        nearest = reached / np.linalg.norm(reached, axis=1, keepdims=True)
        before, gain = gain, (weight @ (centred * nearest)) / spread
        offset = weight @ (nearest - measured * gain) / total
        if np.abs(gain - before).max() < SETTLED:
            break
    return gain, offset


def _error(vectors: Floats) -> float:
    return float(np.abs(np.linalg.norm(vectors, axis=1) - 1).mean())


def _triple(numbers: Floats) -> tuple[float, float, float]:
    first, second, third = numbers.tolist()
    return first, second, third
