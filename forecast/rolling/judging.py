"""What came of forecasts: each slot held against everything that was foretold for it, whole farms at once."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.timeline import BUCKET
from forecast.inputs import Floats
from forecast.model.bands import HORIZON_BANDS
from forecast.rolling.scoring import interval_score
from forecast.watching import deviations
from forecast.watching.deviations import FALSE_ALARMS
from storage.engine.database import Connection, Engine, scoped_to
from storage.forecasting import issuing, scores
from storage.forecasting.issuing import Steps
from storage.forecasting.scores import MODELS, Sums
from storage.herds import farms
from storage.measurements import ratios, series

BATCH: Final = 96
"""Slots that are scored in one transaction: a day."""

_BAND_OF_STEP: Final = np.repeat(np.arange(len(HORIZON_BANDS)), [band.last - band.first + 1 for band in HORIZON_BANDS])


Integers = NDArray[np.int64]


class _Foretold(NamedTuple):
    """Everything foretold for a slot, a row each: what it counts for, the truth, the nine values."""

    key: Integers
    truth: Floats
    values: Floats


def score_changes(
    engine: Engine, farm_id: int, until: datetime, *, most: int = BATCH, false_alarms: float = FALSE_ALARMS
) -> int:
    """Score the newest slots before an instant whose truth changed, and look for deviations in them.

    Returns:
        How many slots there were, up to `most`.
    """
    with scoped_to(engine, [farm_id]) as connection:
        targets = ratios.take_unscored(connection, farm_id, until=until, most=most)
        followed = series.series_of(connection, farm_id)
        ids = [one.id for one in followed]
        hold_against(connection, farm_id, ids, ratios.truth_of(connection, ids, targets))
        farm = farms.farm(connection, farm_id)
        deviations.watch(connection, farm, followed, until, changed=targets, false_alarms=false_alarms)
    return len(targets)


def hold_against(
    connection: Connection, farm_id: int, series_ids: Sequence[int], truth: Mapping[datetime, Mapping[int, float]]
) -> None:
    """Write the scores of some slots, in place of those that there are, against ratios by slot and series id."""
    for target, ratio in sorted(truth.items()):
        foretold = issuing.steps_for(connection, farm_id, target)
        scores.replace_scores(connection, series_ids, [target], sums_of_slot(target, ratio, foretold))


def sums_of_slot(target: datetime, truth: Mapping[int, float], foretold: Sequence[Steps]) -> Iterator[Sums]:
    """Yield the sums of one slot by series, band, kind and model.

    Args:
        target: The slot.
        truth: Its ratio by series id; a series without one is not scored.
        foretold: By everything issued in the 48 hours before it.
    """
    if not truth:
        return
    ids = np.array(sorted(truth), dtype=np.int64)
    rows = _gathered(target, ids, np.array([truth[one] for one in ids.tolist()], dtype=np.float64), foretold)
    if rows is None:
        return
    for column, model in zip((0, 5, 6, 7, 8), MODELS, strict=True):
        yield from _of_model(target, ids, rows, model, column)


def _gathered(target: datetime, ids: Integers, truth: Floats, foretold: Sequence[Steps]) -> _Foretold | None:
    keys, truths, values = [], [], []
    for steps in foretold:
        place = np.minimum(np.searchsorted(ids, steps.series), len(ids) - 1)
        known = ids[place] == steps.series
        band = _BAND_OF_STEP[(target - steps.issued_at) // BUCKET]
        keys.append((place[known] * len(HORIZON_BANDS) + band) * 2 + steps.backtest)
        truths.append(truth[place[known]])
        values.append(steps.values[known])
    if not keys:
        return None
    return _Foretold(np.concatenate(keys), np.concatenate(truths), np.concatenate(values).astype(np.float64))


def _of_model(target: datetime, ids: Integers, rows: _Foretold, model: str, column: int) -> Iterator[Sums]:
    error = rows.values[:, column] - rows.truth
    made = np.isfinite(error)
    key, error = rows.key[made], error[made]
    count = np.bincount(key)
    columns = [_summed(key, each) for each in (error**2, np.abs(error), error)]
    bands = [_summed(key, each) for each in _of_bands(rows.truth[made], rows.values[made, 1:5].T)]
    for one in np.flatnonzero(count).tolist():
        place, rest = divmod(one, 2 * len(HORIZON_BANDS))
        band, backtest = divmod(rest, 2)
        squared, absolute, signed, inside80, inside95, interval80, interval95 = (
            float(sums[one]) for sums in (*columns, *bands)
        )
        of_bands = (int(inside80), int(inside95), interval80, interval95) if model == "model" else (None,) * 4
        of_slot = int(ids[place]), target, HORIZON_BANDS[band].name, model, bool(backtest)
        yield Sums(*of_slot, int(count[one]), squared, absolute, signed, *of_bands)


def _summed(key: Integers, weights: Floats) -> Floats:
    return np.bincount(key, weights=weights).astype(np.float64)


def _of_bands(truth: Floats, edges: Floats) -> list[Floats]:
    """Return for each truth whether the 80 and the 95 % band hold it, and their interval scores."""
    low80, high80, low95, high95 = edges
    inside = [(low <= truth) & (truth <= high) for low, high in ((low80, high80), (low95, high95))]
    intervals = [interval_score(truth, low80, high80, 0.8), interval_score(truth, low95, high95, 0.95)]
    return [*(each.astype(np.float64) for each in inside), *intervals]
