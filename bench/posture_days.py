"""What a collar's day comes to beside the true one: what of it can be counted, and how still a worn collar ever is."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.posture_scores import Postures
from stream.behaviour.bouts import SHORTEST_LYING_S, bouts_of
from stream.behaviour.smoothing import STEP_S
from stream.behaviour.spans import SPAN_S, spans_of
from stream.behaviour.stillness import SPECIES_STILL_S
from stream.posture.summary import Motion

Floats = NDArray[np.float64]
_HOUR_S: Final = 3600


def last_day(said: Postures, first: int) -> dict[str, float]:
    """Return what a daily sheet would tell of the last 24 hours, in stretches of ten seconds.

    Args:
        said: 1 standing, 0 lying, -1 unknown, shape (n,).
        first: The first second, since 1970.
    """
    bouts, known = bouts_of(np.repeat(said, STEP_S), first=first, shortest_lying_s=SHORTEST_LYING_S["goat"])
    end = np.array([first + STEP_S * len(said)])
    spans = spans_of(bouts, known, end - SPAN_S, end)
    return {
        "standing_h": 24 * float(spans.standing_s[0]) / max(float(spans.known_s[0]), 1.0),
        "lying_bouts": float(spans.lie_downs[0]),
        "interruptions": float(spans.interruptions[0]),
        "longest_lying_h": float(spans.longest_lying_s[0]) / _HOUR_S,
    }


def days_compared(days: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Return by measure and rule the mean over animals and the mean size of the error."""
    return {
        measure: {
            rule: _beside(
                np.array([day[rule][measure] for day in days]), np.array([day["truth"][measure] for day in days])
            )
            for rule in days[0]
        }
        for measure in days[0]["truth"]
    }


def _beside(told: Floats, truth: Floats) -> dict[str, float]:
    return {"mean": round(float(told.mean()), 2), "mean_error": round(float(np.abs(told - truth).mean()), 2)}


def most_still(motions: Sequence[Motion]) -> float:
    """Return the largest share of stretches without movement in three hours; messages of one stretch, none missing."""
    still = np.concatenate([[0], np.cumsum([motion.still for motion in motions])])
    reach = SPECIES_STILL_S["goat"] // STEP_S
    return float((still[reach:] - still[:-reach]).max() / reach) if len(still) > reach else float("nan")
