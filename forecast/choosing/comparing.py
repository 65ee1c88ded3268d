"""Specifications side by side on held-out rolling origins: the same origins, the same targets, a paired test.

A difference between two models is small beside what days differ by, so they are compared target by target, and what
is told of the difference is what `forecast.choosing.loss_difference` says chance alone would do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isnan
from typing import Any, Final

import numpy as np

from forecast.choosing.backtest import rolling_origins
from forecast.choosing.loss_difference import LossDifference, loss_difference
from forecast.inputs import Floats, History
from forecast.kernel.predicting import predict_all
from forecast.model.bands import HORIZON_BANDS
from forecast.model.predicting import ANYWHERE, Forecast
from forecast.regressors.design import NO_COLUMNS, Site
from forecast.rolling.scoring import ErrorSums
from forecast.specification import HORIZON, Specification, SpecificationError

ColumnsAt = Callable[[int], Mapping[str, Floats]]
"""From slots before an origin to the columns as they were known there, beginning with the series and at least as long
as its horizon or its truth, whichever ends first."""

ALL: Final = "all"
"""Name of all bands of horizon together."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What one specification made of origins.

    Attributes:
        specification: The model.
        origins: Slots before each, rising.
        horizon: Steps that were looked ahead.
        sums: Shape `(origins, series, bands, 6)`: targets, squared errors, absolute errors, errors, and targets within
            the 80 % and the 95 % band.
    """

    specification: Specification
    origins: tuple[int, ...]
    horizon: int
    sums: Floats


@dataclass(frozen=True, slots=True)
class Comparison:
    """Specifications on the targets that all of them forecast; the first is the one that the others challenge.

    Attributes:
        specifications: At least one.
        first_origin: UTC, of the first forecast.
        last_origin: UTC, of the last one.
        accuracy: For each specification its sums by band of horizon, and under `ALL`.
        against_first: For each but the first how much less it errs than the first, by band and under `ALL`.
    """

    specifications: tuple[Specification, ...]
    first_origin: datetime
    last_origin: datetime
    accuracy: tuple[dict[str, ErrorSums], ...]
    against_first: tuple[dict[str, LossDifference], ...]

    @property
    def best(self) -> int:
        """The specification with the lowest error of all, the first of equals."""
        errors = [sums[ALL].rmse for sums in self.accuracy]
        return 0 if isnan(errors[0]) else int(np.argmin(errors))

    def to_json(self) -> dict[str, Any]:
        """Return all figures as plain data; `None` where one cannot be told."""
        return {
            "first_origin": self.first_origin.isoformat(),
            "last_origin": self.last_origin.isoformat(),
            "models": [
                {"specification": str(specification), "digest": specification.digest, "bands": _accuracy_json(sums)}
                for specification, sums in zip(self.specifications, self.accuracy, strict=True)
            ],
            "against_first": [
                {band: plain(asdict(found)) for band, found in one.items()} for one in self.against_first
            ],
        }


def compare(
    histories: Sequence[History],
    specifications: Sequence[Specification],
    *,
    site: Site = ANYWHERE,
    columns_at: ColumnsAt | None = None,
    origins: Sequence[int] | None = None,
    horizon: int = HORIZON,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Forecast series from rolling origins by each specification, each from what lies before the origin alone.

    Args:
        histories: Whole series of one start, step and length; their targets count together.
        specifications: The first is the one to beat.
        site: Clock, place and events.
        columns_at: Further columns; `known_ahead` makes it from columns that hold at every origin.
        origins: Slots before each origin, in any order; by default `forecast.choosing.backtest.rolling_origins`.
        horizon: Steps to look ahead.
        progress: Called with forecasts of all series done and in all, after each.

    Raises:
        SpecificationError: no series, no specification, or series and specifications that do not fit together.
        RegressorError: a column is missing or not whole at an origin.
    """
    if not histories or not specifications:
        raise SpecificationError("a comparison needs at least one series and one specification")
    day = specifications[0].steps_per_day
    chosen = rolling_origins(len(histories[0]), day) if origins is None else sorted(set(origins))
    total = len(chosen) * len(specifications)

    def told(before: int) -> Callable[[int], None]:
        return lambda done: progress(before + done, total) if progress else None

    return side_by_side(
        histories[0],
        [
            hold_out(
                histories,
                specification,
                site=site,
                columns_at=columns_at,
                origins=chosen,
                horizon=horizon,
                progress=told(place * len(chosen)),
            )
            for place, specification in enumerate(specifications)
        ],
    )


