"""How good the forecasts are: simulated herds, real recordings and files, from rolling origins, beside simple ones.

What is compared: the root mean squared error by horizon band; by how many percent that of the model is above a rival's
from the same origins; the share of truths within the bands. Standard errors are those of `bench.paired`, 95 % intervals
are 1.96 of them to each side.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.accuracy_series import TUNED_WITH, Batch, of_file, recorded, simulated
from bench.machine import machine
from bench.paired import Z95, Estimate, mean_over_origins, ratio_over_origins
from forecast.inputs import Floats
from forecast.kernel.predicting import predict_all
from forecast.model.bands import HORIZON_BANDS, Calibration, HorizonBand
from forecast.model.baselines import PROFILE_DAYS, baselines_of, combination
from forecast.model.predicting import Forecast
from forecast.rolling.calibrating import WINDOW_DAYS, calibrations_at
from forecast.rolling.past_errors import past_errors
from forecast.specification import DAY, HORIZON

MODELS: Final = ("model", "persistence", "mean", "seasonal_naive", "mean_14d", "combination")
OVERALL: Final = HorizonBand("all", 1, HORIZON)

Squares = dict[str, Floats]
"""By model, squared errors of shape `(series, origins, horizon)`; `80` and `95`: 1 where the band covers, else 0."""


def run(
    *,
    herds: int,
    seed: int,
    recordings: Path | None,
    files: Sequence[Path],
    zone: str,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure everything that is asked for.

    Args:
        herds: Simulated herds.
        seed: Of the first of them.
        recordings: Folder of the real recordings, if there is one.
        files: CSV files of `date, ratio_debout`.
        zone: IANA zone of the files' dates without an offset.
        progress: Called with batches done and known of.
    """
    began = time.process_time()
    batches = [
        *simulated(herds, seed),
        *(recorded(recordings) if recordings else ()),
        *(of_file(f, zone) for f in files),
    ]
    judged = []
    for done, batch in enumerate(batches, start=1):
        judged.append((batch, squares_of(batch)))
        if progress:
            progress(done, len(batches))
    tables = [_table("simulated", [one for one in judged if one[0].table == "simulated"])] if herds else []
    tables += [_table(batch.name, [(batch, found)]) for batch, found in judged if batch.table == "real"]
    return {
        "machine": machine("numpy", "scipy", "statsmodels"),
        "seeds": [seed + herd for herd in range(herds)],
        "tuned_with": TUNED_WITH,
        "cpu_s": round(time.process_time() - began, 1),
        "tables": tables,
    }


def squares_of(batch: Batch) -> Squares:
    """Forecast a batch from each of its origins, from what lies before it alone, and compare with what came."""
    shape = (len(batch.histories), len(batch.origins), HORIZON)
    found = {name: np.full(shape, np.nan) for name in (*MODELS, "80", "95")}
    for place, (origin, forecasts) in enumerate(_forecasts(batch)):
        for row, (history, made) in enumerate(zip(batch.histories, forecasts, strict=True)):
            truth = np.full(HORIZON, np.nan)
            come = history.values[origin : origin + HORIZON]
            truth[: len(come)] = come
            recent = history.until(origin).last(max(batch.specification.history, PROFILE_DAYS * DAY))
            means = {"model": made.mean} | baselines_of(recent.values, batch.specification.steps_per_day, HORIZON)
            means["combination"] = combination(made.mean, means["mean_14d"])
            for name, mean in means.items():
                found[name][row, place] = (mean - truth) ** 2
            for name, low, high in (("80", made.lower80, made.upper80), ("95", made.lower95, made.upper95)):
                found[name][row, place] = np.where(np.isfinite(truth), (low <= truth) & (truth <= high), np.nan)
    return found


def _forecasts(batch: Batch) -> Iterator[tuple[int, list[Forecast]]]:
    day = batch.specification.steps_per_day
    since = max(0, min(batch.origins) - (WINDOW_DAYS + 1) * day)
    past = past_errors(
        batch.histories,
        batch.specification,
        site=batch.site,
        columns_at=(lambda origin: _until(batch.columns, origin)) if batch.columns else None,
        since=since,
    )
    made: dict[int, list[Calibration]] = {}
    first = batch.histories[0].start
    midnight = int((first - first.replace(hour=0, minute=0, second=0)) / batch.specification.step)
    for origin in batch.origins:
        start = origin - (midnight + origin) % day
        if start not in made:
            made[start] = calibrations_at(past, batch.specification, start)
        yield (
            origin,
            predict_all(
                [history.until(origin) for history in batch.histories],
                batch.specification,
                site=batch.site,
                columns=_until(batch.columns, origin),
                calibrations=made[start],
            ),
        )


