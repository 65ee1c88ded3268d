"""The series of a region that is filled: who they are, and what their windows make of them."""

from typing import Final, NamedTuple

import numpy as np
from sqlalchemy import Connection, text

from bench import forecast_region
from bench.forecast_region import START, Region, farm_ids
from forecast.inputs import Floats
from storage.measurements import series

BEGUN: Final = START.replace(hour=0, minute=0)
"""First instant of the days that ratios are kept of."""


class Followed(NamedTuple):
    """The series of a region, and their ratios from `START` to `FIRST`, shape `(series, KNOWN)`, NaN if unknown."""

    ids: list[int]
    ratios: Floats


def follow(connection: Connection, region: Region, ratios: Floats) -> Followed:
    """Make the series of all farms, of known ratios: each group's, and its farm's herd's."""
    standing = forecast_region.seconds_standing(ratios)
    ids: list[int] = []
    rows: list[Floats] = []
    for place, farm in enumerate(farm_ids(connection)):
        ids += [one.id for one in series.ensure_series(connection, farm)]
        of_farm = standing[place * region.groups_per_farm : (place + 1) * region.groups_per_farm]
        rows += [_of_herd(of_farm), *of_farm / 900]
    connection.execute(
        text(
            """UPDATE series s SET known_since = :begun, coverage = f.group_coverage
            FROM farm f WHERE f.id = s.farm_id"""
        ),
        {"begun": BEGUN},
    )
    return Followed(ids, np.array(rows))


def _of_herd(standing: Floats) -> Floats:
    """Return the share of a herd's known seconds, where at least half of its groups are heard."""
    heard = np.isfinite(standing).sum(axis=0)
    known = np.where(2 * heard >= len(standing), 900.0 * heard, np.nan)
    ratio: Floats = np.nansum(standing, axis=0) / np.where(known > 0, known, np.nan)
    return ratio
