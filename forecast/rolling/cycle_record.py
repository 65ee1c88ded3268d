"""What MLflow is told of a cycle: how it went, and the error of what came true in the slot that ended with it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from storage.forecasting.forecasts import Issued
from storage.forecasting.slot_scores import SlotScore


def cycle_payload(issued: Sequence[Issued], seconds: float) -> dict[str, Any]:
    """Return what a cycle knows of itself as plain data, for `storage.modelling.tracking.put`."""
    made = Counter(one.model for one in issued)
    metrics = {"series": len(issued), "seconds": seconds, **{f"series_{model}": n for model, n in made.items()}}
    rows = [{"series": one.series_id, "model": one.model, "reason": one.reason} for one in issued]
    return {"metrics": metrics, "rows": rows}


def with_errors(payload: Mapping[str, Any], scores: Sequence[SlotScore]) -> dict[str, Any]:
    """Add RMSE by model and band of horizon over all series, and of the model alone to the row of each series."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    of_series: dict[int, dict[str, float]] = defaultdict(dict)
    for score in scores:
        pooled = sums[f"rmse_{score.model}_{score.band}"]
        pooled[0] += score.sum_squared
        pooled[1] += score.n
        if score.model == "model":
            of_series[score.series_id][f"rmse_{score.band}"] = sqrt(score.sum_squared / score.n)
    errors = {name: sqrt(squared / n) for name, (squared, n) in sums.items()}
    rows = [row | of_series.get(row.get("series"), {}) for row in payload.get("rows", [])]
    return {**payload, "metrics": payload.get("metrics", {}) | errors, "rows": rows}