def _until(columns: Mapping[str, Floats], origin: int) -> dict[str, Floats]:
    return {name: column[: origin + HORIZON] for name, column in columns.items()}


def _table(name: str, judged: Sequence[tuple[Batch, Squares]]) -> dict[str, Any]:
    lags = -(-HORIZON // int(np.diff(judged[0][0].origins[:2]).sum() or HORIZON))
    squares = [found for _, found in judged]
    return {
        "name": name,
        "of": [batch.name for batch, _ in judged],
        "series": sum(len(batch.histories) for batch, _ in judged),
        "origins": sum(len(batch.origins) for batch, _ in judged),
        "targets": sum(int(np.isfinite(found["model"]).sum()) for found in squares),
        "specification": str(judged[0][0].specification),
        "bands": [_band(band, squares, lags) for band in (*HORIZON_BANDS, OVERALL)],
    }


def _band(band: HorizonBand, squares: Sequence[Squares], lags: int) -> dict[str, Any]:
    errors = {name: [_mean(found[name][..., band.steps]) for found in squares] for name in MODELS}
    whole = {name: np.concatenate([found[name][..., band.steps].ravel() for found in squares]) for name in MODELS}
    ratios = {name: ratio_over_origins(errors["model"], errors[name], lags) for name in MODELS[1:]}
    covered = {
        name: mean_over_origins([100 * _mean(found[name][..., band.steps]) for found in squares], lags)
        for name in ("80", "95")
    }
    return {
        "band": band.name,
        "rmse": {name: _plain(float(np.sqrt(_mean(values)))) for name, values in whole.items()},
        "percent_of_rival": {
            name: _told(Estimate(100 * (ratio - 1), 100 * error)) for name, (ratio, error) in ratios.items()
        },
        "coverage": {name: _told(estimate) for name, estimate in covered.items()},
    }


def _mean(values: Floats) -> Floats:
    """Return the mean over steps, NaN where none is known."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=-1)
    mean: Floats = np.where(known.any(axis=-1), total / np.maximum(known.sum(axis=-1), 1), np.nan)
    return mean


def _told(estimate: Estimate) -> dict[str, float | None]:
    return {
        "mean": _plain(estimate.mean),
        "error": _plain(estimate.error),
        "half_width95": _plain(Z95 * estimate.error),
    }


def _plain(number: float) -> float | None:
    return round(number, 5) if np.isfinite(number) else None


def told(found: Mapping[str, Any]) -> str:
    """Write what was measured as tables."""
    versions = " ".join(f"{name} {version}" for name, version in found["machine"]["libraries"].items())
    head = [f"Python {found['machine']['python']} {versions}, {found['cpu_s']} CPU seconds"]
    if found["seeds"]:
        head.append(f"seeds of the herds {found['seeds']}; the design was tried on {found['tuned_with']}")
    return "\n".join(chain(head, *map(_lines, found["tables"]))) + "\n"


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"{table['name']} ({', '.join(table['of'])}): {table['specification']}"
    yield f"{table['series']} series, {table['origins']} origins, {table['targets']} targets"
    yield "RMSE".ljust(10) + "".join(name.rjust(16) for name in MODELS)
    for band in table["bands"]:
        yield band["band"].ljust(10) + "".join(_figure(band["rmse"][name], 16, 4) for name in MODELS)
    yield "RMSE of the model above a rival's from the same origins, %, ± standard error; coverage, %, ± 95 % interval"
    yield " " * 10 + "".join(name.rjust(16) for name in (*MODELS[1:], "in 80 %", "in 95 %"))
    for band in table["bands"]:
        rivals = [_with(band["percent_of_rival"][name], "error") for name in MODELS[1:]]
        covers = [_with(band["coverage"][name], "half_width95") for name in ("80", "95")]
        yield band["band"].ljust(10) + "".join(rivals + covers)


def _with(estimate: Mapping[str, float | None], error: str) -> str:
    return _figure(estimate["mean"], 9, 1) + " ±" + _figure(estimate[error], 5, 1)


def _figure(number: float | None, width: int, digits: int) -> str:
    return ("-" if number is None else f"{number:.{digits}f}").rjust(width)
