"""The windows of a region that is filled, held to what was expected of them; rules of days are made of it."""

from datetime import timedelta
from typing import Final

import numpy as np
from sqlalchemy import Connection

from bench.forecast_copying import FLOAT4, INT4, TIME, copy_rows, microseconds
from bench.forecast_followed import Followed
from bench.forecast_region import FIRST
from core.timeline import BUCKET
from forecast.watching.rules import RECORD
from storage.forecasting.forecasts import DAY

LOOKED_BACK: Final = timedelta(days=2)
"""Days before today that a cycle asks for the rules of."""

WATCHED: Final = (RECORD + LOOKED_BACK) // BUCKET
"""Windows that stand beside what was expected of them: what the oldest of these rules looks back on."""


def watch(connection: Connection, followed: Followed) -> None:
    """Hold the last windows to the mean of their time of day, in a band that covers 95 % of them."""
    days = followed.ratios[:, -WATCHED:].reshape(len(followed.ids), -1, DAY)
    mean = np.nanmean(days, axis=1, keepdims=True)
    low, high = np.nanquantile(days - mean, [0.025, 0.975], axis=(1, 2))
    series_row, slot = (part.ravel() for part in np.indices((len(followed.ids), WATCHED)))
    target = microseconds(FIRST - WATCHED * BUCKET, BUCKET.seconds, WATCHED)[slot]
    expected = np.broadcast_to(mean, days.shape).ravel()
    columns = {
        "series_id": (INT4, np.array(followed.ids)[series_row]),
        "target": (TIME, target),
        "issued_at": (TIME, target - 86_400_000_000),
        "mean": (FLOAT4, expected),
        "lower95": (FLOAT4, np.clip(expected + low[series_row], 0, 1)),
        "upper95": (FLOAT4, np.clip(expected + high[series_row], 0, 1)),
    }
    came = followed.ratios[:, -WATCHED:].ravel()
    known, order = np.isfinite(came), np.argsort(slot, kind="stable")
    heard, missed = order[known[order]], order[~known[order]]
    known_columns = {**columns, "standing_ratio": (FLOAT4, came), "known_share": (FLOAT4, known)}
    for rows, wanted in ((heard, known_columns), (missed, columns)):
        copy_rows(connection, "watched_window", {name: (kind, of[rows]) for name, (kind, of) in wanted.items()})
