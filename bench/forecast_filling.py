"""A region as it is after weeks of measuring: written in bulk, in the tables and amounts that a live node leaves.

What follows from the windows is worked out here in place of by the product: ratios by day, the day's factors, windows
held to what was expected of them.
"""

import sys
from typing import Final

import numpy as np
from sqlalchemy import Connection, Engine, text

from bench import forecast_region
from bench.forecast import SPECIFICATION
from bench.forecast_copying import INT4, TIME, copy_rows, microseconds, real_arrays
from bench.forecast_followed import BEGUN, Followed, follow
from bench.forecast_region import FIRST, KNOWN, KNOWN_DAYS, START, Region, settle, write_windows
from bench.forecast_watched import watch
from core.timeline import BUCKET
from forecast.inputs import Floats
from forecast.rolling.calibrating import start_of_day
from storage.forecasting import band_calibrations
from storage.forecasting.band_calibrations import BandCalibration
from storage.forecasting.forecasts import DAY

_AT_ONCE: Final = 32
"""Slots whose windows are copied at once: some 30 MB for 1,000 groups."""


def fill(engine: Engine, region: Region, ratios: Floats) -> None:
    """Settle a region and let all days have passed that are known when forecasts begin; nobody else looks on."""
    with engine.begin() as connection:
        settle(connection, region)
    _fill_windows(engine, ratios)
    with engine.begin() as connection:
        followed = follow(connection, region, ratios[:, :KNOWN])
        _keep_days(connection, followed)
        _keep_factors(connection, followed)
        watch(connection, followed)
    goats = f"{region.groups:,} groups of {forecast_region.GOATS} goats"
    sys.stderr.write(f"{goats} measured for {KNOWN_DAYS} days\n")


def _fill_windows(engine: Engine, ratios: Floats) -> None:
    """Write windows by millions: the index afterwards, and nothing left for a vacuum to do."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        connection.execute(text("ALTER TABLE stored_window DROP CONSTRAINT posture_window_pkey"))
        connection.execute(text("TRUNCATE stored_window"))
        for first in range(0, KNOWN, _AT_ONCE):
            write_windows(connection, ratios[:, first : min(first + _AT_ONCE, KNOWN)], first, frozen=True)
        connection.execute(text("ALTER TABLE stored_window ADD PRIMARY KEY (animal_id, bucket)"))


def _keep_days(connection: Connection, followed: Followed) -> None:
    before = (START - BEGUN) // BUCKET
    padding = ((0, 0), (before, -(before + KNOWN) % DAY))
    days = np.pad(followed.ratios, padding, constant_values=np.nan).reshape(len(followed.ids), -1, DAY)
    rows = days.transpose(1, 0, 2).reshape(-1, DAY)
    at = microseconds(BEGUN, 86_400, days.shape[1])
    columns = {
        "series_id": (INT4, np.tile(followed.ids, len(at))),
        "day": (TIME, np.repeat(at, len(followed.ids))),
        "ratios": real_arrays(rows),
    }
    copy_rows(connection, "series_day", columns)


def _keep_factors(connection: Connection, followed: Followed) -> None:
    """Take the bands of the day as the model has them: its own factors are measured on the day that begins later."""
    made = [BandCalibration(one, bytes.fromhex(SPECIFICATION.digest), (1.0,) * 4, (1.0,) * 4) for one in followed.ids]
    band_calibrations.keep(connection, start_of_day(FIRST), made)
