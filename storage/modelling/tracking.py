"""What MLflow has yet to be told, kept until it has been: forecasts and trainings wait for nobody.

Whoever has something to log puts it here in the transaction that did the work; a job logs it, then takes the row away.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, text

Kind = Literal["cycle", "training", "alias", "posture"]

LONGEST_ERROR: Final = 500
"""Characters that are kept of why something could not be logged."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to log.

    Attributes:
        id: Rises with time.
        farm_id: Whose it is.
        kind: What becomes of it.
        key: Names the one run that comes of it.
        payload: What is logged.
        at: On the node's clock.
        attempts: How often it could not be logged.
    """

    id: int
    farm_id: int
    kind: Kind
    key: str
    payload: Mapping[str, Any]
    at: datetime
    attempts: int


def put(
    connection: Connection, kind: Kind, key: str, payload: Mapping[str, Any], *, farm_id: int, at: datetime
) -> None:
    """Have something logged; what has a key that waits already is left as it is.

    Args:
        connection: The transaction that did the work.
        kind: `cycle` with `{"metrics": {name: number}, "params": {name: text}, "rows": [{column: value}, ...]}`,
            `training` with `{"training": id}`, `alias` with `{"change": id}`, `posture` with `{"model": {...},
            "metrics": {name: number}, "params": {name: text}}`.
        key: Names the one run that comes of it, such as `cycle:3:2026-05-01T12:00:00+00:00`.
        payload: Plain data.
        farm_id: Whose it is.
        at: On the node's clock; the start of the run.
    """
    statement = """INSERT INTO tracking (farm_id, kind, key, payload, at)
    VALUES (:farm, :kind, :key, CAST(:payload AS jsonb), :at) ON CONFLICT (key) DO NOTHING"""
    values = {"farm": farm_id, "kind": kind, "key": key, "payload": json.dumps(dict(payload)), "at": at}
    connection.execute(text(statement), values)


@contextmanager
def sole(engine: Engine) -> Iterator[bool]:
    """Be the only process that logs, for the time of the block; false if another one is. No transaction is held."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        alone = bool(connection.execute(text("SELECT pg_try_advisory_lock(hashtext('animov tracking'))")).scalar_one())
        try:
            yield alone
        finally:
            if alone:
                connection.execute(text("SELECT pg_advisory_unlock(hashtext('animov tracking'))"))


def waiting(connection: Connection, most: int) -> list[int]:
    """Return the ids of what waits: what failed least comes first, then the oldest."""
    query = "SELECT id FROM tracking ORDER BY attempts, id LIMIT :most"
    return list(connection.execute(text(query), {"most": most}).scalars())


def entry(connection: Connection, entry_id: int) -> Entry | None:
    """Return what waits under an id, unless it is gone meanwhile."""
    query = "SELECT id, farm_id, kind, key, payload, at, attempts FROM tracking WHERE id = :id"
    row = connection.execute(text(query), {"id": entry_id}).one_or_none()
    return None if row is None else Entry(*row)


def settle(connection: Connection, entry_id: int) -> None:
    """Take away what has been logged."""
    connection.execute(text("DELETE FROM tracking WHERE id = :id"), {"id": entry_id})


def note_failure(connection: Connection, entry_id: int, error: str) -> None:
    """Keep why something could not be logged; it goes behind what has failed less often."""
    statement = "UPDATE tracking SET attempts = attempts + 1, error = :error WHERE id = :id"
    connection.execute(text(statement), {"id": entry_id, "error": error[:LONGEST_ERROR].replace("\0", "")})


def forget_cycles(connection: Connection, before: datetime) -> int:
    """Give up on the cycles before an instant, whose runs would not be kept any longer; return how many."""
    statement = "DELETE FROM tracking WHERE kind = 'cycle' AND at < :before"
    return connection.execute(text(statement), {"before": before}).rowcount