def known_ahead(columns: Mapping[str, Floats]) -> ColumnsAt:
    """Offer columns that are known at every origin over their whole length, such as those of a file."""
    return lambda _: columns


def hold_out(
    histories: Sequence[History],
    specification: Specification,
    *,
    site: Site = ANYWHERE,
    columns_at: ColumnsAt | None = None,
    origins: Sequence[int],
    horizon: int = HORIZON,
    progress: Callable[[int], None] | None = None,
) -> HeldOut:
    """Forecast series from origins, rising, and sum how far off it was; the arguments are those of `compare`."""
    sums = np.zeros((len(origins), len(histories), len(HORIZON_BANDS), 6))
    for place, origin in enumerate(origins):
        steps = min(horizon, len(histories[0]) - origin)
        columns = columns_at(origin) if columns_at else NO_COLUMNS
        made = predict_all(
            [history.until(origin) for history in histories],
            specification,
            site=site,
            columns={name: column[: origin + steps] for name, column in columns.items()},
            horizon=steps,
        )
        sums[place] = _summed(made, np.array([history.values[origin : origin + steps] for history in histories]))
        if progress:
            progress(place + 1)
    return HeldOut(specification, tuple(origins), horizon, sums)


def side_by_side(grid: History, held: Sequence[HeldOut], series: Sequence[int] | None = None) -> Comparison:
    """Compare what specifications made of the same origins and series.

    Args:
        grid: A series on whose grid the origins are.
        held: At least one, of one horizon; the first is the one to beat.
        series: Which series count, by place; all if not said.
    """
    sums = np.array([one.sums if series is None else one.sums[:, list(series)] for one in held])
    shared = np.asarray((sums[..., 0] > 0).all(axis=0))
    sums = np.where(shared[..., None], sums, 0.0).sum(axis=2)
    times = np.array(held[0].origins, dtype=np.float64)
    instants = [grid.start + origin * grid.step for origin in held[0].origins] or [grid.origin]
    return Comparison(
        specifications=tuple(one.specification for one in held),
        first_origin=instants[0],
        last_origin=instants[-1],
        accuracy=tuple(_accuracy(one.sum(axis=0)) for one in sums),
        against_first=tuple(_against(times, held[0].horizon, sums[0], one) for one in sums[1:]),
    )


def plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures with `None` in the place of NaN, for which JSON has no word."""
    return {name: None if isinstance(one, float) and isnan(one) else one for name, one in figures.items()}


def _summed(made: Sequence[Forecast], truth: Floats) -> Floats:
    """Return the sums of one origin, shape `(series, bands, 6)`."""

    def edge(name: str) -> Floats:
        return np.array([getattr(one, name) for one in made])

    error = edge("mean") - truth
    known = np.asarray(np.isfinite(error))
    within80 = (edge("lower80") <= truth) & (truth <= edge("upper80"))
    within95 = (edge("lower95") <= truth) & (truth <= edge("upper95"))
    parts = np.stack((np.ones_like(error), error**2, np.abs(error), error, within80, within95), axis=-1)
    parts = np.where(known[..., None], parts, 0.0)
    return np.stack([parts[:, band.steps].sum(axis=1) for band in HORIZON_BANDS], axis=1)


def _accuracy(bands: Floats) -> dict[str, ErrorSums]:
    names = (*(band.name for band in HORIZON_BANDS), ALL)
    return {name: _error_sums(row) for name, row in zip(names, [*bands, bands.sum(axis=0)], strict=True)}


def _error_sums(row: Floats) -> ErrorSums:
    count, squared, absolute, signed, covered80, covered95 = row.tolist()
    return ErrorSums(int(count), squared, absolute, signed, int(count), int(covered80), int(covered95))


def _against(times: Floats, horizon: int, first: Floats, challenger: Floats) -> dict[str, LossDifference]:
    """Compare sums of shape `(origins, bands, 6)`; origins share targets as far as the band reaches."""
    excess, counts = first[..., 1] - challenger[..., 1], first[..., 0]
    by_band = {
        band.name: loss_difference(times, excess[:, place], counts[:, place], min(band.last, horizon))
        for place, band in enumerate(HORIZON_BANDS)
    }
    return by_band | {ALL: loss_difference(times, excess.sum(axis=1), counts.sum(axis=1), horizon)}


def _accuracy_json(sums: Mapping[str, ErrorSums]) -> dict[str, Any]:
    return {
        band: {"n": one.count}
        | plain({name: getattr(one, name) for name in ("rmse", "mae", "bias", "coverage80", "coverage95")})
        for band, one in sums.items()
    }
