"""How far the model would have been off lately, in its own standard errors: what bands are calibrated by.

Forecasts from origins in the past, each from nothing but what lay before it. A fit serves the origins of almost two
days, its state moved on value by value: that costs a fifth of fitting anew at each of them, and the errors are alike.
Origins and fits lie on a grid of their own, counted from 1970, so that the errors of one origin are the same from
whichever day one looks back, and a long series needs each of them once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np

from core.timeline import EPOCH
from forecast.inputs import Floats, History, Seconds
from forecast.kernel.batch import fit_and_forecast, is_batched
from forecast.kernel.recursion import Places
from forecast.kernel.states import expected, update
from forecast.model.fallback import sigma_floor
from forecast.model.predicting import ANYWHERE, outlook_of, within_bounds
from forecast.regressors.design import NO_COLUMNS, Site, design_of
from forecast.specification import HORIZON, Specification, SpecificationError

EVERY: Final = 37
"""Slots between origins: prime to the slots of a day, so that origins wander through the hours."""

REFIT: Final = 5 * EVERY
"""Slots between fits."""

ColumnsAt = Callable[[int], Mapping[str, Floats]]


@dataclass(frozen=True, slots=True, eq=False)
class PastErrors:
    """Sizes of the errors of some series, over the standard errors that the model gave.

    Attributes:
        origins: Shape `(origins,)`, slots before each.
        sizes: Shape `(series, origins, horizon)`; NaN where truth or forecast is not known or no model could be fitted.
    """

    origins: Seconds
    sizes: Floats

    def before(self, slot: int, slots: int) -> tuple[Seconds, Floats]:
        """Return origins in `[slot - slots, slot)` and their errors, as far as these were known at a slot."""
        recent = (self.origins >= slot - slots) & (self.origins < slot)
        origins = self.origins[recent]
        known = origins[:, None] + np.arange(self.sizes.shape[2]) < slot
        return origins, np.where(known, self.sizes[:, recent], np.nan)


def past_errors(
    histories: Sequence[History],
    specification: Specification,
    *,
    site: Site = ANYWHERE,
    columns_at: ColumnsAt | None = None,
    since: int = 0,
) -> PastErrors:
    """Return the errors of forecasts of some series from every origin of the grid.

    Args:
        histories: Of one start, step and length; each fit looks back by `specification.history`.
        specification: The model.
        site: Clock, place and daily events behind the regressors.
        columns_at: Further regressors as they were known at an origin, given as slots before it, each of shape
            `(origin + HORIZON,)`; a target of which one does not tell has no error.
        since: First slot that may be an origin.

    Raises:
        SpecificationError: the histories differ in their grid, or from the specification in step.
        RegressorError: a column is missing.
    """
    grids = {(history.start, history.step, len(history)) for history in histories}
    if len(grids) != 1 or histories[0].step != specification.step:
        raise SpecificationError("series that are looked back on together have one grid, and the model's step")
    (start, step, length), *_ = grids
    passed = (start - EPOCH) // step
    origins = np.arange(since + -(passed + since) % EVERY, length, EVERY)
    fits = origins - (passed + origins) % REFIT
    sizes = np.full((len(histories), len(origins), HORIZON), np.nan)
    truth = np.pad([history.values for history in histories], ((0, 0), (0, HORIZON)), constant_values=np.nan)
    design_at = _designs(start, length, specification, site, columns_at)
    outlooks = _moved_on if is_batched(specification) else _fitted_alone
    least = (specification.least_days - 0.5) * specification.steps_per_day  # half of a day must be known to count
    for fit in np.unique(fits[fits >= least]).tolist():
        for made in outlooks(truth, design_at, specification, fit, origins[fits == fit].tolist()):
            errors = truth[made.rows, made.origin : made.origin + HORIZON] - made.mean
            sizes[made.rows, np.searchsorted(origins, made.origin)] = np.abs(errors) / made.sigma
    return PastErrors(origins, sizes)


class _Made(NamedTuple):
    """What was expected of some series from one origin: mean and standard error of shape `(rows, horizon)`."""

    origin: int
    rows: Places
    mean: Floats
    sigma: Floats


def _designs(
    start: datetime, length: int, specification: Specification, site: Site, columns_at: ColumnsAt | None
) -> Callable[[int], Floats]:
    """Return what tells the columns as known at an origin, shape `(origin + HORIZON, columns)`."""

    def made(slots: int, columns: Mapping[str, Floats]) -> Floats:
        empty = History(start, specification.step, np.full(slots, np.nan))
        return design_of(empty, specification, horizon=0, site=site, columns=columns)

    if columns_at is not None:
        return lambda origin: made(origin + HORIZON, columns_at(origin))
    whole = made(length + HORIZON, NO_COLUMNS)
    return lambda origin: whole[: origin + HORIZON]


def _moved_on(
    values: Floats, design_at: Callable[[int], Floats], specification: Specification, fit: int, origins: Sequence[int]
) -> Iterator[_Made]:
    """Fit what can be fitted before a slot, and look ahead from the origins that follow it."""
    first = max(0, fit - specification.history // specification.step)
    batch = fit_and_forecast(values[:, first:fit], design_at(fit)[first:], specification)
    states, at = batch.states, fit
    for origin in origins if len(batch.fitted) else ():
        design = design_at(origin)
        if origin > at:
            states = update(states, values[batch.fitted, at:origin], design[at:origin], specification)
        yield _Made(origin, batch.fitted, *expected(states, design[origin:], specification))
        at = origin


def _fitted_alone(
    values: Floats, design_at: Callable[[int], Floats], specification: Specification, fit: int, origins: Sequence[int]
) -> Iterator[_Made]:
    """Fit series after series, for the first of the origins only: what has no batched form is dear."""
    first = max(0, fit - specification.history // specification.step)
    if origins[0] != fit:
        return
    design = design_at(fit)[first:]
    for row, series in enumerate(within_bounds(values[:, first:fit], specification)):
        _, refusal, found = outlook_of(series, design, specification)
        if not refusal:
            sigma = np.maximum(found.sigma, sigma_floor(series, specification))
            yield _Made(fit, np.array([row]), found.mean[None], sigma[None])
