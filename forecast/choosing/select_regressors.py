"""Which regressors a farm's models keep is asked every four weeks, of its groups together, and the answer is acted on.

The search begins with the farm's default model and looks a day ahead over four weeks, as
`forecast.choosing.selection` does. What it found is kept. A series whose model has other regressors than those gets the
same model with these if it wins on the two weeks that follow, of which the search has seen nothing: on the days of the
search what it chose looks better than it is. What could not be judged, such as weather that has only begun to come,
stays as it was.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import numpy as np

from core.errors import AnimovError
from core.logs import get_logger
from forecast.choosing.candidates import Known, known_at
from forecast.choosing.comparing import hold_out
from forecast.choosing.regressor_changes import Change, changes_to
from forecast.choosing.selection import DAYS, EVERY, Selection, select
from forecast.inputs import History
from forecast.regressors.design import Site
from forecast.regressors.farm_site import site_of
from forecast.regressors.farm_weather import weather_until
from forecast.rolling.cycle import champions_of
from forecast.rolling.histories import histories_until
from forecast.rolling.issuing import specification_for
from forecast.specification import DAY, Specification
from storage.engine import clocks
from storage.engine.database import Connection, Engine, scoped_to
from storage.engine.queue import Queue
from storage.herds import farms
from storage.herds.farms import Farm
from storage.measurements import series
from storage.modelling import aliases, models, selections
from storage.modelling.models import Subject
from storage.modelling.selections import RegressorSelection

log = get_logger(__name__)

SELECT: Final = "model.select"

REST: Final = timedelta(days=28)
"""Between two selections of a farm: then the second one is tested on other days."""

TESTED: Final = 14
"""Days after those of the search on which models with its regressors must win: two columns of chance are got rid of on
37 of 100 simulated farms, of 7 days on 14."""


class TooShortError(AnimovError):
    """A farm's groups have not been measured for long enough."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A farm and all that its selection looks at; the histories are of one grid.

    Attributes:
        farm: The farm.
        site: Its clock, place and events.
        default: Its default model.
        champions: Of its herd and groups by id of the series; `None` has the default.
        pool: The groups of which anything is known.
    """

    farm: Farm
    site: Site
    default: Specification
    champions: dict[int, Specification | None]
    pool: list[History]

    @property
    def longest(self) -> timedelta:
        """What the model that looks back furthest is fitted to."""
        return max(self.default.history, *(one.history for one in self.champions.values() if one), DAY)


def offer(queue: Queue, engine: Engine, *, history_days: int) -> None:
    """Let this process do selections."""

    def job(farm_id: int, at: str) -> None:
        select_for_farm(engine, farm_id, datetime.fromisoformat(at), span=timedelta(days=history_days))

    queue.offer(SELECT, job)


async def ask_where_due(queue: Queue, engine: Engine, farm_id: int, at: datetime, *, history_days: int) -> bool:
    """Ask for the selection of a farm if it is due; tell whether it was asked for."""
    if not await asyncio.to_thread(is_due, engine, farm_id, at, timedelta(days=history_days)):
        return False
    return await queue.ask(
        SELECT, key=f"{SELECT}:{farm_id}", lane="training", alone=True, farm_id=farm_id, at=at.isoformat()
    )


def is_due(engine: Engine, farm_id: int, at: datetime, span: timedelta) -> bool:
    """Tell whether a farm had no selection for `REST` and has six weeks of a group beside the history of a fit.

    Args:
        engine: As a role that reads the farm.
        farm_id: The farm.
        at: Aware, on a quarter of an hour.
        span: History of the farm's default model.
    """
    with scoped_to(engine, [farm_id]) as connection:
        return not selections.selected_since(connection, farm_id, at - REST) and _is_long(connection, farm_id, at, span)


def select_for_farm(
    engine: Engine,
    farm_id: int,
    at: datetime,
    *,
    span: timedelta,
    at_once: bool = False,
    expect: Callable[[float], None] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> RegressorSelection | None:
    """Search for the regressors of a farm and act on what is found; `None` if it is not due, or not any more.

    All is written in one transaction at the end.

    Args:
        engine: As a role that writes models.
        farm_id: The farm.
        at: Aware, on a quarter of an hour; nothing from later is read.
        span: History of the farm's default model.
        at_once: Whether it is made although there was one lately.
        expect: Told before the search about how many seconds it will take.
        progress: Told how many models have been judged, and how many there will be at least.

    Raises:
        TooShortError: the groups' history is too short, and it was to be made at once.
    """
    if at_once:
        _refuse_short(engine, farm_id, at, span)
    elif not is_due(engine, farm_id, at, span):
        return None
    asked = _read(engine, farm_id, at, span)
    selection, changes = _searched(engine, asked, expect, progress)
    return _written(engine, asked, selection, changes, None if at_once else at - REST)


def _is_long(connection: Connection, farm_id: int, at: datetime, span: timedelta) -> bool:
    """Tell whether anything is known of a group in the first day that a selection looks at."""
    return bool(_pool(connection, farm_id, at - (DAYS + TESTED) * DAY - span + DAY, DAY))


def _refuse_short(engine: Engine, farm_id: int, at: datetime, span: timedelta) -> None:
    with scoped_to(engine, [farm_id]) as connection:
        if not _is_long(connection, farm_id, at, span):
            days = DAYS + TESTED + span / DAY
            name = farms.farm(connection, farm_id).name
            raise TooShortError(f"no group of {name!r} has been measured for {days:g} days, which a selection looks at")


def _pool(connection: Connection, farm_id: int, until: datetime, span: timedelta) -> list[History]:
    """Return the histories in `[until - span, until)` of the groups of which anything is known there."""
    groups = [one for one in series.series_of(connection, farm_id) if one.kind == "group"]
    found = histories_until(connection, groups, until, span) if groups else []
    return [one for one in found if np.isfinite(one.values).any()]


def _read(engine: Engine, farm_id: int, at: datetime, span: timedelta) -> _Asked:
    with scoped_to(engine, [farm_id]) as connection:
        farm = farms.farm(connection, farm_id)
        default = specification_for(farm, span, weather_until(connection, farm, at, span))
        reigning = champions_of(connection, farm_id)
        judged = [one for one in series.series_of(connection, farm_id) if one.kind != "animal"]
        champions = {one.id: reigning.get(one.id) for one in judged}
        asked = _Asked(farm, site_of(farm), default, champions, [])
        return replace(asked, pool=_pool(connection, farm_id, at, (DAYS + TESTED) * DAY + asked.longest))


def _searched(
    engine: Engine,
    asked: _Asked,
    expect: Callable[[float], None] | None,
    progress: Callable[[int, int], None],
) -> tuple[Selection, list[Change]]:
    """Return the search, and what follows from it for each series whose model has other regressors."""
    grid, day = asked.pool[0], asked.default.steps_per_day
    begin = len(grid) - TESTED * day
    before, since = range(begin - DAYS * day, begin - day + 1, EVERY), range(begin, len(grid), EVERY)
    known = known_at(
        engine,
        asked.farm,
        grid,
        site=asked.site,
        origins=[*before, *since],
        span=asked.longest,
    )
    begun_with = replace(asked.default, regressors=tuple(n for n in asked.default.regressors if n in known.regressors))
    least = len(known.regressors) + 1
    if expect:
        expect(least * _seconds_a_model(asked, known, begun_with))
    selection = select(
        asked.pool,
        begun_with,
        known.regressors,
        site=asked.site,
        columns_at=known.columns_at,
        origins=[origin for origin in known.origins if origin < begin],
        on_model=lambda done: progress(done, max(done, least)),
    )
    present = {series_id: champion or asked.default for series_id, champion in asked.champions.items()}
    tested = [origin for origin in known.origins if origin >= begin]
    return selection, changes_to(selection.kept, present, asked.pool, known, site=asked.site, origins=tested)


def _seconds_a_model(asked: _Asked, known: Known, begun_with: Specification) -> float:
    """Return about how long it takes to judge a model, from its last origin; the first one warms up."""
    judge = partial(hold_out, asked.pool, begun_with, site=asked.site, columns_at=known.columns_at)
    judge(origins=known.origins[:1])
    started = time.perf_counter()
    judge(origins=known.origins[-1:])
    return len(known.origins) * (time.perf_counter() - started)


def _written(
    engine: Engine, asked: _Asked, selection: Selection, changes: list[Change], rested: datetime | None
) -> RegressorSelection | None:
    """Keep a search and let the models that it speaks for reign; nothing if there was another one since `rested`."""
    farm_id = asked.farm.id
    with scoped_to(engine, [farm_id]) as connection:
        aliases.lock(connection, Subject(farm_id))
        if rested is not None and selections.selected_since(connection, farm_id, rested):
            return None
        now, reigning = clocks.read(connection).now(), champions_of(connection, farm_id)
        unchanged = {one for one in asked.champions if reigning.get(one) == asked.champions[one]}
        made = [one for one in changes if one.verdict.wins and one.series_id in unchanged]
        told = [one.to_json() | {"decision": "promoted" if one in made else "kept"} for one in changes]
        kept: dict[str, Any] = {"specification": selection.specification.to_json()}
        kept |= {"why": "routine", "comparisons": selection.to_json() | {"changes": told}}
        number = selections.keep_selection(connection, farm_id, None, at=now, **kept)
        for one in made:
            _crown(connection, Subject(farm_id, one.series_id), one, number, now)
    log.info("selection.done", farm=asked.farm.name, kept=list(selection.kept), promoted=len(made))
    return RegressorSelection(number, farm_id, None, now, **kept)


def _crown(connection: Connection, subject: Subject, change: Change, selection: int, now: datetime) -> None:
    model = models.ensure_model(
        connection,
        subject,
        specification=change.to.to_json(),
        digest=change.to.digest,
        parameters={},
        training_id=None,
        now=now,
    )
    evidence = change.to_json() | {"selection": selection}
    aliases.point(connection, subject, "champion", model, why="reselection", at=now, evidence=evidence)
