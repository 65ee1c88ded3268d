"""Where the skill of a model is lost: another is looked for, and reigns if it wins; a record is left either way.

The search has two parts. Which regressors are kept is asked of all groups of the farm over four weeks, as
`forecast.choosing.selection` does. These end where the week of the test begins: a regressor that was chosen on the days
of the test has chance on its side there. What shape the model has, how far it looks back above all, is asked of the
series itself over the very days on which the skill was lost, a day ahead: over a longer span the days before whatever
has changed hide it. Measured on 30 simulated series whose rhythm moved by six hours eight days ago, with six
challengers: over 7 days and a day ahead a shorter history wins on 83 % of them, over 14 days and two days ahead on
none.

The challenger that errs least is the one that is tested, so its p-value is multiplied by the number of challengers.
"""

import asyncio
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from core.logs import get_logger
from forecast.choosing.candidates import HISTORIES, Known, family_of, known_at, shapes_of
from forecast.choosing.comparing import ALL, Comparison, compare
from forecast.choosing.lost import Lost, lost_series, read_lost
from forecast.choosing.selection import Selection, select, selection_origins
from forecast.choosing.skill import SPAN, THRESHOLD, skills_of
from forecast.choosing.verdicts import LEVEL, TEST
from forecast.specification import DAY, Specification
from storage.engine import clocks
from storage.engine.database import Connection, Engine, scoped_to
from storage.engine.queue import Queue
from storage.modelling import aliases, models, selections
from storage.modelling.models import Subject
from storage.modelling.selections import RegressorSelection, Reselection

log = get_logger(__name__)

RESELECT: Final = "model.reselect"

EVERY: Final = 37
"""Slots between the origins of the last days."""


class _Verdict(NamedTuple):
    """What was tried, as plain data, and the challenger that reigns from now on, if any."""

    tried: dict[str, Any]
    winner: Specification | None


def offer(queue: Queue, engine: Engine, *, history_days: int, threshold: float = THRESHOLD) -> None:
    """Let this process do re-selections."""

    def job(farm_id: int, series_id: int, at: str) -> None:
        span = timedelta(days=history_days)
        reselect(engine, farm_id, series_id, datetime.fromisoformat(at), span=span, threshold=threshold)

    queue.offer(RESELECT, job)


async def ask_where_lost(
    queue: Queue, engine: Engine, farm_id: int, at: datetime, *, threshold: float = THRESHOLD
) -> list[int]:
    """Ask for the re-selection of each series of a farm whose skill is lost; return these series.

    A series that had a re-selection in the last 7 days is left alone: some score that speaks against its model now
    spoke then.
    """
    found = await asyncio.to_thread(lost_series, engine, farm_id, at, threshold)
    for series_id in found:
        await queue.ask(
            RESELECT,
            key=f"{RESELECT}:{series_id}:{at:%Y-%m-%d}",
            lane="training",
            alone=True,
            farm_id=farm_id,
            series_id=series_id,
            at=at.isoformat(),
        )
    return found


def reselect(
    engine: Engine, farm_id: int, series_id: int, at: datetime, *, span: timedelta, threshold: float = THRESHOLD
) -> Reselection | None:
    """Look for a better model of a series; return the record, or `None` if nothing was to be done any more.

    Args:
        engine: As a role that writes models.
        farm_id: The farm.
        series_id: The series.
        at: When its skill was seen to be lost; nothing from later is read.
        span: History of the farm's default model.
        threshold: Skill below which it is lost.
    """
    with scoped_to(engine, [farm_id]) as connection:
        skill = skills_of(connection, farm_id, at).get(series_id)
        if skill is None or skill.skill >= threshold or selections.rests(connection, series_id, at):
            return None
    found = read_lost(engine, farm_id, skill, at, span)
    selected, comparison = _searched(engine, found)
    seen = asdict(skill) | {"skill": skill.skill, "threshold": threshold}
    return _written(engine, found, at, seen, selected, _verdict(comparison))


def _searched(engine: Engine, found: Lost) -> tuple[Selection | int, Comparison]:
    """Return the search for regressors, or the number of a recent one, and the champion beside all challengers."""
    known, tested, searched = _origins(engine, found)
    champion = _with_known(found.champion, known)
    begun_with = family_of(champion)
    selected: Selection | int
    if earlier := _selected_lately(engine, found):
        selected, kept = earlier.id, replace(begun_with, regressors=tuple(earlier.comparisons["kept"]))
    else:
        selected = select(
            found.pool,
            begun_with,
            known.regressors,
            site=found.site,
            columns_at=known.columns_at,
            origins=searched,
        )
        kept = selected.specification
    challengers = [one for one in shapes_of(_with_known(kept, known)) if one != champion]
    comparison = compare(
        [found.own],
        [champion, *challengers],
        site=found.site,
        columns_at=known.columns_at,
        origins=tested,
        horizon=champion.steps_per_day,
    )
    return selected, comparison


