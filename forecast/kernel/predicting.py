"""Forecasts of many histories: in batches where the specification allows it, one by one where not."""

from collections.abc import Mapping, Sequence

import numpy as np

from forecast.inputs import Floats, History
from forecast.kernel.batch import fit_and_forecast, is_batched
from forecast.model.bands import AS_FITTED, Calibration
from forecast.model.fingerprint import fingerprints
from forecast.model.predicting import ANYWHERE, Forecast, predict
from forecast.regressors.design import NO_COLUMNS, Site, design_of
from forecast.specification import HORIZON, Specification, SpecificationError


def predict_all(
    histories: Sequence[History],
    specification: Specification,
    *,
    site: Site = ANYWHERE,
    columns: Mapping[str, Floats] = NO_COLUMNS,
    calibrations: Sequence[Calibration] | None = None,
    horizon: int = HORIZON,
) -> list[Forecast]:
    """Forecast series of one grid and origin, each as `predict` of one would but for the last digits.

    Args:
        histories: Of the same start, step and length; only the last `specification.history` is looked at.
        specification: The model of all of them.
        site: Clock, place and daily events behind the regressors.
        columns: Further regressors by name, each of shape `(len(history) + horizon,)`.
        calibrations: Factors on the widths of the bands, one for each series; none means as fitted.
        horizon: Steps to look ahead.

    Raises:
        SpecificationError: the histories differ in their grid, or from the specification in step.
        RegressorError: a column is missing or not whole.
    """
    grids = {(history.start, history.step, len(history)) for history in histories}
    if len(grids) > 1:
        raise SpecificationError("series that are forecast together have one start, one step and one length")
    if grids and next(iter(grids))[1] != specification.step:
        raise SpecificationError(f"the series have steps of {histories[0].step}, the model of {specification.step}")
    factors = [AS_FITTED] * len(histories) if calibrations is None else calibrations
    if not is_batched(specification) or not histories:
        return [
            predict(history, specification, site=site, columns=columns, calibration=factor, horizon=horizon)
            for history, factor in zip(histories, factors, strict=True)
        ]
    recent = [history.last(specification.history) for history in histories]
    skipped = len(histories[0]) - len(recent[0])
    columns = {name: column[skipped:] for name, column in columns.items()}
    design = design_of(recent[0], specification, horizon=horizon, site=site, columns=columns)
    return _batched(recent, design, specification, factors)


def _batched(
    recent: list[History], design: Floats, specification: Specification, factors: Sequence[Calibration]
) -> list[Forecast]:
    batch = fit_and_forecast(np.array([history.values for history in recent]), design, specification, factors)
    inputs = fingerprints(recent, design, specification, factors)
    return [
        Forecast(
            origin=history.origin,
            step=history.step,
            model=batch.models[row],
            reason=batch.reasons[row],
            sigma=batch.sigma[row],
            parameters=batch.parameters[row],
            inputs=inputs[row],
            **{name: edge[row] for name, edge in batch.bands._asdict().items()},
        )
        for row, history in enumerate(recent)
    ]
