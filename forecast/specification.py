"""What model of a series is wanted: one frozen value that prints, travels as JSON and hashes."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final, Self

from core.errors import AnimovError
from core.orders import fault_of, states_of

HORIZON: Final = 192
"""Steps of a forecast, whatever their length: 48 hours of quarters of an hour, four days of half hours."""

DAY: Final = timedelta(days=1)


class SpecificationError(AnimovError):
    """A model specification contradicts itself."""


@dataclass(frozen=True, slots=True)
class Specification:
    """A SARIMAX regression: what it is fitted to and with which orders.

    Attributes:
        order: `(p, d, q)`, the ARMA orders in steps and the number of differences.
        seasonal_order: `(P, D, Q, s)`, the same at the season of `s` steps; `s = 0` means no season.
        harmonics: Sine and cosine pairs of the local day, with periods of 24, 12, 8, ... hours; 0 for none.
        weekly_harmonics: The same of the local week, with periods of 7, 3.5, ... days, up to 6: the 7th is the day's.
        regressors: Names of further columns, in order; see `forecast.regressors.design.design_of`.
        history: How far back from the origin the fit looks.
        bounds: Lowest and highest possible value, or none.
        step: Length of a slot; it divides a day.
    """

    order: tuple[int, int, int] = (2, 0, 1)
    seasonal_order: tuple[int, int, int, int] = (0, 0, 0, 0)
    harmonics: int = 6
    weekly_harmonics: int = 0
    regressors: tuple[str, ...] = ()
    history: timedelta = timedelta(days=21)
    bounds: tuple[float, float] | None = (0.0, 1.0)
    step: timedelta = timedelta(minutes=15)

    def __post_init__(self) -> None:
        if fault := _fault_of(self):
            raise SpecificationError(f"{self} is no model: {fault}")

    @property
    def steps_per_day(self) -> int:
        """Slots in 24 hours."""
        return DAY // self.step

    @property
    def least_days(self) -> int:
        """Days at least half known without which it is not fitted; a rhythm of the week needs a week and a half."""
        return 10 if self.weekly_harmonics else 3

    @property
    def states(self) -> int:
        """Size of its state space in levels: the lags that it looks back, and one for each that is differenced."""
        return states_of(self.order, self.seasonal_order)

    @property
    def differenced(self) -> bool:
        """Whether the model looks at differences, so that a level carries over without end."""
        return bool(self.order[1] or self.seasonal_order[1])

    @property
    def is_harmonic(self) -> bool:
        """Whether the errors are a short ARMA, so that the rhythm is all in the regression."""
        return not self.differenced and self.seasonal_order[3] == 0

    def __str__(self) -> str:
        p, d, q = self.order
        seasonal = "({},{},{},{})".format(*self.seasonal_order) if self.seasonal_order[3] else ""
        bounds = "[{:g},{:g}]".format(*self.bounds) if self.bounds else "unbounded"
        return " ".join(
            (
                f"SARIMAX({p},{d},{q}){seasonal}",
                f"K={self.harmonics}",
                *(f"W={count}" for count in (self.weekly_harmonics,) if count),
                *(f"+{name}" for name in self.regressors),
                f"{self.history / DAY:g}d",
                bounds,
                f"{self.step / timedelta(minutes=1):g}min",
            )
        )

    def to_json(self) -> str:
        """Write as canonical JSON (sorted keys, durations in seconds), which `from_json` reads back."""
        fields = asdict(self) | {"history": self.history.total_seconds(), "step": self.step.total_seconds()}
        return json.dumps(fields, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; a field that is missing takes its default.

        Raises:
            SpecificationError: not such JSON, an unknown field, or a contradiction.
        """
        try:
            return cls(**{name: _read(name, value) for name, value in json.loads(text).items()})
        except (TypeError, ValueError, AttributeError) as error:
            raise SpecificationError(f"this is no model specification: {error}") from error

    @property
    def digest(self) -> str:
        """Sha256 of the canonical JSON, in hexadecimal: the same on every machine and in every process."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _read(name: str, value: Any) -> Any:
    if name in {"history", "step"}:
        return timedelta(seconds=value)
    return tuple(value) if isinstance(value, list) else value


def _fault_of(spec: Specification) -> str | None:
    """Return the first rule that is broken."""
    fault = fault_of(
        spec.order,
        spec.seasonal_order,
        harmonics=spec.harmonics,
        weekly_harmonics=spec.weekly_harmonics,
        regressors=spec.regressors,
        history=spec.history,
    )
    low, high = spec.bounds or (0.0, 1.0)
    divides = spec.step > timedelta(0) and not DAY % spec.step
    rules = {
        "the step divides a day": divides,
        "a day of n steps has n/2 harmonics": not divides or 2 * spec.harmonics <= spec.steps_per_day,
        "the lower bound is below the upper one": low < high,
    }
    if fault is not None:
        return fault.rule
    return next((rule for rule, kept in rules.items() if not kept), None)
