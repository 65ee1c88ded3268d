"""Champion and challenger side by side: the held-out origins of a source, and who reigns where nobody does."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from core.regressors import SKY
from forecast.choosing.backtest import rolling_origins
from forecast.choosing.comparing import Comparison, compare
from forecast.life.subjects import Source
from forecast.life.training import TrainingError
from forecast.specification import Specification


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
