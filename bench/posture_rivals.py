"""What our rules are measured beside: one fixed angle for all animals, and random forests on the same features."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.posture_labelled import Seated
from bench.posture_scores import LYING, STANDING, UNKNOWN, Postures
from bench.posture_wearers import Wearer
from stream.posture.features import Features
from stream.posture.seat import pitch_deg, roll_deg

Floats = NDArray[np.float64]

TREES: Final = 100
MOST_ROWS: Final = 20_000
"""Stretches that a forest learns from: neighbours say the same, and more of them cost minutes."""

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


def plain(features: Features) -> Floats:
    """Return what a forest sees that knows nothing of how a tag sits, shape (n, 9)."""
    return np.column_stack([features.gravity, features.sd, features.vedba_mean, features.vedba_p95, features.jerk])


def anchored(features: Features, seated: Sequence[Seated]) -> Floats:
    """Return that and pitch and roll beside the anchor, as our rules see them, shape (n, 11); NaN without an anchor."""
    beside = np.full((len(features.start), 2), np.nan)
    for where, seat in seated:
        gravity = features.gravity[where]
        beside[where] = np.column_stack([pitch_deg(gravity, seat), roll_deg(gravity, seat)])
    return np.column_stack([plain(features), beside])


def forests(rows: Sequence[Floats], truths: Sequence[Postures], seed: int) -> list[Postures]:
    """Judge each animal by a forest that has seen the others."""
    both = list(zip(rows, truths, strict=True))
    return [forest(own, both[:place] + both[place + 1 :], seed) for place, own in enumerate(rows)]


def forest(rows: Floats, others: Sequence[tuple[Floats, Postures]], seed: int) -> Postures:
    """Judge by a random forest that has seen the other animals alone.

    Args:
        rows: Of the animal that is judged, shape (n, k).
        others: Rows and truth of each other animal; `MOST_ROWS` in all, evenly taken, are learned from.
        seed: Of the forest.
    """
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - slow to import

    seen = np.concatenate([of[truth != UNKNOWN] for of, truth in others])
    truth = np.concatenate([truth[truth != UNKNOWN] for _, truth in others])
    taken = np.unique(np.linspace(0, max(len(seen) - 1, 0), MOST_ROWS).astype(np.int64))[: len(seen)]
    if not len(rows) or len(np.unique(truth[taken])) < 2:
        return np.full(len(rows), UNKNOWN, dtype=np.int8)
    fitted = RandomForestClassifier(TREES, min_samples_leaf=5, class_weight="balanced", random_state=seed, n_jobs=1)
    said: Postures = fitted.fit(seen[taken], truth[taken]).predict(rows).astype(np.int8)
    return said


def _elevation(one: Wearer) -> Floats:
    gravity = one.features.gravity
    return np.asarray(np.degrees(np.arcsin(np.clip(gravity[:, 0] / np.linalg.norm(gravity, axis=1), -1, 1))))
