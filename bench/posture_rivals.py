"""What our rules are measured beside: one fixed angle for all animals, and a random forest on the same features."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.posture_scores import LYING, STANDING, UNKNOWN, Postures
from bench.posture_wearers import Wearer
from stream.posture.features import Features

TREES: Final = 200

PUBLISHED: Final = (
    "cows, neck, decision tree: lying found 77.4, precise 98.6; standing found 88.0, precise 55.0"
    " (Vazquez Diosdado 2015, 10.1186/s40317-015-0045-8)\n"
    "sheep, stretches of 3 to 10 s: behaviours found with a collar 67-88, an ear tag 86-95"
    " (Barwick 2020, 10.3390/rs12040646)\n"
    "goats, collar, harness or belt: resting found 68-90 (Moreau 2009)\n"
    "seven cows, neck, leave-one-cow-out, standing against resting: balanced 41-48 by tilt, 54-58 by movement,"
    " 46-73 by both (forest on WASP-lab/db-cow-walking)"
).splitlines()
"""In percent; on other animals and recordings, so no more than a measure of what may be expected."""


def fixed_angle(one: Wearer, others: Sequence[Wearer]) -> Postures:
    """Judge by the elevation of the forward axis, with the threshold that serves the other animals best."""
    angles = np.concatenate([_elevation(other) for other in others])
    truth = np.concatenate([other.truth for other in others])
    stands, lies = np.sort(angles[truth == STANDING]), np.sort(angles[truth == LYING])
    if not len(stands) or not len(lies):
        return np.full(len(one.truth), UNKNOWN, dtype=np.int8)
    thresholds = np.arange(-90, 91)
    above = [1 - np.searchsorted(of, thresholds) / len(of) for of in (stands, lies)]
    gain = above[0] - above[1]  # twice the balanced accuracy less 1, where what is above stands
    equals = np.flatnonzero(np.abs(gain) > np.abs(gain).max() - 1e-9)
    best = equals[len(equals) // 2]
    return np.asarray((_elevation(one) >= thresholds[best]) == (gain[best] > 0), dtype=np.int8)


def forest(one: Wearer, others: Sequence[Wearer], seed: int) -> Postures:
    """Judge by a random forest that has seen the other animals alone."""
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - slow to import

    rows = np.concatenate([_columns(other.features)[other.truth != UNKNOWN] for other in others])
    truth = np.concatenate([other.truth[other.truth != UNKNOWN] for other in others])
    if len(np.unique(truth)) < 2:
        return np.full(len(one.truth), UNKNOWN, dtype=np.int8)
    fitted = RandomForestClassifier(TREES, min_samples_leaf=5, class_weight="balanced", random_state=seed, n_jobs=1)
    said: Postures = fitted.fit(rows, truth).predict(_columns(one.features)).astype(np.int8)
    return said


def _columns(features: Features) -> NDArray[np.float64]:
    return np.column_stack([features.gravity, features.sd, features.vedba_mean, features.vedba_p95, features.jerk])


def _elevation(one: Wearer) -> NDArray[np.float64]:
    gravity = one.features.gravity
    return np.asarray(np.degrees(np.arcsin(np.clip(gravity[:, 0] / np.linalg.norm(gravity, axis=1), -1, 1))))
