"""A series that somebody posts, foretold row by row by a champion: each row from those before it, and some steps after.

What the champion was trained on goes before the posted rows as far as it is older than them, so that a few rows are
enough. Where it is so much older that the model would not look at it any longer, it is moved forward by whole days, to
end a day before the first row: the rhythm of the day is carried over, and nothing else.
"""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, NamedTuple

import numpy as np

from core.errors import NotFoundError
from core.ratios import DATE, RATIO
from core.timeline import EPOCH
from forecast.inputs import Floats, History, history_of
from forecast.life.artefacts import MEAN, TEST_CSV, TRAIN_CSV
from forecast.life.subjects import INPUT_CSV, source_of_series
from forecast.life.training import TrainingError
from forecast.life.wanted import Wanted
from forecast.model.fallback import known_days
from forecast.model.one_ahead import one_ahead
from forecast.regressors.design import Site, design_of
from forecast.regressors.farm_site import site_of
from forecast.specification import DAY, Specification
from storage.engine.database import Connection, Engine, scoped_to
from storage.herds import farms
from storage.modelling import models, trainings
from storage.modelling.models import Model
from storage.modelling.trainings import Training

Points = Sequence[tuple[datetime, float]]
"""Instants and values; NaN is a gap."""


class Answered(NamedTuple):
    """What came of posted rows: `forecast.csv`, a row for each, in their order, and figures."""

    table: bytes
    figures: dict[str, Any]


def answer(engine: Engine, work: Training) -> Answered:
    """Foretell the rows of the file of some work, and `horizon` steps after them.

    Raises:
        NotFoundError: there is no such model, or the file is not kept any longer.
        RegressorError: the model looks at columns that posted rows do not have.
    """
    with scoped_to(engine, [work.subject.farm_id]) as connection:
        model = models.find_model(connection, work.request["model"])
        posted = points_of(trainings.artefact(connection, work.id, INPUT_CSV))
        site = _site(connection, model)
    specification = Specification.from_json(model.specification)
    slots = [_slot(at, specification.step) for at, _ in posted]
    first, end = slots[0], slots[-1] + 1 + work.request["horizon"]
    past, moved = _past(engine, model, specification, EPOCH + first * specification.step)
    start = min(_slot(past.start, specification.step), first) if len(past) else first
    values = np.full(end - start, np.nan)
    values[: len(past)] = past.values
    values[first - start :] = _on_grid(posted, specification.step, first, end)
    grid = History(EPOCH + start * specification.step, specification.step, values)
    design = design_of(grid, specification, horizon=0, site=site)
    made = one_ahead(values, design, specification, model.parameters, first - start)
    places = [slot - first for slot in slots] + list(range(slots[-1] + 1 - first, end - first))
    figures = {"rows": len(places), "by_model": int(made.by_model[places].sum()), "moved_days": moved}
    return Answered(_table(EPOCH + first * specification.step, specification.step, places, made.mean), figures)


def points_of(content: bytes) -> list[tuple[datetime, float]]:
    """Read a table of ours of `date, ratio_debout`, dates with their offsets; empty cells are NaN."""
    rows = csv.DictReader(StringIO(content.decode()))
    return [(datetime.fromisoformat(row[DATE]), float(row[RATIO] or np.nan)) for row in rows]


def _site(connection: Connection, model: Model) -> Site:
    farm = farms.farm(connection, model.subject.farm_id)
    if model.subject.series_id is not None or model.training_id is None:
        return site_of(farm)
    wanted = Wanted.from_json(trainings.find(connection, model.training_id).request)
    return Site(wanted.zone, wanted.latitude, wanted.longitude)


def _past(engine: Engine, model: Model, specification: Specification, until: datetime) -> tuple[History, int]:
    """Return what a model knows of the time before an instant, and by how many days it was moved there."""
    nothing = History(until, specification.step, np.empty(0))
    if model.subject.series_id is not None:
        try:
            past = source_of_series(engine, model.subject, until, specification.history).history
        except TrainingError:
            return nothing, 0
    else:
        with scoped_to(engine, [model.subject.farm_id]) as connection:
            known = [(at, value) for at, value in _trained_on(connection, model) if at < until]
        if not known:
            return nothing, 0
        past = history_of(known, step=specification.step, start=known[0][0], end=known[-1][0] + specification.step)
    looked_at = until - specification.history
    seen = past.values[max(0, (looked_at - past.start) // specification.step) :]
    gap = until - past.origin
    if gap <= DAY or known_days(seen, specification.steps_per_day) >= specification.least_days:
        return past, 0
    days = gap // DAY - 1
    return History(past.start + days * DAY, past.step, past.values), days


def _trained_on(connection: Connection, model: Model) -> Points:
    """Return what a model of a file was trained and validated on, as far as that is kept."""
    points: list[tuple[datetime, float]] = []
    if model.training_id is not None:
        for name in (TRAIN_CSV, TEST_CSV):
            try:
                points += points_of(trainings.artefact(connection, model.training_id, name))
            except NotFoundError:
                continue
    return [(at, value) for at, value in points if np.isfinite(value)]


def _slot(at: datetime, step: timedelta) -> int:
    """Return the number of the slot that is nearest to an instant, counted from 1970."""
    return (at - EPOCH + step / 2) // step


def _on_grid(points: Points, step: timedelta, first: int, end: int) -> Floats:
    nearest = [(EPOCH + _slot(at, step) * step, value) for at, value in points]
    return history_of(nearest, step=step, start=EPOCH + first * step, end=EPOCH + end * step).values


def _table(start: datetime, step: timedelta, places: Sequence[int], mean: Floats) -> bytes:
    told = StringIO()
    writer = csv.writer(told, lineterminator="\n")
    writer.writerow((DATE, MEAN))
    writer.writerows(((start + place * step).isoformat(), repr(float(mean[place]))) for place in places)
    return told.getvalue().encode()
