"""A series whose skill is lost, and all that a search for a better model looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from forecast.choosing.candidates import HISTORIES
from forecast.choosing.selection import DAYS
from forecast.choosing.skill import SPAN, Skill, skills_of
from forecast.inputs import History
from forecast.regressors.design import Site
from forecast.regressors.farm_site import site_of
from forecast.regressors.farm_weather import weather_until
from forecast.rolling.histories import histories_until
from forecast.rolling.issuing import specification_for
from forecast.specification import DAY, Specification
from storage.engine.database import Connection, Engine, scoped_to
from storage.herds import farms
from storage.herds.farms import Farm
from storage.measurements import series
from storage.measurements.series import Series
from storage.modelling import models, selections
from storage.modelling.models import Subject


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """A series whose skill is lost, and all that a search looks at; histories are of one grid.

    Attributes:
        farm: Its farm.
        site: The farm's clock, place and events.
        skill: What was seen.
        champion: The model that issued last.
        reigning: Its number; `None` for the default of the farm.
        own: The series.
        pool: The groups of the farm, or the series alone.
    """

    farm: Farm
    site: Site
    skill: Skill
    champion: Specification
    reigning: int | None
    own: History
    pool: list[History]


def lost_series(engine: Engine, farm_id: int, at: datetime, threshold: float) -> list[int]:
    """Return the series of a farm whose skill in the 7 days before `at` is below a threshold, but for those at rest."""
    with scoped_to(engine, [farm_id]) as connection:
        below = [one.series_id for one in skills_of(connection, farm_id, at).values() if one.skill < threshold]
        return [series_id for series_id in sorted(below) if not selections.rests(connection, series_id, at)]


def read_lost(engine: Engine, farm_id: int, skill: Skill, at: datetime, span: timedelta) -> Lost:
    """Read what a search looks at; nothing from after `at`. A default model is fitted to `span`."""
    with scoped_to(engine, [farm_id]) as connection:
        farm = farms.farm(connection, farm_id)
        followed = {one.id: one for one in series.series_of(connection, farm_id)}
        reigning = models.holder(connection, Subject(farm_id, skill.series_id), "champion")
        champion = (
            Specification.from_json(reigning.specification)
            if reigning
            else specification_for(farm, span, weather_until(connection, farm, at, span))
        )
        reach = DAYS * DAY + SPAN + max(span, champion.history, *HISTORIES)
        own, *pool = _histories(connection, followed[skill.series_id], list(followed.values()), at, reach)
    return Lost(farm, site_of(farm), skill, champion, reigning.id if reigning else None, own, pool)


def _histories(
    connection: Connection, own: Series, followed: Sequence[Series], at: datetime, reach: timedelta
) -> list[History]:
    """Return the series' history, then those of the groups of which anything is known, or once more its own."""
    groups = [one for one in followed if one.kind == "group"] or [own]
    read = list(dict.fromkeys((own, *groups)))
    found = dict(zip(read, histories_until(connection, read, at, reach), strict=True))
    known = [found[own], *(found[one] for one in groups if np.isfinite(found[one].values).any())]
    first = min(int(np.isfinite(one.values).argmax()) for one in known if np.isfinite(one.values).any())
    return [History(one.start + first * one.step, one.step, one.values[first:]) for one in known]
