"""One training: all but the last two days to train on, the last two to validate, what came of it in figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from typing import Final

import numpy as np

from core.errors import AnimovError
from forecast.inputs import Floats, History
from forecast.model.baselines import baselines_of
from forecast.model.predicting import Forecast, predict
from forecast.regressors.design import NO_COLUMNS, Site
from forecast.specification import DAY, Specification

HELD_OUT: Final = timedelta(days=2)
"""The end of a series, kept from the training and foretold."""


class TrainingError(AnimovError):
    """No model can be trained on a series."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained model and what it foretold of what it had not seen.

    Attributes:
        specification: The model.
        train: What it was trained on: no more than the history of the specification.
        test: What came after it.
        forecast: From the end of `train`, over the slots of `test`.
        columns: What the model looked at beside the series, shape `(len(train) + len(test),)` each.
        metrics: `train_rmse`, of steps foretold one at a time on what it was trained on; `validation_rmse`, of the
            whole of `test` foretold at once, and the same of each baseline after `validation_rmse_`.
    """

    specification: Specification
    train: History
    test: History
    forecast: Forecast
    columns: Mapping[str, Floats]
    metrics: dict[str, float]

    @property
    def parameters(self) -> dict[str, str | int | float]:
        """What the first AniMOV told MLflow of a training, under its names."""
        return {
            "order": str(self.specification.order),
            "seasonal_order": str(self.specification.seasonal_order),
            "num_data_points": int(np.isfinite(self.train.values).sum() + np.isfinite(self.test.values).sum()),
            "num_days_train": _days(self.train),
            "num_days_test": _days(self.test),
        }


def parted(history: History, held_out: timedelta = HELD_OUT) -> tuple[History, History]:
    """Cut a series into what to train on and what to validate on, both ends of it known.

    Raises:
        TrainingError: nothing would be left to train on.
    """
    known = np.flatnonzero(np.isfinite(history.values))
    if not len(known):
        raise TrainingError("not one value of the series is known, so there is nothing to train on")
    first, last = int(known[0]), int(known[-1]) + 1
    cut = last - held_out // history.step
    if cut <= first:
        raise TrainingError(
            f"the series has {len(known)} known values within {(last - first) * history.step}; the last"
            f" {held_out // DAY} days are held out, and that leaves nothing to train on"
        )
    return _between(history, first, cut), _between(history, cut, last)


def train(
    learnt: History,
    held_out: History,
    specification: Specification,
    *,
    site: Site,
    columns: Mapping[str, Floats] = NO_COLUMNS,
) -> Trained:
    """Train a model and let it foretell what was held out.

    Args:
        learnt: What to train on.
        held_out: What follows it.
        specification: The model.
        site: Clock, place and daily events.
        columns: Further regressors by name, from the start of the first at least to the end of the second.

    Raises:
        TrainingError: the model can't be fitted to such a series.
        RegressorError: a column is missing or not whole.
        CancelledError: it runs under `forecast.cancelling.cancellable`, and nobody waits for it any more.
    """
    whole = len(learnt) + len(held_out)
    upto = {name: column[:whole] for name, column in columns.items()}
    forecast = predict(learnt, specification, site=site, columns=upto, horizon=len(held_out))
    if "sigma2" not in forecast.parameters:
        raise TrainingError(f"{specification} can't be trained: {forecast.reason}")
    recent = learnt.last(specification.history)
    baselines = baselines_of(recent.values, specification.steps_per_day, len(held_out))
    metrics = {
        "train_rmse": sqrt(forecast.parameters["sigma2"]),
        "validation_rmse": _rmse(forecast.mean, held_out.values),
    }
    metrics |= {f"validation_rmse_{name}": _rmse(made, held_out.values) for name, made in baselines.items()}
    seen = {name: upto[name][len(learnt) - len(recent) :] for name in specification.regressors if name in upto}
    return Trained(specification, recent, held_out, forecast, seen, metrics)


def _between(history: History, first: int, end: int) -> History:
    return History(history.start + first * history.step, history.step, history.values[first:end])


def _rmse(made: Floats, truth: Floats) -> float:
    return float(np.sqrt(np.nanmean((made - truth) ** 2)))


def _days(history: History) -> int | float:
    days = len(history) * history.step / DAY
    return int(days) if days == int(days) else round(days, 2)
