"""How good forecasts were, as a table for people and as data for programs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from core.timeline import BUCKET
from forecast.choosing.backtest import EVERY
from forecast.rolling.hindsight import issue_in_hindsight, slots_between
from storage.engine.database import Engine, scoped_to
from storage.forecasting import scores
from storage.forecasting.scores import BANDS, MODELS, Score
from storage.measurements import series

LEAST_BUCKETS: Final = 7 * 96
"""A week of windows: with less there is nothing to learn a rhythm from."""

LONGEST: Final = timedelta(days=3)

_COLUMNS: Final = (*MODELS, "coverage80", "coverage95")

Bands = Sequence[Mapping[str, Any]]
"""One mapping a band of horizon: `band`, RMSE by model and baseline, `coverage80`, `coverage95`; `None`: not known."""


class SeriesAccuracy(NamedTuple):
    """What a back-test found of one series; the herd's has no name."""

    series: str
    origins: int
    bands: Bands


def accuracy_table(bands: Bands) -> str:
    """Write a table of RMSE and coverage, a line a band."""
    lines = [["band", *_COLUMNS]]
    lines += [[band["band"], *(_figure(band[name]) for name in _COLUMNS)] for band in bands]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )


def look_back(
    engine: Engine,
    farm_id: int,
    start: datetime,
    end: datetime,
    *,
    history_days: int,
    progress: Callable[[int, int], None],
) -> list[SeriesAccuracy]:
    """Back-test a farm's series on the end of what was measured in `[start, end)`; nothing from less than a week.

    Origins lie 37 slots apart in the last third of the buckets that the herd has, or in the last 3 days of them if
    these are shorter. The forecasts are kept and marked as issued in hindsight.
    """
    with scoped_to(engine, [farm_id]) as connection:
        herd = series.ensure_series(connection, farm_id)[0]
        known = [row.bucket for row in series.history(connection, herd, start, end) if row.standing_ratio is not None]
    if len(known) < LEAST_BUCKETS:
        return []
    until = known[-1] + BUCKET
    origins = slots_between(until - min(LONGEST, (until - known[0]) / 3), until, EVERY)
    issue_in_hindsight(engine, farm_id, origins, history_days=history_days, progress=progress)
    with scoped_to(engine, [farm_id]) as connection:
        return [
            SeriesAccuracy(one.name, len(origins), _bands(scores.summary(connection, one.id, origins[0], until)))
            for one in series.series_of(connection, farm_id)
        ]


def _bands(found: Sequence[Score]) -> Bands:
    by_band = {(score.band, score.model): score for score in found if score.backtest}
    return [_band(band, {model: by_band.get((band, model)) for model in MODELS}) for band in BANDS]


def _band(name: str, by_model: Mapping[str, Score | None]) -> dict[str, Any]:
    model = by_model["model"]
    figures = {of: None if score is None else score.rmse for of, score in by_model.items()}
    coverages = {"coverage80": model and model.coverage80, "coverage95": model and model.coverage95}
    return {"band": name, **figures, **coverages}


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
