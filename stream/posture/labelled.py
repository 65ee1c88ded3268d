"""Neck collar or ear tag with a model that was fitted to observed animals: a regularised logistic regression, smoothed.

The model is numbers in a calibration, and applying it is a matrix product. It sees the same features as the rule
without labels, beside the collar's anchor, so a collar that turned loses the model with its anchor.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.posture import anchored
from stream.posture.anchored import MOVING_G, not_gravity, rolled_away, too_few
from stream.posture.features import Features, part_of
from stream.posture.seat import Seat, Seats, pitch_deg, roll_deg, seat_of
from stream.posture.smoothing import smoothed_by_message
from stream.posture.verdicts import LYING, STANDING, UNKNOWN, Reason, Verdicts, decided

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NAMES: Final = (
    "pitch",
    "pitch_squared",
    "roll_size",
    "vedba",
    "vedba_squared",
    "vedba_peak",
    "jerk",
    "sd_fwd",
    "sd_up",
    "sd_right",
    "pitch_by_vedba",
)
"""What a model may weigh: angles in right angles, movement as the logarithm of g; they are stored, so they keep their
meaning for ever."""

FLOOR_G: Final = 0.005
"""Added before logarithms: movement below a good sensor's noise is none."""


class Model(NamedTuple):
    """A fitted classifier, as it is kept in a calibration.

    Attributes:
        features: Which of `NAMES` it weighs, k of them.
        mean: Of each feature in the fit, length k.
        scale: Standard deviation of each, length k.
        coefficients: Weight of each standardised feature, length k.
        intercept: Log odds of standing at the mean.
        stay: Probability that the next stretch lies after one that lies, and stands after one that stands.
        bounds: Probabilities of standing up to which it lies, and from which it stands; unknown in between.
    """

    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float
    stay: tuple[float, float]
    bounds: tuple[float, float]


def model_of(parameters: Mapping[str, Any]) -> Model | None:
    """Read the model of a calibration's parameters; `None` where there is none."""
    kept = parameters.get("model")
    if kept is None:
        return None
    return Model(
        tuple(kept["features"]),
        tuple(kept["mean"]),
        tuple(kept["scale"]),
        tuple(kept["coefficients"]),
        kept["intercept"],
        (kept["stay"][0], kept["stay"][1]),
        (kept["bounds"][0], kept["bounds"][1]),
    )


class Known(NamedTuple):
    """What a calibration tells of a collar.

    Attributes:
        seat: How it sits; `None` where that isn't known.
        turned: Whether it has turned since.
        off: Whether nothing moves it.
        model: What it is read by; `None` for the rule without labels, which a collar without a seat falls back to.
    """

    seat: Seat | None
    turned: bool
    off: bool
    model: Model | None


def known_of(parameters: Mapping[str, Any]) -> Known:
    """Read a calibration's parameters."""
    seat, turned, off = seat_of(parameters), bool(parameters.get("turned")), bool(parameters.get("off"))
    return Known(seat, turned, off, None if seat is None or turned or off else model_of(parameters))


def classify(features: Features, parameters: Mapping[str, Any]) -> Verdicts:
    """Say of each stretch of one collar whether the animal stands, by the parameters of its calibration."""
    return classify_each(features, [known_of(parameters)], np.zeros(len(features.start), dtype=np.int64))


def classify_each(features: Features, known: Sequence[Known], of: Integers) -> Verdicts:
    """Say of each stretch whether the animal stands; what is said of a message does not depend on those beside it.

    Args:
        features: Stretches in forward, up, right.
        known: Of some collars.
        of: Which of them each stretch comes from, shape (n,).
    """
    seats = _seats(known).part(of)
    posture, reason = anchored.classify(features, seats)
    models = [one.model for one in known]
    for model in dict.fromkeys(models):
        if model is not None:
            here = np.flatnonzero(np.array([one == model for one in models])[of])
            posture[here], reason[here] = _by_model(model, part_of(features, here), seats.part(here))
    return Verdicts(posture, reason)


def _seats(known: Sequence[Known]) -> Seats:
    anchors = [(0.0, 0.0, 0.0) if one.seat is None else one.seat.anchor for one in known]
    told = np.array([(one.seat is not None, one.turned, one.off) for one in known], dtype=np.bool_).reshape(-1, 3)
    return Seats(np.array(anchors).reshape(-1, 3), *told.T)


def _by_model(model: Model, features: Features, seats: Seats) -> Verdicts:
    few, odd, rolled = too_few(features), not_gravity(features), rolled_away(features, seats)
    lost = odd | rolled
    standing = probability(model, features, seats, told=~(few | lost))
    lies, stands = model.bounds
    choices = [
        (few, UNKNOWN, Reason.TOO_FEW),
        (lost & (features.vedba_mean >= MOVING_G), STANDING, Reason.KNOWN),
        (odd, UNKNOWN, Reason.NOT_GRAVITY),
        (rolled, UNKNOWN, Reason.ROLLED_AWAY),
        (standing >= stands, STANDING, Reason.KNOWN),
        (standing <= lies, LYING, Reason.KNOWN),
    ]
    return decided(choices, otherwise=(UNKNOWN, Reason.BETWEEN), count=len(features.start))


def probability(model: Model, features: Features, seat: Seats, *, told: NDArray[np.bool_]) -> Floats:
    """Return the smoothed probability of standing in each stretch; where not `told`, its neighbours alone tell."""
    columns = [NAMES.index(name) for name in model.features]
    standard = (design(features, seat)[:, columns] - np.array(model.mean)) / np.array(model.scale)
    odds = np.ascontiguousarray(standard * np.array(model.coefficients)).sum(axis=1) + model.intercept
    alone = np.where(told, 1 / (1 + np.exp(-np.clip(odds, -30, 30))), 0.5)
    return smoothed_by_message(alone, features.message, model.stay)


def design(features: Features, seat: Seat | Seats) -> Floats:
    """Return what a model weighs, columns as in `NAMES`, shape (n, 11)."""
    pitch = pitch_deg(features.gravity, seat) / 90
    vedba = np.log(features.vedba_mean + FLOOR_G)
    return np.column_stack(
        [
            pitch,
            pitch * pitch,
            np.abs(roll_deg(features.gravity, seat)) / 90,
            vedba,
            vedba * vedba,
            np.log(features.vedba_p95 + FLOOR_G),
            np.log(features.jerk + FLOOR_G),
            np.log(features.sd + FLOOR_G),
            pitch * vedba,
        ]
    )
