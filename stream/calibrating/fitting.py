"""Fitting a model to observed animals, and judging it on animals and days that it never saw.

A random split would let stretches of one minute sit on both sides and flatter the model; here whole animals, and whole
days, are left out.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream.calibrating.judging import Scores, added, scores_of
from stream.posture.anchored import not_gravity, rolled_away, too_few
from stream.posture.features import Features
from stream.posture.labelled import NAMES, Model, classify, design
from stream.posture.refused import Refused
from stream.posture.seat import Seat

LEAST_STRETCHES: Final = 30
"""Stretches that must have been observed of each posture: five minutes."""
BOUNDS: Final = (0.3, 0.7)
"""Probabilities of standing between which nothing is said."""
STRENGTH: Final = 1.0
"""Inverse strength of the ridge penalty on standardised features."""
STAY: Final = (0.8, 0.99)
"""Least and most that a posture is taken to last from one stretch to the next: observers seldom see it change."""


class Session(NamedTuple):
    """An animal observed for a while, the collar sitting in one way.

    Attributes:
        animal: Which.
        day: Local date.
        features: Stretches of whose every second the posture was observed, in order of time; forward, up, right.
        seat: How the collar sat.
        standing: Whether the animal stood, shape (n,).
    """

    animal: str
    day: str
    features: Features
    seat: Seat
    standing: NDArray[np.bool_]


class Fitted(NamedTuple):
    """A model, fitted to all sessions, and what such models do on what they never saw.

    Attributes:
        model: For a calibration's parameters, by `kept`.
        by_animal: With each animal left out in turn, all counted; or why that can't be told.
        by_day: The same with each day.
    """

    model: Model
    by_animal: Scores | Refused
    by_day: Scores | Refused


def fit(sessions: Sequence[Session]) -> Fitted | Refused:
    """Fit a model and judge it, or tell why there is too little to fit it to."""
    model = _fitted(sessions)
    if isinstance(model, Refused):
        return model
    return Fitted(model, _left_out(sessions, lambda one: one.animal), _left_out(sessions, lambda one: one.day))


def kept(model: Model) -> dict[str, Any]:
    """Write a model as the `model` of a calibration's parameters: plain JSON."""
    return {name: list(part) if isinstance(part, tuple) else part for name, part in model._asdict().items()}


def _left_out(sessions: Sequence[Session], group: Callable[[Session], str]) -> Scores | Refused:
    """Judge each group by a model of the others; groups whose others do not suffice are not judged."""
    found = []
    for name in sorted({group(one) for one in sessions}):
        model = _fitted([one for one in sessions if group(one) != name])
        if isinstance(model, Model):
            found += [_judged(model, one) for one in sessions if group(one) == name]
    if not found:
        return Refused("few_groups", "what is left after leaving one out does not suffice to fit a model")
    return reduce(added, found)


def _judged(model: Model, session: Session) -> Scores:
    verdicts = classify(session.features, {"anchor": session.seat.anchor, "model": kept(model)})
    return scores_of(session.standing, verdicts.posture)


def _fitted(sessions: Sequence[Session]) -> Model | Refused:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - a second to import, for those who fit

    told = [_told(one) for one in sessions]
    standing = np.array([stood for one, where in zip(sessions, told, strict=True) for stood in one.standing[where]])
    seen = min(int((standing == posture).sum()) for posture in (True, False))
    if seen < LEAST_STRETCHES:
        return Refused("few_labels", f"{seen} stretches of one posture were observed, {LEAST_STRETCHES} are needed")
    weighed = np.concatenate([design(one.features, one.seat)[where] for one, where in zip(sessions, told, strict=True)])
    mean, scale = weighed.mean(axis=0), np.maximum(weighed.std(axis=0), 1e-9)
    regression = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=1000)
    regression.fit((weighed - mean) / scale, standing)
    return Model(
        features=NAMES,
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        coefficients=tuple(regression.coef_[0].tolist()),
        intercept=float(regression.intercept_[0]),
        stay=_stay(sessions),
        bounds=BOUNDS,
    )


def _told(session: Session) -> NDArray[np.bool_]:
    """Tell which stretches a model is asked about."""
    features = session.features
    return np.asarray(~(too_few(features) | not_gravity(features) | rolled_away(features, session.seat)))


def _stay(sessions: Sequence[Session]) -> tuple[float, float]:
    """Return the probabilities that lying, and standing, last to the next stretch (each seen once more either way)."""
    lies, stands = (
        (sum(_lasting(one.standing, posture=posture) for one in sessions) + 1)
        / (sum(int((one.standing[:-1] == posture).sum()) for one in sessions) + 2)
        for posture in (False, True)
    )
    least, most = STAY
    return min(max(lies, least), most), min(max(stands, least), most)


def _lasting(standing: NDArray[np.bool_], *, posture: bool) -> int:
    return int(((standing[:-1] == posture) & (standing[1:] == posture)).sum())
