"""What models are made of and judged on: a series of the node or of a file, its site, the columns beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from core.errors import NotFoundError
from core.regressors import SKY
from core.timeline import BUCKET, EPOCH, floor_slot
from forecast.choosing.comparing import ColumnsAt
from forecast.inputs import Floats, History, history_of
from forecast.life.known_ahead import columns_ahead, rules_of
from forecast.life.ratio_file import read_ratio_table
from forecast.life.training import HELD_OUT, TrainingError
from forecast.life.wanted import Wanted
from forecast.regressors.design import Site
from forecast.regressors.farm_site import site_of
from forecast.regressors.farm_weather import weather_until
from forecast.rolling.issuing import specification_for
from forecast.specification import HORIZON
from storage.engine import clocks
from storage.engine.database import Connection, Engine, scoped_to
from storage.herds import farms
from storage.measurements import series
from storage.measurements.series import Series
from storage.modelling import trainings
from storage.modelling.models import Subject

INPUT_CSV: Final = "input.csv"
"""The artefact that holds the file of a user, as it came."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A series with all that a model of it may look at.

    Attributes:
        title: What people call it: `barn`, `barn/dairy`, the name of a file.
        history: From the first to the last value that is known.
        site: Clock, place and daily events.
        columns_at: Further columns as they were known so many slots after the start of the history.
        default_regressors: Those that the default model has.
    """

    title: str
    history: History
    site: Site
    columns_at: ColumnsAt
    default_regressors: tuple[str, ...]


def series_named(connection: Connection, farm_id: int, group: str) -> Series:
    """Return the series of a group of a farm, or with an empty name of its herd.

    Raises:
        NotFoundError: there is no such group.
    """
    for one in series.ensure_series(connection, farm_id):
        if one.name == group and one.animal_id is None:
            return one
    raise NotFoundError("group", group)


def source_of(engine: Engine, subject: Subject, span: timedelta | None, wanted: Wanted, file_of: int | None) -> Source:
    """Return the series of a subject, as known now.

    Args:
        engine: As the role that writes; also used when columns are asked for.
        subject: The series.
        span: How much of the end of a series of the node is wanted; all if not said. A file is wanted whole.
        wanted: How to read a file.
        file_of: The training whose file it is.

    Raises:
        NotFoundError: the file is not kept any longer.
        TrainingError: not one value is known.
        TableError: a line of the file can't be read.
        SeriesError: the dates of the file make no series.
    """
    with scoped_to(engine, [subject.farm_id]) as connection:
        if subject.series_id is not None:
            now = clocks.read(connection).now()
        elif file_of is None:
            raise NotFoundError("file of the model's first training", subject.name)
        else:
            return source_of_file(connection, file_of, wanted)
    return source_of_series(engine, subject, now, span)


def source_of_series(engine: Engine, subject: Subject, now: datetime, span: timedelta | None) -> Source:
    """Return a series of the node.

    Args:
        engine: As the role that reads and writes forecasts; also used when columns are asked for.
        subject: The series.
        now: The node's time; nothing from later is looked at.
        span: How much of the end of it is wanted; all if not said.

    Raises:
        TrainingError: not one value is known.
    """
    with scoped_to(engine, [subject.farm_id]) as connection:
        farm = farms.farm(connection, subject.farm_id)
        one = next(one for one in series.series_of(connection, farm.id) if one.id == subject.series_id)
        history = _known(_read(connection, one, floor_slot(now), span))
    recent = history if span is None else history.last(span)

    def columns_at(origin: int) -> Mapping[str, Floats]:
        with scoped_to(engine, [farm.id]) as connection:
            at = recent.start + origin * BUCKET
            return weather_until(connection, farm, at, at - recent.start).columns

    with scoped_to(engine, [farm.id]) as connection:
        weather = weather_until(connection, farm, recent.origin, recent.origin - recent.start)
    default = specification_for(farm, timedelta(days=1), weather).regressors
    title = f"{farm.name}/{one.name}" if one.name else farm.name
    return Source(title, recent, site_of(farm), columns_at, default)


def source_of_file(connection: Connection, training_id: int, wanted: Wanted) -> Source:
    """Return the series of the file that was handed in for a training, read as it was wanted there.

    Raises:
        NotFoundError: the file is not kept any longer.
        TableError: a line can't be read.
        SeriesError: the dates make no series.
        RegressorError: a column has no rule for its future.
        TrainingError: not one value is known.
    """
    title, names = trainings.find(connection, training_id).subject.name, wanted.regressors or ()
    given = SKY.intersection(names)
    with TemporaryDirectory() as folder:
        path = Path(folder) / INPUT_CSV
        path.write_bytes(trainings.artefact(connection, training_id, INPUT_CSV))
        table = read_ratio_table(
            path, zone=wanted.zone, unit=wanted.unit, regressors=[name for name in names if name not in given]
        )
    site = Site(wanted.zone, wanted.latitude, wanted.longitude)
    ahead = columns_ahead(table, rules_of(wanted.future), site, given)
    history = _known(table.history)
    skipped = (history.start - table.history.start) // history.step
    horizon = max(HORIZON, HELD_OUT // history.step)

    def columns_at(origin: int) -> Mapping[str, Floats]:
        return {name: column[skipped:] for name, column in ahead.at(skipped + origin, horizon).items()}

    return Source(title, history, site, columns_at, ())


def _read(connection: Connection, one: Series, end: datetime, span: timedelta | None) -> History:
    """Return what is measured until `end`: as much as the last span of it can need, or all."""
    if span is not None:
        recent = _measured(connection, one, end - 2 * span, end)
        if np.isfinite(recent.last(span).values).any():
            return recent
    return _measured(connection, one, EPOCH, end)


def _measured(connection: Connection, one: Series, start: datetime, end: datetime) -> History:
    rows = series.history(connection, one, start, end)
    known = [(row.bucket, row.standing_ratio) for row in rows if row.standing_ratio is not None]
    return history_of(known, step=BUCKET, start=max(start, rows[0].bucket if rows else end), end=end)


def _known(history: History) -> History:
    """Return what lies between the first and the last value that is known.

    Raises:
        TrainingError: none is.
    """
    known = np.flatnonzero(np.isfinite(history.values))
    if not len(known):
        raise TrainingError("not one value of the series is known")
    first, end = int(known[0]), int(known[-1]) + 1
    return History(history.start + first * history.step, history.step, history.values[first:end])
