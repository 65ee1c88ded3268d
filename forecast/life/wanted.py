"""What somebody wants trained, before the series is known: it travels as JSON until a worker reads the series."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal, Self

from forecast.inputs import History
from forecast.life.ratio_file import ValueUnit
from forecast.specification import DAY, Specification

Preset = Literal["", "first-animov"]
FIRST_ANIMOV: Final = "first-animov"

DEFAULT: Final = Specification()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model to train.

    Attributes:
        order: `(p, d, q)`.
        seasonal_order: `(P, D, Q, s)`.
        harmonics: Pairs of the day; as many as the step allows if that is less.
        weekly_harmonics: Pairs of the week.
        regressors: Names of columns; `None` means those of the farm's default model, for a file none.
        history_days: Days that are trained on; `None` means the default.
        preset: `first-animov` trains on all that there is, as the first AniMOV did.
        zone: Whose wall clock naive dates of a file are.
        unit: Of the values of a file.
        future: What is known ahead of the columns of a file; see `forecast.life.known_ahead.rules_of`.
        latitude: Of the animals of a file, degrees; needed for sun and moon.
        longitude: The same.
    """

    order: tuple[int, int, int] = DEFAULT.order
    seasonal_order: tuple[int, int, int, int] = DEFAULT.seasonal_order
    harmonics: int = DEFAULT.harmonics
    weekly_harmonics: int = DEFAULT.weekly_harmonics
    regressors: tuple[str, ...] | None = None
    history_days: float | None = None
    preset: Preset = ""
    zone: str = "UTC"
    unit: ValueUnit = "ratio"
    future: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None

    def __post_init__(self) -> None:
        # any contradiction is told when it is asked for, not when a worker comes to it
        Specification(
            order=self.order,
            seasonal_order=self.seasonal_order,
            harmonics=self.harmonics,
            weekly_harmonics=self.weekly_harmonics,
            regressors=self.regressors or (),
            history=self.history,
        )

    @property
    def history(self) -> timedelta:
        """How much is trained on, but for the preset."""
        return DEFAULT.history if self.history_days is None else timedelta(days=self.history_days)

    def specification_for(self, train: History, default_regressors: tuple[str, ...]) -> Specification:
        """Return the model for a series.

        Args:
            train: What it is trained on; the preset takes all of it.
            default_regressors: Those of the default model.

        Raises:
            SpecificationError: such a series can have no such model.
        """
        whole = max(DAY, len(train) * train.step)
        return Specification(
            order=self.order,
            seasonal_order=self.seasonal_order,
            harmonics=min(self.harmonics, DAY // train.step // 2),
            weekly_harmonics=self.weekly_harmonics,
            regressors=default_regressors if self.regressors is None else self.regressors,
            history=whole if self.preset else self.history,
            bounds=None if self.unit == "any" else DEFAULT.bounds,
            step=train.step,
        )

    def beside(self, other: "Wanted") -> "Wanted":
        """Return the same with the columns, and their rules, that another model of the file looks at too."""
        named = {rule.rpartition("=")[0].strip() for rule in self.future}
        rules = [rule for rule in other.future if rule.rpartition("=")[0].strip() not in named]
        columns = dict.fromkeys((*(self.regressors or ()), *(other.regressors or ())))
        return replace(self, regressors=tuple(columns), future=(*self.future, *rules))

    def to_json(self) -> dict[str, Any]:
        """Return plain data, which `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave, also after it went through JSON text."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
        }
        return cls(**fields)
