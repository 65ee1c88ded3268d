"""Whether a challenger wins: both forecast the same held-out origins, and chance must be an unlikely reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import isnan
from typing import Any, Final

from forecast.choosing.backtest import rolling_origins
from forecast.choosing.comparing import ALL, Comparison, compare
from forecast.life.subjects import Source
from forecast.life.training import TrainingError
from forecast.regressors.design import SKY
from forecast.specification import Specification

LEVEL: Final = 0.05
"""How often, at most, a challenger that is no better wins."""

TEST: Final = "Diebold-Mariano, one-sided, long-run variance over overlapping horizons"
"""See `forecast.choosing.loss_difference`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison of a champion with a challenger found.

    Attributes:
        wins: Whether the challenger errs less, beyond what chance does.
        evidence: Test, p-value, errors and origins, as plain data.
    """

    wins: bool
    evidence: dict[str, Any]


def origins_of(source: Source, specifications: Sequence[Specification]) -> list[int]:
    """Return the held-out origins of a source at which the columns of all specifications were known.

    Raises:
        TrainingError: there is none.
    """
    asked = {name for one in specifications for name in one.regressors}
    beside = asked - SKY - {event.name for event in source.site.events}
    rolling = rolling_origins(len(source.history), specifications[0].steps_per_day)
    origins = [origin for origin in rolling if not beside or beside <= source.columns_at(origin).keys()]
    if not origins:
        lack = f"{', '.join(sorted(beside))} not known at any" if rolling else "too few values"
        raise TrainingError(f"{source.title} has no origin to forecast from: {lack}")
    return origins


def held_out(
    source: Source,
    specifications: Sequence[Specification],
    origins: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Forecast a source from origins by each specification; the first is the one to beat."""
    return compare(
        [source.history],
        specifications,
        site=source.site,
        columns_at=source.columns_at,
        origins=origins,
        progress=progress,
    )


def verdict_of(found: Comparison) -> Verdict:
    """Judge a comparison of a champion, first, with a challenger, second."""
    champion, challenger = (sums[ALL].rmse for sums in found.accuracy)
    difference = found.against_first[0][ALL]
    evidence = {
        "test": TEST,
        "p_value": difference.p,
        "level": LEVEL,
        "statistic": difference.statistic,
        "rmse_champion": None if isnan(champion) else champion,
        "rmse_challenger": None if isnan(challenger) else challenger,
        "origins": difference.origins,
        "targets": difference.targets,
        "first_origin": found.first_origin.isoformat(),
        "last_origin": found.last_origin.isoformat(),
    }
    if difference.reason:
        evidence["untested"] = difference.reason
    return Verdict(difference.p < LEVEL, evidence)


def default_of(source: Source, like: Specification, history_days: int) -> Specification:
    """Return the default model of a source, which reigns where there is no champion."""
    default = Specification()
    return Specification(
        harmonics=min(default.harmonics, like.steps_per_day // 2),
        regressors=source.default_regressors,
        history=timedelta(days=history_days),
        bounds=like.bounds,
        step=like.step,
    )
