"""Neck collar or ear tag whose upright anchor is known, no labels: movement, then stillness, then the neck's pitch.

Whatever moves stands. The rest is told by the neck's pitch beside walking, and differently for what is quite still and
for what stirs or chews. No angle alone is safe: leave-one-animal-out, tilt told standing from resting cows no better
than chance. Hence the anchor for each collar, and `unknown` between the postures.

The thresholds are argued, not fitted; nothing of the kind is published of goats. WASP stands for the labelled neck
collars of ten cows of WASP-lab/db-cow-walking, in stretches of ten seconds, pitch against walking, medians of sessions;
"resting" is not said to mean lying there, but that a cow lies with a steeper neck than it stands with is also in
Vazquez Diosdado 2015 (figure 1).

- `MOVING_G`, mean VeDBA: grazing sheep show above 0.1 g; resting cows stay below 0.086 g (WASP).
- `STILL_G`, mean VeDBA: resting without rumination 0.014-0.018 g, standing from 0.05 g on (WASP); the geometric mean.
- `MIDDLE_DEG`: half way between standing (8) and resting (23); `BAND_DEG`: changes of angle up to 5 degrees count as
  none (GGIR's `anglethreshold`), so that much around the middle says nothing.
- `RESTING_DEG`: the least pitch of a resting session (9); what is still and as much lower as counts stands.
- `TURNED_BACK_DEG`: two of seven resting sessions were rolled by 28 degrees (WASP), a head turned back to the flank.
- `ROLL_DEG`: twice that is no posture but a collar that has turned. A turn by less changes the pitch by no more than
  half the angle at which the collar is tilted on the neck.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream.posture.features import Features
from stream.posture.seat import Seat, Seats, pitch_deg, roll_deg, steepness
from stream.posture.verdicts import LYING, STANDING, UNKNOWN, Reason, Verdicts, decided

MOVING_G: Final = 0.1
STILL_G: Final = 0.03
MIDDLE_DEG: Final = 15.5
BAND_DEG: Final = 5.0
RESTING_DEG: Final = 9.0
TURNED_BACK_DEG: Final = 28.0
ROLL_DEG: Final = 56.0

LEAST_SAMPLES: Final = 10
"""Samples in a stretch below which its movement is not told: one a second."""
STEEP: Final = 0.95
"""Share of gravity along the neck from which its roll is not told: 72 degrees."""
GRAVITY_OFF_G: Final = 0.3
"""Difference from 1 g from which what is measured at rest is not gravity: the cube of actipy's calibration."""

Mask = NDArray[np.bool_]


def classify(features: Features, seats: Seats) -> Verdicts:
    """Say of each stretch whether the animal stands.

    Args:
        features: Stretches in forward, up, right.
        seats: Of the collars that they come from.
    """
    choices = [
        (too_few(features), UNKNOWN, Reason.TOO_FEW),
        (seats.off, UNKNOWN, Reason.OFF),
        (features.vedba_mean >= MOVING_G, STANDING, Reason.KNOWN),
        (not_gravity(features), UNKNOWN, Reason.NOT_GRAVITY),
        (seats.turned, UNKNOWN, Reason.TURNED),
        (~seats.known, UNKNOWN, Reason.NO_ANCHOR),
        (rolled_away(features, seats), UNKNOWN, Reason.ROLLED_AWAY),
        *_by_pitch(features, seats),
    ]
    return decided(choices, otherwise=(UNKNOWN, Reason.BETWEEN), count=len(features.start))


def _by_pitch(features: Features, seat: Seats) -> list[tuple[Mask, int, Reason]]:
    pitch, still = pitch_deg(features.gravity, seat), features.vedba_mean <= STILL_G
    turned_back = np.abs(roll_deg(features.gravity, seat)) >= TURNED_BACK_DEG
    lies = np.where(still, (pitch >= RESTING_DEG) | turned_back, pitch >= MIDDLE_DEG + BAND_DEG / 2)
    stands = np.where(still, pitch <= RESTING_DEG - BAND_DEG, pitch <= MIDDLE_DEG - BAND_DEG / 2)
    return [(lies, LYING, Reason.KNOWN), (stands, STANDING, Reason.KNOWN)]


def too_few(features: Features) -> Mask:
    """Tell where there are too few samples to tell anything."""
    return np.asarray(features.stop - features.start < LEAST_SAMPLES)


def not_gravity(features: Features) -> Mask:
    """Tell where what is measured is not 1 g."""
    return np.asarray(np.abs(np.sqrt((features.gravity**2).sum(axis=1)) - 1) > GRAVITY_OFF_G)


def rolled_away(features: Features, seat: Seat | Seats) -> Mask:
    """Tell where the collar is turned around the neck farther than a goat turns it."""
    seen = steepness(features.gravity) <= STEEP
    return np.asarray(seen & (np.abs(roll_deg(features.gravity, seat)) > ROLL_DEG))
