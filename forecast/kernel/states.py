"""All that a fitted series needs to go on without its history: half a kilobyte, moved on value by value."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from core.errors import AnimovError
from forecast.inputs import Floats
from forecast.kernel.recursion import Arma, Places, State, ahead, run
from forecast.kernel.rhythms import rhythms_at
from forecast.model.habits import slots_of
from forecast.model.predicting import within_bounds
from forecast.specification import Specification

VERSION: Final = 2
"""Of the bytes below, and of what their numbers mean."""

_HEAD: Final = struct.Struct("<4sB8sH")
_MARK: Final = b"AMKS"
_SCALARS: Final = 12


class StateError(AnimovError):
    """Bytes that are no state of the specification at hand."""


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """Fitted series, `m` of them.

    Attributes:
        intercept: Of the rhythm, shape `(m,)`.
        coefficients: Of the rhythm, shape `(m, columns)`.
        profile: What the rhythm does not draw, shape `(m, day)`, see `forecast.model.habits`; single precision.
        arma: Coefficients of the errors.
        known: What is known of the next error.
        variance: Of a shock, shape `(m,)`.
        wider: Factor on standard errors, shape `(m,)`.
        floor: Least standard error, shape `(m,)`.
    """

    intercept: Floats
    coefficients: Floats
    profile: Floats
    arma: Arma
    known: State
    variance: Floats
    wider: Floats
    floor: Floats

    def __len__(self) -> int:
        return len(self.intercept)

    def to_bytes(self, specification: Specification) -> list[bytes]:
        """Write each series: a mark, the version, the start of the specification's digest, then numbers."""
        head = _HEAD.pack(_MARK, VERSION, _tag(specification), self.coefficients.shape[1])
        rows = np.column_stack(
            (self.intercept, *self.arma, *self.known, self.variance, self.wider, self.floor, self.coefficients)
        )
        profiles = self.profile.astype("<f4")
        return [head + row.astype("<f8").tobytes() + one.tobytes() for row, one in zip(rows, profiles, strict=True)]

    @classmethod
    def from_bytes(cls, series: Sequence[bytes], specification: Specification) -> Self:
        """Read what `to_bytes` wrote for one or more series.

        Raises:
            StateError: not such bytes, of another version, or of another specification.
        """
        rows, profiles = (np.array(part) for part in zip(*(_row(one, specification) for one in series), strict=True))
        intercept, ar1, ar2, ma1, *known, variance, wider, floor = (
            rows[:, column].copy() for column in range(_SCALARS)
        )
        coefficients = rows[:, _SCALARS:].copy()
        return cls(intercept, coefficients, profiles, Arma(ar1, ar2, ma1), State(*known), variance, wider, floor)

    def chosen(self, places: Places) -> "States":
        """Return the states at some places."""
        return States(
            self.intercept[places],
            self.coefficients[places],
            self.profile[places],
            Arma(*(part[places] for part in self.arma)),
            State(*(part[places] for part in self.known)),
            self.variance[places],
            self.wider[places],
            self.floor[places],
        )


def joined(parts: Sequence[States], columns: int, day: int) -> States:
    """Put states one after another; of no parts, no states of so many columns."""
    nothing = np.empty(0)
    empty = States(
        nothing,
        np.empty((0, columns)),
        np.empty((0, day)),
        Arma(*[nothing] * 3),
        State(*[nothing] * 5),
        nothing,
        nothing,
        nothing,
    )
    every = [empty, *parts]
    return States(
        np.concatenate([one.intercept for one in every]),
        np.concatenate([one.coefficients for one in every]),
        np.concatenate([one.profile for one in every]),
        Arma(*(np.concatenate(part) for part in zip(*(one.arma for one in every), strict=True))),
        State(*(np.concatenate(part) for part in zip(*(one.known for one in every), strict=True))),
        np.concatenate([one.variance for one in every]),
        np.concatenate([one.wider for one in every]),
        np.concatenate([one.floor for one in every]),
    )


def update(states: States, values: Floats, design: Floats, specification: Specification) -> States:
    """Return the states after further values, the parameters kept.

    Args:
        states: Of `m` series.
        values: Shape `(m, n)`, oldest first, NaN for gaps.
        design: Shape `(n, columns)`, the regression's columns at these values.
        specification: Whose bounds an outlier is brought back to.
    """
    values = within_bounds(np.where(np.isfinite(values), values, np.nan), specification)
    mean = rhythms_at(states.intercept, states.coefficients, design, specification.steps_per_day)
    mean += states.profile[:, slots_of(design, specification)]
    passed = run(states.arma, states.known, np.ascontiguousarray((values - mean).T))
    return replace(states, known=passed.state)


def expected(states: States, design: Floats, specification: Specification) -> tuple[Floats, Floats]:
    """Return mean and standard error of the next values before bounds, each of shape `(m, horizon)`.

    Args:
        states: Of `m` series.
        design: Shape `(horizon, columns)`.
        specification: Its steps of a day are used here.
    """
    mean, variance = ahead(states.arma, states.known, len(design))
    rhythm = rhythms_at(states.intercept, states.coefficients, design, specification.steps_per_day)
    rhythm += states.profile[:, slots_of(design, specification)]
    sigma = np.sqrt(variance.T * states.variance[:, None]) * states.wider[:, None]
    return rhythm + mean.T, np.maximum(sigma, states.floor[:, None])


def _tag(specification: Specification) -> bytes:
    return bytes.fromhex(specification.digest)[:8]


def _row(series: bytes, specification: Specification) -> tuple[Floats, Floats]:
    if len(series) < _HEAD.size or series[:4] != _MARK:
        raise StateError("these bytes are no state of a series")
    _, version, tag, columns = _HEAD.unpack_from(series)
    if version != VERSION:
        raise StateError(f"this state has version {version}; version {VERSION} is read here")
    if tag != _tag(specification):
        raise StateError("this state belongs to another specification")
    numbers, slots = _SCALARS + columns, specification.steps_per_day
    if len(series) != _HEAD.size + 8 * numbers + 4 * slots:
        raise StateError("this state is cut short or too long")
    row = np.frombuffer(series, "<f8", numbers, offset=_HEAD.size)
    return row.astype(np.float64), np.frombuffer(series, "<f4", offset=_HEAD.size + 8 * numbers).astype(np.float64)
