"""Long work on models, from the asking to the end: what was wanted, how far it is, what came of it, its files.

Whoever does some work holds a lock of a session on its number, which the database takes back when the process behind
that session ends, however it ends: work under way whose lock nobody holds is dead, and no clock has to be asked.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from core.errors import AnimovError, ConflictError, NameRefusedError, NotFoundError
from storage.modelling.models import Subject

Kind = Literal["train", "test", "compare", "promote", "predict"]
State = Literal["waiting", "running", "done", "failed", "cancelled"]

STATES: Final[tuple[State, ...]] = get_args(State)

MOST_BYTES: Final = 16 * 1024 * 1024
"""Largest file that is kept of a training."""

DIED: Final = "its process ended"
"""Why work failed that nobody does any longer."""

RETRIES: Final = 3
"""How often a job begins its work again before that counts as what ends its workers."""

_LOCK: Final = "hashtext('animov training')"


class TooLargeError(AnimovError):
    """A file of a training is larger than what is kept."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(f"{name} has {size:,} bytes; {MOST_BYTES:,} can be kept")
        self.name = name
        self.size = size


@dataclass(frozen=True, slots=True)
class Training:
    """Work on models.

    Attributes:
        id: Its number.
        subject: What it is for.
        kind: `train` makes a model, `predict` continues a series that was handed in, the others judge models.
        request: What was asked.
        requested_by: Who asked.
        state: Where it is.
        progress: Share done, 0 to 1.
        expected_s: Seconds that it should take; `None` before that is known.
        asked_at: On the node's clock, like the two times after it.
        started_at: `None` before.
        finished_at: `None` before.
        error: Why it failed; else empty.
        metrics: What it found.
        model_id: The model that a training made or made again.
        artefacts: Names of its files.
    """

    id: int
    subject: Subject
    kind: Kind
    request: Mapping[str, Any]
    requested_by: str
    state: State
    progress: float
    expected_s: float | None
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str
    metrics: Mapping[str, Any]
    model_id: int | None
    artefacts: tuple[str, ...]


_SELECT: Final = """
SELECT id, farm_id, series_id, name, kind, request, requested_by, state, progress, expected_s, asked_at, started_at,
       finished_at, error, metrics, model_id,
       ARRAY(SELECT a.name FROM training_artefact a WHERE a.training_id = t.id ORDER BY a.name)
FROM training t
"""


def ask(
    connection: Connection, kind: Kind, subject: Subject, request: Mapping[str, Any], *, requested_by: str, at: datetime
) -> int:
    """Put work down as wanted; return its number.

    Raises:
        NameRefusedError: the series of a file has a name that can't stand in an alias.
    """
    if subject.series_id is None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", subject.name):
        raise NameRefusedError("the series of a file (letters, digits, _ and - only)", subject.name)
    statement = """INSERT INTO training (farm_id, series_id, name, kind, request, requested_by, asked_at)
    VALUES (:farm_id, :series_id, :name, :kind, CAST(:request AS jsonb), :by, :at) RETURNING id"""
    values = {"kind": kind, "request": json.dumps(dict(request)), "by": requested_by, "at": at, **subject._asdict()}
    number: int = connection.execute(text(statement), values).scalar_one()
    return number


def find(connection: Connection, training_id: int) -> Training:
    """Return work on models.

    Raises:
        NotFoundError: there is none of that number, or this transaction may not see it.
    """
    row = connection.execute(text(_SELECT + "WHERE id = :id"), {"id": training_id}).one_or_none()
    if row is None:
        raise NotFoundError("training", training_id)
    return _training(row)


ON_MODELS: Final[tuple[Kind, ...]] = ("train", "test", "compare", "promote")
"""All but predictions, which change nothing and are not kept for long."""


def newest(
    connection: Connection,
    farm_id: int,
    limit: int,
    *,
    kinds: Sequence[Kind] = ON_MODELS,
    states: Sequence[State] = STATES,
    before: int = 2**31 - 1,
) -> list[Training]:
    """Return the work of a farm of some kinds and in some states, what was asked last first, below a number."""
    query = _SELECT + (
        "WHERE farm_id = :farm AND id < :before AND kind = ANY (:kinds) AND state = ANY (:states)"
        " ORDER BY id DESC LIMIT :limit"
    )
    values = {"farm": farm_id, "before": before, "kinds": list(kinds), "states": list(states), "limit": limit}
    return [_training(row) for row in connection.execute(text(query), values)]


def start(connection: Connection, training_id: int) -> bool:
    """Have a worker do work that waits, once this transaction is committed; asked for twice it is done once.

    Returns:
        False if it has begun or ended, or is not the transaction's to ask for.
    """
    return bool(connection.execute(text("SELECT animov_start_work(:id)"), {"id": training_id}).scalar_one())