def _origins(engine: Engine, found: Lost) -> tuple[Known, list[int], list[int]]:
    """Return what was known at the origins, those of the test and those of the search, whose targets end before it."""
    count, day = len(found.own), found.champion.steps_per_day
    begin = _begin_of_test(found)
    tested, searched = range(begin, count, EVERY), selection_origins(begin, day)
    known = known_at(
        engine,
        found.farm,
        found.own,
        site=found.site,
        origins=[*searched, *tested],
        span=max(found.champion.history, *HISTORIES),
    )
    having = set(known.origins)
    return known, [one for one in tested if one in having], [one for one in searched if one in having]


def _begin_of_test(found: Lost) -> int:
    """Return the first slot of the days on which the skill was lost; of a short series, of all but its first day."""
    day = found.champion.steps_per_day
    return max(day, len(found.own) - SPAN // DAY * day)


def _selected_lately(engine: Engine, found: Lost) -> RegressorSelection | None:
    """Return the farm's latest search if it holds for this series and ended within the week before the test."""
    if len(found.pool) == 1:
        return None
    with scoped_to(engine, [found.farm.id]) as connection:
        latest = selections.latest_selection(connection, found.farm.id, found.skill.series_id)
    if latest is None or latest.series_id is not None:
        return None
    begin = found.own.start + _begin_of_test(found) * found.own.step
    until = datetime.fromisoformat(latest.comparisons["last_origin"]) + DAY
    return latest if begin - SPAN < until <= begin else None


def _with_known(champion: Specification, known: Known) -> Specification:
    """Return a champion without the regressors that could not be had, as it would be issued."""
    return replace(champion, regressors=tuple(name for name in champion.regressors if name in known.regressors))


def _written(  # noqa: PLR0917 - all that the record tells
    engine: Engine, found: Lost, at: datetime, seen: dict[str, Any], selected: Selection | int, verdict: _Verdict
) -> Reselection | None:
    """Write what was seen, tried and decided, and let the winner reign, all in one transaction.

    Whoever became champion while it was looked for stays: neither an order nor a rollback is undone.
    """
    tried, winner = verdict
    subject = Subject(found.farm.id, found.skill.series_id)
    with scoped_to(engine, [found.farm.id]) as connection:
        if not selections.claim(connection, found.skill.series_id, at):
            return None
        reigning = aliases.locked_champion(connection, subject)
        if reigning != found.reigning:
            tried, winner = tried | {"overtaken_by": reigning}, None
        now = clocks.read(connection).now()
        number = selected if isinstance(selected, int) else _kept(connection, found, selected, now)
        model = None if winner is None else _model(connection, subject, winner, now)
        decision: selections.Decision = "kept" if model is None else "promoted"
        record = Reselection(found.skill.series_id, at, now, seen, tried, decision, model, number)
        selections.record(connection, subject.farm_id, record)
        if model is not None:
            aliases.point(connection, subject, "champion", model, why="reselection", at=now, evidence=tried)
    log.info(
        "reselection.done", farm=found.farm.name, series=subject.series_id, decision=decision, **_told(seen, tried)
    )
    return record


def _kept(connection: Connection, found: Lost, selection: Selection, now: datetime) -> int:
    """Keep a search for regressors, for the farm if it was made on several groups; return its number."""
    return selections.keep_selection(
        connection,
        found.farm.id,
        None if len(found.pool) > 1 else found.skill.series_id,
        at=now,
        why="reselection",
        specification=selection.specification.to_json(),
        comparisons=selection.to_json(),
    )


def _verdict(comparison: Comparison) -> _Verdict:
    """Judge the challenger that errs least of all."""
    best, challengers = comparison.best, len(comparison.specifications) - 1
    p = min(1.0, challengers * comparison.against_first[best - 1][ALL].p) if best else 1.0
    tried = comparison.to_json() | {
        "test": f"{TEST}, Bonferroni",
        "challengers": challengers,
        "best": str(comparison.specifications[best]),
        "p_value": p,
        "level": LEVEL,
    }
    return _Verdict(tried, comparison.specifications[best] if p < LEVEL else None)


def _model(connection: Connection, subject: Subject, winner: Specification, now: datetime) -> int:
    return models.ensure_model(
        connection,
        subject,
        specification=winner.to_json(),
        digest=winner.digest,
        parameters={},
        training_id=None,
        now=now,
    )


def _told(seen: dict[str, Any], tried: dict[str, Any]) -> dict[str, Any]:
    return {"skill": round(seen["skill"], 3), "best": tried["best"], "p": round(tried["p_value"], 4)}
