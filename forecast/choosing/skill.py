"""Whether a model is still worth its name: its error of the last seven days beside that of the best simple baseline.

Only forecasts that were issued in time count. Those made in hindsight are of models that may know the targets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Final

from forecast.model.baselines import BASELINES
from storage.engine.database import Connection
from storage.modelling import selections
from storage.modelling.selections import WeekErrors

SPAN: Final = timedelta(days=7)

THRESHOLD: Final = -0.05
"""Skill below which it is lost, where no setting says otherwise.

The best of four baselines is known afterwards only, so a sound model can fall short of it: on groups without a habit
the constant is the best there is, and the model comes near it from above.
"""

LEAST_SLOTS: Final = 288
"""Quarters of an hour with truth, three days of the seven, without which nothing is said."""


@dataclass(frozen=True, slots=True)
class Skill:
    """Errors over all horizons of what came true in a span.

    Attributes:
        series_id: The series.
        rmse: Of the model as issued.
        baseline: Which simple baseline was the best.
        baseline_rmse: Of that one.
        slots: Quarters of an hour that came true, each foretold many times.
        targets: How often they were foretold.
    """

    series_id: int
    rmse: float
    baseline: str
    baseline_rmse: float
    slots: int
    targets: int

    @property
    def skill(self) -> float:
        """By which part the model errs less than the baseline; negative where it errs more."""
        if self.baseline_rmse == 0.0:
            return 0.0 if self.rmse == 0.0 else -1.0
        return 1.0 - self.rmse / self.baseline_rmse


def skill_of(series_id: int, errors: Mapping[str, WeekErrors]) -> Skill | None:
    """Return the skill that follows from sums by model or baseline; `None` without forecasts that came true.

    A baseline counts if it was issued as often as the model.
    """
    model = errors.get("model")
    if model is None or not model.n:
        return None
    rmses = {name: _rmse(errors[name]) for name in BASELINES if name in errors and errors[name].n == model.n}
    if not rmses:
        return None
    best = min(rmses, key=lambda name: rmses[name])
    return Skill(series_id, _rmse(model), best, rmses[best], model.slots, model.n)


def skills_of(connection: Connection, farm_id: int, at: datetime) -> dict[int, Skill]:
    """Return the skill of each series of a farm over the seven days before an instant, where there is enough to say."""
    found = {
        series_id: skill_of(series_id, errors)
        for series_id, errors in selections.errors_between(connection, farm_id, at - SPAN, at).items()
    }
    return {series_id: one for series_id, one in found.items() if one is not None and one.slots >= LEAST_SLOTS}


def _rmse(errors: WeekErrors) -> float:
    return sqrt(errors.sum_squared / errors.n)
