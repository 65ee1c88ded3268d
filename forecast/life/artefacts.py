"""The files of a training: the two tables and the picture that the first AniMOV logged, and what was foretold."""

import csv
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO, StringIO
from itertools import zip_longest
from math import isnan, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.ratios import DATE, RATIO
from forecast.inputs import Floats, History, slot_seconds
from forecast.life.training import Trained
from forecast.model.baselines import baselines_of
from forecast.regressors.design import NO_COLUMNS

TRAIN_CSV: Final = "train.csv"
TEST_CSV: Final = "test.csv"
PLOT_PNG: Final = "plot.png"
FORECAST_CSV: Final = "forecast.csv"
MEAN: Final = "mean"
BANDS: Final = (MEAN, "lower80", "upper80", "lower95", "upper95")
BASELINE: Final = "baseline_"
"""Columns of `forecast.csv` after `date, ratio_debout` (the truth): the model's, then the baselines', so prefixed."""

_SHOWN: Final = timedelta(days=5)
"""Of what was trained on, this much is drawn before what was foretold; a picture of weeks shows nothing of a day."""


def files_of(trained: Trained, title: str) -> dict[str, bytes]:
    """Return the files of a training by name."""
    return {
        TRAIN_CSV: ratio_csv(trained.train, trained.columns),
        TEST_CSV: ratio_csv(trained.test),
        FORECAST_CSV: forecast_csv(trained),
        PLOT_PNG: plot_png(trained, title),
    }


def forecast_csv(trained: Trained) -> bytes:
    """Write what was foretold of what was held out, beside the truth and what the baselines said."""
    made, day = trained.forecast, trained.specification.steps_per_day
    foretold = {name: getattr(made, name) for name in BANDS}
    baselines = baselines_of(trained.train.values, day, len(trained.test))
    return ratio_csv(trained.test, foretold | {f"{BASELINE}{name}": made for name, made in baselines.items()})


def ratio_csv(history: History, columns: Mapping[str, Floats] = NO_COLUMNS) -> bytes:
    """Write a series as `date, ratio_debout` and further columns; what is not known is an empty cell.

    Dates are in UTC with their offset. Rows behind the end of the series hold what was known of the columns' future.
    """
    told = StringIO()
    writer = csv.writer(told, lineterminator="\n")
    writer.writerow((DATE, RATIO, *columns))
    rows = zip_longest(history.values.tolist(), *(column.tolist() for column in columns.values()), fillvalue=nan)
    for slot, numbers in enumerate(rows):
        cells = ("" if isnan(number) else repr(number) for number in numbers)
        writer.writerow(((history.start + slot * history.step).isoformat(), *cells))
    return told.getvalue().encode()


def plot_png(trained: Trained, title: str) -> bytes:
    """Draw the end of what was trained on, what came, and what was foretold with its bands."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - a second and 60 MB that only a training should pay

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    axes = figure.subplots()
    recent, ahead, made = trained.train.last(_SHOWN), _times(trained.test), trained.forecast
    axes.fill_between(ahead, made.lower95, made.upper95, color="C1", alpha=0.15, linewidth=0, label="95 % band")
    axes.fill_between(ahead, made.lower80, made.upper80, color="C1", alpha=0.25, linewidth=0, label="80 % band")
    axes.plot(_times(recent), recent.values, color="0.6", linewidth=1, label="training")
    axes.plot(ahead, trained.test.values, color="C0", linewidth=1, label="truth")
    axes.plot(ahead, made.mean, color="C1", linewidth=1.5, label="prediction")
    axes.set(title=title, xlabel="UTC", ylabel="share of time standing" if trained.specification.bounds else "value")
    axes.legend(loc="upper left", ncols=5, fontsize="small")
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=100)
    return drawn.getvalue()


def _times(history: History) -> NDArray[np.datetime64]:
    """Return the starts of the slots in UTC, as matplotlib takes them."""
    return slot_seconds(history.start, history.step, len(history)).astype("datetime64[s]")
