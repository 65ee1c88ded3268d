"""What the model would have foretold: rolling origins over the end of a series, scored beside the baselines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isnan
from typing import Any, Final

from forecast.inputs import Floats, History
from forecast.model.bands import HORIZON_BANDS, Calibration
from forecast.model.baselines import BASELINES, PROFILE_DAYS, baselines_of
from forecast.model.predicting import ANYWHERE, predict
from forecast.regressors.design import NO_COLUMNS, Site
from forecast.rolling.calibrating import calibrations_by_day
from forecast.rolling.scoring import ErrorSums, Scores, merged, score
from forecast.specification import DAY, HORIZON, Specification
from forecast.workers import mapped

EVERY: Final = 37
"""Slots between origins: prime to the slots of a day, so that origins wander through the hours."""

WINDOW_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """Scores over all origins.

    Attributes:
        origins: How many forecasts were made.
        scores: Sums by model or baseline and horizon band.
        models: How many forecasts each model or fallback made.
    """

    origins: int
    scores: Scores
    models: dict[str, int]

    def sums(self, model: str, band: str) -> ErrorSums:
        """Return the sums of `model` or a baseline in a horizon band."""
        return self.scores.get((model, band), ErrorSums())

    def to_json(self) -> dict[str, Any]:
        """Return RMSE and coverage by band as plain data; `None` where nothing could be scored."""
        return {"bands": [self._band(band.name) for band in HORIZON_BANDS], "origins": self.origins}

    def _band(self, band: str) -> dict[str, Any]:
        model = self.sums("model", band)
        figures = {name: self.sums(name, band).rmse for name in ("model", *BASELINES)}
        figures |= {"coverage80": model.coverage80, "coverage95": model.coverage95}
        return {"band": band} | {name: None if isnan(figure) else figure for name, figure in figures.items()}


def rolling_origins(count: int, day: int, every: int = EVERY) -> range:
    """Return the origins, as numbers of slots before them: the last 14 days, or the last third if that is shorter."""
    return range(count - min(WINDOW_DAYS * day, count // 3), count, every)


def backtest(
    history: History,
    specification: Specification,
    *,
    site: Site = ANYWHERE,
    columns_at: Callable[[int], Mapping[str, Floats]] | None = None,
    origins: Sequence[int] | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> BacktestReport:
    """Forecast from rolling origins, each from what lies before it alone, and score what followed.

    Bands are calibrated as on a node, from what lay before the day of each origin.

    Args:
        history: The whole series.
        specification: The model; its regressors are those that the site or the columns give.
        site: Clock, place and events.
        columns_at: Further columns as they were known at an origin, given as slots before it, each of shape
            `(origin + HORIZON,)`, such as `forecast.known_ahead.ColumnsAhead.at`.
        origins: Slots before each origin; by default `rolling_origins`.
        jobs: Processes to share the work.
        progress: Called with origins done and in all, after each.
    """
    chosen = rolling_origins(len(history), specification.steps_per_day) if origins is None else origins
    factors = calibrations_by_day(history, specification, chosen, site=site, columns_at=columns_at)
    one = partial(_one, history, specification, site, columns_at)
    scores: Scores = {}
    models: dict[str, int] = {}
    for done, (model, found) in enumerate(mapped(one, list(zip(chosen, factors, strict=True)), jobs), start=1):
        scores, models[model] = merged(scores, found), models.get(model, 0) + 1
        if progress:
            progress(done, len(chosen))
    return BacktestReport(len(chosen), scores, models)


def _one(
    history: History,
    specification: Specification,
    site: Site,
    columns_at: Callable[[int], Mapping[str, Floats]] | None,
    at: tuple[int, Calibration],
) -> tuple[str, Scores]:
    origin, calibration = at
    past, columns = history.until(origin), columns_at(origin) if columns_at else NO_COLUMNS
    forecast = predict(past, specification, site=site, columns=columns, calibration=calibration)
    recent = past.last(max(specification.history, PROFILE_DAYS * DAY))
    baselines = baselines_of(recent.values, specification.steps_per_day, HORIZON)
    return forecast.model, score(forecast, baselines, history.values[origin : origin + HORIZON])
