"""How well forecasts came true: sums by target slot, band of horizon and model.

A score is a function of the forecasts as issued and of the truth as it is now, so it is computed again whenever the
truth of its slot changes. RMSE over any span of time is `sqrt(sum(sum_squared) / sum(n))`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import sqrt
from typing import Final

from sqlalchemy import Connection, text

MODELS: Final = ("model", "persistence", "mean", "seasonal_naive", "mean_14d")
"""The forecast as issued, then the four baselines that were issued with it."""

BANDS: Final = ("1-4", "5-24", "25-96", "97-192")
"""Bands of horizon, in steps of 15 minutes, both ends inclusive."""


@dataclass(frozen=True, slots=True)
class Score:
    """Accuracy of one model in one band over a span of target slots; ratios, not percent.

    Coverages are `None` for baselines, which have no bands.
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


def pooled(scores: Sequence[Score]) -> Score | None:
    """Return the accuracy over live and back-tested targets of one model and band together; `None` of nothing."""
    if not scores:
        return None
    n = sum(score.n for score in scores)

    def mean_of(figure: Callable[[Score], float | None]) -> float:
        return sum(score.n * (figure(score) or 0.0) for score in scores) / n

    has_bands = all(score.coverage80 is not None for score in scores)
    return replace(
        scores[0],
        n=n,
        rmse=sqrt(mean_of(lambda score: score.rmse**2)),
        mae=mean_of(lambda score: score.mae),
        bias=mean_of(lambda score: score.bias),
        coverage80=mean_of(lambda score: score.coverage80) if has_bands else None,
        coverage95=mean_of(lambda score: score.coverage95) if has_bands else None,
    )


_FORGET = text("DELETE FROM score WHERE series_id = :series AND target = ANY (:targets)")

_SCORE = text("""
INSERT INTO score
  (series_id, target, band, model, backtest, n, sum_squared, sum_absolute, sum_error, covered80, covered95)
SELECT :series, t.target, b.band, e.model, f.backtest, count(*), sum(e.error ^ 2), sum(abs(e.error)), sum(e.error),
       CASE WHEN e.model = 'model'
         THEN count(*) FILTER (WHERE t.ratio BETWEEN f.lower80[h.step] AND f.upper80[h.step]) END,
       CASE WHEN e.model = 'model'
         THEN count(*) FILTER (WHERE t.ratio BETWEEN f.lower95[h.step] AND f.upper95[h.step]) END
FROM unnest(CAST(:targets AS timestamptz[]), CAST(:ratios AS double precision[])) AS t (target, ratio)
JOIN forecast f ON f.series_id = :series AND f.issued_at <= t.target AND f.issued_at > t.target - interval '48 h'
CROSS JOIN LATERAL (SELECT (extract(epoch FROM t.target - f.issued_at) / 900)::int + 1 AS step) h
JOIN (VALUES ('1-4', 1, 4), ('5-24', 5, 24), ('25-96', 25, 96), ('97-192', 97, 192)) AS b (band, first, last)
  ON h.step BETWEEN b.first AND b.last
CROSS JOIN LATERAL (VALUES ('model', f.mean[h.step] - t.ratio), ('persistence', f.persistence[h.step] - t.ratio),
  ('mean', f.constant_mean[h.step] - t.ratio), ('seasonal_naive', f.seasonal_naive[h.step] - t.ratio),
  ('mean_14d', f.mean_profile[h.step] - t.ratio)) AS e (model, error)
WHERE t.ratio IS NOT NULL AND e.error IS NOT NULL
GROUP BY t.target, b.band, e.model, f.backtest
""")


def rescore(connection: Connection, series_id: int, truth: Mapping[datetime, float | None]) -> None:
    """Score every forecast of a series that covers these slots, against the truth as it is now.

    Args:
        connection: An open transaction.
        series_id: The series.
        truth: The standing ratio by slot start; `None` where it is not known (any longer).
    """
    targets = sorted(truth)
    connection.execute(_FORGET, {"series": series_id, "targets": targets})
    ratios = [truth[target] for target in targets]
    connection.execute(_SCORE, {"series": series_id, "targets": targets, "ratios": ratios})


_SUMMARY = text("""
SELECT band, model, backtest,
       sum(n), sum(sum_squared), sum(sum_absolute), sum(sum_error), sum(covered80), sum(covered95)
FROM farm_score WHERE series_id = :series AND target >= :start AND target < :end
GROUP BY band, model, backtest
""")


def summary(connection: Connection, series_id: int, start: datetime, end: datetime) -> list[Score]:
    """Return the accuracy over the target slots in `[start, end)`, in the order of `BANDS` and `MODELS`."""
    rows = connection.execute(_SUMMARY, {"series": series_id, "start": start, "end": end})
    found = [
        Score(
            band,
            model,
            backtest,
            n,
            rmse=sqrt(squared / n),
            mae=absolute / n,
            bias=error / n,
            coverage80=None if covered80 is None else float(covered80 / n),
            coverage95=None if covered95 is None else float(covered95 / n),
        )
        for band, model, backtest, n, squared, absolute, error, covered80, covered95 in rows
    ]
    return sorted(found, key=lambda score: (score.backtest, BANDS.index(score.band), MODELS.index(score.model)))
