"""The mean of each series by time alone: rhythm, then habits; and what they leave over for the ARMA."""

from typing import Final, NamedTuple

from forecast.inputs import Floats
from forecast.kernel.rhythms import fit_rhythms, rhythms_at
from forecast.model.habits import fit_habits, root_mean_square, slots_of
from forecast.specification import Specification

AT_ONCE: Final = 64
"""Series worked on together: enough to hide what a call costs, few enough to stay in the cache from step to step."""


class Means(NamedTuple):
    """What was fitted; of each the first axis is that of the series.

    Attributes:
        intercept: Of the regression.
        coefficients: Of the regression, shape `(series, columns)`.
        profile: Added in each slot of the local day, shape `(series, day)`.
        penalty: Of the regression.
        left_out_rmse: Root mean square of what is left over on days not seen.
        fitted_rmse: The same on the history.
        errors: What is left over of the history, shape `(series, n)`, NaN for gaps.
    """

    intercept: Floats
    coefficients: Floats
    profile: Floats
    penalty: Floats
    left_out_rmse: Floats
    fitted_rmse: Floats
    errors: Floats


def fit_means(values: Floats, design: Floats, specification: Specification) -> Means:
    """Fit rhythm and habits of a few series.

    Args:
        values: Shape `(series, n)`, NaN for gaps; of each something is known where the design is whole.
        design: Shape `(n, columns)`.
        specification: Its steps of a day and harmonics are used here.
    """
    day = specification.steps_per_day
    rhythms = fit_rhythms(values, design, day)
    errors = values - rhythms_at(rhythms.intercept, rhythms.coefficients, design, day)
    habits = fit_habits(errors, design, specification)
    errors -= habits.profile[:, slots_of(design, specification)]
    return Means(
        rhythms.intercept,
        rhythms.coefficients,
        habits.profile,
        rhythms.penalty,
        rhythms.left_out_rmse * habits.left_over,
        root_mean_square(errors),
        errors,
    )
