"""How well forecasts came true: sums by target slot, band of horizon and model.

A score is a function of the forecasts as issued and of the truth as it is now, so it is computed again whenever the
truth of its slot changes. RMSE over any span of time is `sqrt(sum(sum_squared) / sum(n))`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import sqrt
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from storage.schema import hypertables

MODELS: Final = ("model", "persistence", "mean", "seasonal_naive", "mean_14d")
"""The forecast as issued, then the four baselines that were issued with it."""

BANDS: Final = ("1-4", "5-24", "25-96", "97-192")
"""Bands of horizon, in steps of 15 minutes, both ends inclusive."""


@dataclass(frozen=True, slots=True)
class Score:
    """Accuracy of one model in one band over a span of target slots; ratios, not percent.

    Coverages and interval scores are `None` for baselines, which have no bands; interval scores also where there are
    none from before they were kept.

    Attributes:
        interval80: Mean interval score of the 80 % band (Winkler 1972; Gneiting & Raftery 2007, eq. 43): its width,
            and `2 / 0.2` times what the truth lay outside; less is better, in ratios.
        interval95: The same of the 95 % band, with `2 / 0.05`.
        skill: Of the forecasts against this baseline, `1 - RMSE / RMSE of the baseline`: 0.25 is a quarter less error,
            below 0 is worse; `None` for the forecasts themselves.
    """

    band: str
    model: str
    backtest: bool
    n: int
    rmse: float
    mae: float
    bias: float
    coverage80: float | None
    coverage95: float | None
    interval80: float | None = None
    interval95: float | None = None
    skill: float | None = None


def pooled(scores: Sequence[Score]) -> Score | None:
    """Return the accuracy over live and back-tested targets of one model and band together; `None` of nothing."""
    if not scores:
        return None
    n = sum(score.n for score in scores)

    def mean_of(figure: Callable[[Score], float | None]) -> float:
        return sum(score.n * (figure(score) or 0.0) for score in scores) / n

    has_intervals = all(score.interval80 is not None for score in scores)
    has_bands = all(score.coverage80 is not None for score in scores)
    return replace(
        scores[0],
        n=n,
        rmse=sqrt(mean_of(lambda score: score.rmse**2)),
        mae=mean_of(lambda score: score.mae),
        bias=mean_of(lambda score: score.bias),
        coverage80=mean_of(lambda score: score.coverage80) if has_bands else None,
        coverage95=mean_of(lambda score: score.coverage95) if has_bands else None,
        interval80=mean_of(lambda score: score.interval80) if has_intervals else None,
        interval95=mean_of(lambda score: score.interval95) if has_intervals else None,
        skill=None,
    )


class Sums(NamedTuple):
    """A row of sums over the forecasts of one target slot by one model in one band; see the columns of `score`."""

    series_id: int
    target: datetime
    band: str
    model: str
    backtest: bool
    n: int
    sum_squared: float
    sum_absolute: float
    sum_error: float
    covered80: int | None
    covered95: int | None
    interval80: float | None
    interval95: float | None


_TYPES: Final = (
    *("int4", "timestamptz", "text", "text", "bool", "int4", "float8", "float8", "float8"),
    *("int4", "int4", "float8", "float8"),
)
_COPY: Final = f"COPY score ({', '.join(Sums._fields)}) FROM STDIN (FORMAT BINARY)"


def replace_scores(
    connection: Connection, series_ids: Sequence[int], targets: Sequence[datetime], fresh: Iterable[Sums]
) -> None:
    """Write the scores of some slots in place of those that there are."""
    hypertables.plan_by_value(connection)
    connection.execute(
        text("DELETE FROM score WHERE series_id = ANY (:series) AND target = ANY (:targets)"),
        {"series": list(series_ids), "targets": list(targets)},
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for sums in fresh:
            copy.write_row(sums)


_SUMMARY = text("""
SELECT series_id, band, model, backtest, sum(n) AS n, sum(sum_squared) AS squared, sum(sum_absolute) AS absolute,
       sum(sum_error) AS error, sum(covered80)::float8 AS covered80, sum(covered95)::float8 AS covered95,
       sum(interval80) AS interval80, sum(interval95) AS interval95,
       sum(n) FILTER (WHERE interval80 IS NOT NULL) AS with_interval
FROM farm_score WHERE series_id = ANY (:series) AND target >= :start AND target < :end
GROUP BY series_id, band, model, backtest
""")

SPANS: Final = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "28d": timedelta(days=28)}
"""Rolling spans by name."""


def rolling(
    connection: Connection, series_ids: Sequence[int], now: datetime, spans: Mapping[str, timedelta] = SPANS
) -> dict[str, dict[int, list[Score]]]:
    """Return the accuracy over the target slots that ended in the last 24 hours, 7 and 28 days, by span and series.

    Args:
        connection: A transaction that sees the farm.
        series_ids: Of the series; one of which nothing is scored has an empty list.
        now: Aware; slots that begin before it count.
        spans: How far back to look, by name.
    """
    return {name: summaries(connection, series_ids, now - span, now) for name, span in spans.items()}


def summary(connection: Connection, series_id: int, start: datetime, end: datetime) -> list[Score]:
    """Return the accuracy over the target slots in `[start, end)`, in the order of `BANDS` and `MODELS`."""
    return summaries(connection, [series_id], start, end)[series_id]


def summaries(
    connection: Connection, series_ids: Sequence[int], start: datetime, end: datetime
) -> dict[int, list[Score]]:
    """Return by series id the accuracy over the target slots in `[start, end)`."""
    rows = connection.execute(_SUMMARY, {"series": list(series_ids), "start": start, "end": end})
    found: dict[int, list[Score]] = {series_id: [] for series_id in series_ids}
    for row in rows:
        found[row.series_id].append(_score(row))
    return {series_id: with_skill(sorted(scores, key=_place)) for series_id, scores in found.items()}


def with_skill(scores: Sequence[Score]) -> list[Score]:
    """Add to each baseline the skill of the forecasts against it, where both had the same targets."""
    made = {(score.band, score.backtest): score for score in scores if score.model == "model"}
    return [replace(score, skill=_skill(made.get((score.band, score.backtest)), score)) for score in scores]


def _skill(made: Score | None, baseline: Score) -> float | None:
    if made is None or baseline.model == "model" or made.n != baseline.n or not baseline.rmse:
        return None
    return 1 - made.rmse / baseline.rmse


def _place(score: Score) -> tuple[bool, int, int]:
    return score.backtest, BANDS.index(score.band), MODELS.index(score.model)


def _score(row: Any) -> Score:
    n = row.n
    return Score(
        row.band,
        row.model,
        row.backtest,
        n,
        rmse=sqrt(row.squared / n),
        mae=row.absolute / n,
        bias=row.error / n,
        coverage80=None if row.covered80 is None else row.covered80 / n,
        coverage95=None if row.covered95 is None else row.covered95 / n,
        interval80=row.interval80 / row.with_interval if row.with_interval else None,
        interval95=row.interval95 / row.with_interval if row.with_interval else None,
    )
