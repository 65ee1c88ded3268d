"""Neck collar or ear tag whose upright anchor is known, no labels: movement, then the neck's pitch, then stillness.

Whatever moves stands. What is left is told by the neck's pitch beside walking: a goat that stands at rest carries its
head at least as high as when it walks, one that lies lets it sink. No angle alone is safe (leave-one-animal-out, tilt
told standing from resting cows no better than chance), hence the anchor for each collar, a band around it in which only
stillness speaks, and `unknown` for the rest.

The thresholds are argued, not fitted:

- `MOVING_G`, mean VeDBA: grazing sheep show above 0.1 g, as in the uncalibrated rule.
- `STILL_G`, mean VeDBA: noise of a sensor (0.013 to 0.015 g an axis count as still in GGIR, scikit-digital-health,
  actipy) and the breath; the norm of three such axes has a mean of about 0.024 g.
- `BAND_DEG`: changes of angle up to 5 degrees count as none (GGIR's `anglethreshold`).
- `GRAZING_DEG`: half way from level to straight down; `STIRRING_G`: half of what counts as moving.
- `ROLL_DEG`: a lying goat that turns its head back rolls the collar by about 20 degrees (SD); three times that is no
  posture but a collar that has turned. A turn by less changes the pitch by no more than half the angle at which the
  collar is tilted on the neck.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream.posture.features import Features
from stream.posture.seat import Seat, pitch_deg, roll_deg, seat_of, steepness
from stream.posture.verdicts import LYING, STANDING, UNKNOWN, Reason, Verdicts, decided

MOVING_G: Final = 0.1
STILL_G: Final = 0.035
STIRRING_G: Final = 0.05
BAND_DEG: Final = 5.0
GRAZING_DEG: Final = -45.0
ROLL_DEG: Final = 60.0

LEAST_SAMPLES: Final = 10
"""Samples in a stretch below which its movement is not told: one a second."""
STEEP: Final = 0.95
"""Share of gravity along the neck from which its roll is not told: 72 degrees."""
GRAVITY_OFF_G: Final = 0.3
"""Difference from 1 g from which what is measured at rest is not gravity: the cube of actipy's calibration."""

Mask = NDArray[np.bool_]


def classify(features: Features, parameters: Mapping[str, Any]) -> Verdicts:
    """Say of each stretch whether the animal stands.

    Args:
        features: Stretches in forward, up, right.
        parameters: Of the calibration: `anchor`, `turned`; see `seat.seat_of`.
    """
    early = [
        (too_few(features), UNKNOWN, Reason.TOO_FEW),
        (features.vedba_mean >= MOVING_G, STANDING, Reason.KNOWN),
        (not_gravity(features), UNKNOWN, Reason.NOT_GRAVITY),
    ]
    seat = seat_of(parameters)
    count = len(features.start)
    if parameters.get("turned"):
        return decided(early, otherwise=(UNKNOWN, Reason.TURNED), count=count)
    if seat is None:
        return decided(early, otherwise=(UNKNOWN, Reason.NO_ANCHOR), count=count)
    late = [(rolled_away(features, seat), UNKNOWN, Reason.ROLLED_AWAY), *_by_pitch(features, seat)]
    return decided(early + late, otherwise=(UNKNOWN, Reason.BETWEEN), count=count)


def _by_pitch(features: Features, seat: Seat) -> list[tuple[Mask, int, Reason]]:
    pitch = pitch_deg(features.gravity, seat)
    return [
        ((pitch <= GRAZING_DEG) & (features.vedba_mean >= STIRRING_G), STANDING, Reason.KNOWN),
        (pitch >= BAND_DEG, STANDING, Reason.KNOWN),
        ((pitch <= -BAND_DEG) | (features.vedba_mean <= STILL_G), LYING, Reason.KNOWN),
    ]


def too_few(features: Features) -> Mask:
    """Tell where there are too few samples to tell anything."""
    return np.asarray(features.stop - features.start < LEAST_SAMPLES)


def not_gravity(features: Features) -> Mask:
    """Tell where what is measured is not 1 g."""
    return np.asarray(np.abs(np.sqrt((features.gravity**2).sum(axis=1)) - 1) > GRAVITY_OFF_G)


def rolled_away(features: Features, seat: Seat) -> Mask:
    """Tell where the collar is turned around the neck farther than a goat turns it."""
    seen = steepness(features.gravity) <= STEEP
    return np.asarray(seen & (np.abs(roll_deg(features.gravity, seat)) > ROLL_DEG))
