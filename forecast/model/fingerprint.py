"""What a forecast follows from, as one number."""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple

import numpy as np

from forecast.inputs import Floats, History
from forecast.model.bands import Calibration
from forecast.specification import Specification


def fingerprint(history: History, design: Floats, specification: Specification, calibration: Calibration) -> str:
    """Return sha256, in hexadecimal, over all that a forecast follows from.

    The same numbers give the same fingerprint: every NaN is one NaN, and -0.0 is 0.0.
    """
    return fingerprints([history], design, specification, [calibration])[0]


def fingerprints(
    histories: Sequence[History], design: Floats, specification: Specification, calibrations: Sequence[Calibration]
) -> list[str]:
    """Return the fingerprint of each history; the columns that they share are read once."""
    shared = hashlib.sha256(f"{specification.to_json()}|{design.shape}|".encode())
    shared.update(_bytes(design))
    found = []
    for history, calibration in zip(histories, calibrations, strict=True):
        digest = shared.copy()
        grid = (history.start.timestamp(), history.step.total_seconds())
        digest.update(f"|{grid!r}|{astuple(calibration)!r}|".encode())
        digest.update(_bytes(history.values))
        found.append(digest.hexdigest())
    return found


def _bytes(numbers: Floats) -> bytes:
    return (np.where(np.isnan(numbers), np.nan, numbers) + 0.0).astype("<f8").tobytes()
