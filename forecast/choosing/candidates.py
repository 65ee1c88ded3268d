"""What a model of a farm's series could be: the regressors that it can have, and the shapes of the family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np

from core.regressors import SKY
from forecast.choosing.comparing import ColumnsAt
from forecast.inputs import Floats, History
from forecast.kernel.batch import is_batched
from forecast.regressors.design import Site
from forecast.regressors.farm_weather import weather_until
from forecast.specification import DAY, HORIZON, Specification
from storage.engine.database import Engine, scoped_to
from storage.herds.farms import Farm

HISTORIES: Final = (7 * DAY, 14 * DAY, 21 * DAY)
"""A shorter one follows a changed rhythm sooner, a longer one knows a steady rhythm better."""

HARMONICS: Final = (4, 6)

LEAST_ORIGINS: Final = 12
"""Origins at which the weather must have been known, without which it is left aside."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What could have been looked at from each of some origins.

    Attributes:
        origins: Slots before each, rising: those that were asked for, or with weather those of them that have it.
        regressors: Names of all regressors that each of them has.
        columns_at: The columns behind these, as they were known at an origin.
    """

    origins: tuple[int, ...]
    regressors: tuple[str, ...]
    columns_at: ColumnsAt


def known_at(
    engine: Engine, farm: Farm, grid: History, *, site: Site, origins: Sequence[int], span: timedelta
) -> Known:
    """Return what was known of a farm at origins; of the weather what had been issued by then.

    Args:
        engine: As a role that reads the farm.
        farm: The farm.
        grid: A series on whose grid the origins are.
        site: Clock, place and daily events of the farm.
        origins: Slots before each, rising.
        span: How far back from an origin columns are wanted.
    """
    columns = {origin: _weather(engine, farm, grid, origin, span) for origin in origins}
    having = tuple(origin for origin in origins if columns[origin])
    if len(having) < max(LEAST_ORIGINS, len(origins) / 2):
        having, columns = tuple(origins), {origin: {} for origin in origins}
    shared = set.intersection(*(set(columns[origin]) for origin in having)) if having else set()
    sky = SKY if site.latitude is not None and site.longitude is not None else frozenset()
    names = sorted(sky | {event.name for event in site.events}) + sorted(shared)
    return Known(having, tuple(dict.fromkeys(names)), columns.__getitem__)


def family_of(champion: Specification) -> Specification:
    """Return the model that a search begins with: the champion, or the default in its place where it takes minutes."""
    if is_batched(champion):
        return champion
    return Specification(regressors=champion.regressors, bounds=champion.bounds, step=champion.step)


def shapes_of(kept: Specification) -> list[Specification]:
    """Return the models around one whose regressors have been chosen, itself first.

    These are a few lengths of history and numbers of harmonics, and a model that knows no rhythm, only a level and how
    it wanders.
    """
    shaped = [
        replace(kept, history=history, harmonics=harmonics)
        for history in HISTORIES
        for harmonics in HARMONICS
        if history >= kept.least_days * DAY
    ]
    level = replace(kept, regressors=(), harmonics=0, weekly_harmonics=0)
    return list(dict.fromkeys((kept, *shaped, level)))


def _weather(engine: Engine, farm: Farm, grid: History, origin: int, span: timedelta) -> Mapping[str, Floats]:
    """Return the columns that are whole ahead of an origin, beginning with the grid; NaN further back than asked."""
    before = min(span // grid.step, origin)
    with scoped_to(engine, [farm.id]) as connection:
        found = weather_until(connection, farm, grid.start + origin * grid.step, before * grid.step).columns
    front = np.full(origin - before, np.nan)
    return {
        name: np.concatenate((front, column)) for name, column in found.items() if np.isfinite(column[-HORIZON:]).all()
    }