@contextmanager
def at_work(engine: Engine, training_id: int) -> Iterator[Connection | None]:
    """Be the one who does some work, for the time of the block; `None` if somebody else is at it.

    The work is held by the connection that is given, which commits each statement: with it gone, so is the hold.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # of a machine that went away the database hears nothing; unasked, it waits for two hours
        connection.execute(text("SET tcp_keepalives_idle = 30"))
        values = {"id": training_id}
        held = bool(connection.execute(text(f"SELECT pg_try_advisory_lock({_LOCK}, :id)"), values).scalar_one())
        try:
            yield connection if held else None
        finally:
            if held:
                with suppress(SQLAlchemyError):  # a connection that is lost holds nothing
                    connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK}, :id)"), values)


def bury(connection: Connection, *, at: datetime) -> list[int]:
    """Fail the work under way that nobody does any longer, and return its numbers.

    A job that lost its worker goes back into the queue and does its work again, unless it did so `RETRIES` times.
    """
    statement = f"""UPDATE training t SET state = 'failed', finished_at = :at, error = :died
    WHERE state = 'running'
    AND NOT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
      WHERE l.locktype = 'advisory' AND l.objsubid = 2
      AND l.classid = ({_LOCK} & 4294967295)::oid AND l.objid = t.id::oid)
    AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.task_name = 'model.' || t.kind
      AND j.args ->> 'training_id' = t.id::text AND j.status IN ('todo', 'doing') AND j.attempts < :retries)
    RETURNING id"""  # noqa: S608 - our own words
    values = {"at": at, "died": DIED, "retries": RETRIES}
    return sorted(connection.execute(text(statement), values).scalars())


def begin(connection: Connection, training_id: int, *, at: datetime) -> bool:
    """Start work, also again after whoever did it died; false if it is done, failed or cancelled."""
    statement = """UPDATE training SET state = 'running', progress = 0, started_at = :at
    WHERE id = :id AND state IN ('waiting', 'running')"""
    return connection.execute(text(statement), {"id": training_id, "at": at}).rowcount == 1


def report(connection: Connection, training_id: int, progress: float, *, expected_s: float | None = None) -> bool:
    """Tell how far work is; false if it is wanted no longer."""
    statement = """UPDATE training SET progress = greatest(progress, :progress),
      expected_s = coalesce(:expected, expected_s) WHERE id = :id AND state = 'running'"""
    values = {"id": training_id, "progress": progress, "expected": expected_s}
    return connection.execute(text(statement), values).rowcount == 1


def finish(
    connection: Connection, training_id: int, *, metrics: Mapping[str, Any], model_id: int | None, at: datetime
) -> bool:
    """Write what work found; false, and nothing written, if it was cancelled meanwhile."""
    statement = """UPDATE training SET state = 'done', progress = 1, finished_at = :at,
      metrics = CAST(:metrics AS jsonb), model_id = :model WHERE id = :id AND state = 'running'"""
    values = {"id": training_id, "at": at, "metrics": json.dumps(dict(metrics)), "model": model_id}
    return connection.execute(text(statement), values).rowcount == 1


def fail(connection: Connection, training_id: int, error: str, *, at: datetime) -> None:
    """Write why work came to nothing."""
    statement = """UPDATE training SET state = 'failed', finished_at = :at, error = :error
    WHERE id = :id AND state IN ('waiting', 'running')"""
    connection.execute(text(statement), {"id": training_id, "at": at, "error": error})


def give_up(connection: Connection, training_id: int, *, at: datetime) -> bool:
    """Give up work; whoever does it stops when it next tells how far it is. False if it has ended already."""
    statement = """UPDATE training SET state = 'cancelled', finished_at = :at
    WHERE id = :id AND state IN ('waiting', 'running')"""
    return connection.execute(text(statement), {"id": training_id, "at": at}).rowcount == 1


def cancel(connection: Connection, training_id: int, *, at: datetime) -> None:
    """Give up work that somebody names, whether it waits or is under way; a job that waits for it does nothing then.

    Raises:
        NotFoundError: there is none of that number.
        ConflictError: it has ended already.
    """
    if not give_up(connection, training_id, at=at):
        ended = find(connection, training_id)
        raise ConflictError(f"training {training_id} can't be cancelled: it has ended already ({ended.state})")


def keep(connection: Connection, training_id: int, name: str, content: bytes) -> None:
    """Keep a file of a training, in place of one of the same name.

    Raises:
        TooLargeError: it is too large to be kept.
    """
    if len(content) > MOST_BYTES:
        raise TooLargeError(name, len(content))
    statement = """INSERT INTO training_artefact (training_id, name, content) VALUES (:id, :name, :content)
    ON CONFLICT (training_id, name) DO UPDATE SET content = excluded.content"""
    connection.execute(text(statement), {"id": training_id, "name": name, "content": content})


def artefact(connection: Connection, training_id: int, name: str) -> bytes:
    """Return a file of a training.

    Raises:
        NotFoundError: it has none of that name, or not any longer.
    """
    query = "SELECT content FROM training_artefact WHERE training_id = :id AND name = :name"
    content = connection.execute(text(query), {"id": training_id, "name": name}).scalar_one_or_none()
    if content is None:
        raise NotFoundError("file of this training", name)
    return bytes(content)


def forget_files(connection: Connection, before: datetime) -> int:
    """Delete the files of work asked for before an instant, but for those behind a champion or challenger.

    Returns:
        How many files went.
    """
    statement = """DELETE FROM training_artefact f USING training t WHERE t.id = f.training_id AND t.asked_at < :before
    AND NOT EXISTS (SELECT FROM model m JOIN model_alias a ON a.model_id = m.id WHERE m.training_id = t.id)"""
    return connection.execute(text(statement), {"before": before}).rowcount


def forget_predictions(connection: Connection, before: datetime) -> int:
    """Delete predictions asked for before an instant, with their files; return how many."""
    statement = "DELETE FROM training WHERE kind = 'predict' AND finished_at IS NOT NULL AND asked_at < :before"
    return connection.execute(text(statement), {"before": before}).rowcount


def _training(row: Sequence[Any]) -> Training:
    number, farm_id, series_id, name = row[:4]
    fields: tuple[Any, ...] = (*row[4:-1], tuple(row[-1]))
    return Training(number, Subject(farm_id, series_id, name), *fields)
