"""Factors on the widths of bands, from the errors of the last fortnight: a function of the history alone.

They are made once a UTC day from what was known when it began, so all forecasts of the day share them, and those made
in hindsight have the ones that they would have had.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.timeline import EPOCH
from forecast.inputs import History
from forecast.kernel.batch import CHUNK
from forecast.model.bands import Calibration, calibration_of
from forecast.model.predicting import ANYWHERE
from forecast.regressors.design import Site
from forecast.rolling.past_errors import REFIT, ColumnsAt, PastErrors, past_errors
from forecast.specification import DAY, Specification

WINDOW_DAYS: Final = 14
"""Days that are looked back on. Seven cover as much on average, and vary more."""


def calibrations_of(
    histories: Sequence[History],
    specification: Specification,
    *,
    site: Site = ANYWHERE,
    columns_at: ColumnsAt | None = None,
) -> list[Calibration]:
    """Return the factors of series of one grid at the end of their histories.

    Args:
        histories: As long as `needed_slots`, for errors of models fitted to all that the specification asks for.
        specification: The model.
        site: Clock, place and daily events behind the regressors.
        columns_at: Further regressors as they were known at an origin, see `past_errors`.

    Raises:
        SpecificationError: the histories differ in their grid, or from the specification in step.
        RegressorError: a column is missing.
    """
    made: list[Calibration] = []
    for at in range(0, len(histories), CHUNK):
        end = len(histories[at])
        since = max(0, end - WINDOW_DAYS * specification.steps_per_day)
        part = histories[at : at + CHUNK]
        errors = past_errors(part, specification, site=site, columns_at=columns_at, since=since)
        made += calibrations_at(errors, specification, end)
    return made


def calibrations_at(errors: PastErrors, specification: Specification, slot: int) -> list[Calibration]:
    """Return the factors of series at a slot, from errors of origins and targets before it."""
    origins, sizes = errors.before(slot, WINDOW_DAYS * specification.steps_per_day)
    return [calibration_of(one, origins) for one in sizes]


def needed_slots(specification: Specification) -> int:
    """Return how many slots before a day its factors follow from."""
    return WINDOW_DAYS * specification.steps_per_day + REFIT + specification.history // specification.step


def calibrations_by_day(
    history: History,
    specification: Specification,
    origins: Sequence[int],
    *,
    site: Site = ANYWHERE,
    columns_at: ColumnsAt | None = None,
) -> list[Calibration]:
    """Return the factors that a series would have had at some origins: those of the day of each.

    Args:
        history: The whole series.
        specification: The model.
        origins: Slots before each origin.
        site: Clock, place and daily events behind the regressors.
        columns_at: Further regressors as they were known at an origin, see `past_errors`.
    """
    day = specification.steps_per_day
    passed = (history.start - EPOCH) // history.step
    starts = [origin - (passed + origin) % day for origin in origins]
    if not starts:
        return []
    known, since = history.until(max(0, *starts)), max(0, min(starts) - WINDOW_DAYS * day)
    errors = past_errors([known], specification, site=site, columns_at=columns_at, since=since)
    made = {start: calibrations_at(errors, specification, start)[0] for start in dict.fromkeys(starts)}
    return [made[start] for start in starts]


def start_of_day(at: datetime) -> datetime:
    """Return the beginning of the UTC day of an instant."""
    return EPOCH + (at - EPOCH) // DAY * DAY
