"""Leg tags in a recording: the share of the time standing and the bouts, as read from the bits of a node."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.posture_recorded import Recorded
from bench.posture_scores import LYING, STANDING, UNKNOWN, Postures
from bench.posture_wearers import Axes
from stream.behaviour.bouts import SHORTEST_LYING_S, bouts_of
from stream.posture import leg
from stream.posture.axes import axis_of


def legs(recorded: Sequence[Recorded], axes: Axes, species: str) -> list[dict[str, Any]]:
    """Return share and bouts of each animal."""
    return [_animal(one, axes, species) for one in recorded]


def _animal(one: Recorded, axes: Axes, species: str) -> dict[str, Any]:
    bouts, known = bouts_of(_seconds(one, axes), shortest_lying_s=SHORTEST_LYING_S[species])
    lengths = known.end - known.start
    return {
        "animal": one.animal,
        "known_s": int(lengths.sum()),
        "standing": round(float(lengths[~known.lying].sum() / max(lengths.sum(), 1)), 4),
        "bouts": len(bouts.start),
        "lying_bouts": int(bouts.lying.sum()),
    }


def _seconds(one: Recorded, axes: Axes) -> Postures:
    """Return the posture of each second from the first sample's on; one that holds both stands."""
    standing, lying = leg.seconds_of(
        one.times.tolist(), one.xyz.tolist(), up=axis_of(axes, "up"), g_per_unit=1.0, threshold_g=leg.THRESHOLD_G
    )
    first = int(one.times.min()) // 1000
    seconds = np.full(int(one.times.max()) // 1000 - first + 1, UNKNOWN, dtype=np.int8)
    for posture, found in ((LYING, lying), (STANDING, standing)):
        seconds[np.array(sorted(found), dtype=np.int64) - first] = posture
    return seconds
