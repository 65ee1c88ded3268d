"""What was measured of all series of a farm, as histories on one grid."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from core.timeline import BUCKET, EPOCH
from forecast.inputs import History
from storage.engine.database import Connection
from storage.measurements import ratios
from storage.measurements.ratios import DAY
from storage.measurements.series import Series

_HEADER: Final = 20
"""Bytes before the items of an array of one dimension without nulls, as `array_send` writes it."""

_ITEM: Final = np.dtype([("length", ">i4"), ("value", ">f4")])


def histories_until(
    connection: Connection, followed: Sequence[Series], slot: datetime, span: timedelta
) -> list[History]:
    """Return the measured history of each series of a farm in `[slot - span, slot)`, as the last cycle found it."""
    start = slot - span
    ratios.reach_back(connection, followed[0].farm_id if followed else 0, start, slot)
    first = EPOCH + (start - EPOCH) // DAY * DAY
    place = {series_id: index for index, series_id in enumerate(dict.fromkeys(one.id for one in followed))}
    days = -((first - slot) // DAY)
    known = np.full((len(place), days * (DAY // BUCKET)), np.nan)
    for series_id, day, packed in ratios.days_between(connection, list(place), start, slot):
        at = (day - first) // BUCKET
        known[place[series_id], at : at + DAY // BUCKET] = np.frombuffer(packed, _ITEM, offset=_HEADER)["value"]
    skipped = (start - first) // BUCKET
    wanted = slice(skipped, skipped + span // BUCKET)
    return [History(start, BUCKET, known[place[one.id], wanted]) for one in followed]
