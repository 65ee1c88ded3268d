"""Farms that leave: begun in one short transaction, emptied in steps, finished once MLflow has forgotten them too.

From the first transaction on nobody sees the farm, its name is free, and messages of that name are dropped. What is
left to do stands in `farm_deletion`, so whoever finds it there goes on, however often that was broken off; doing a
step again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import NotFoundError

DELETE: Final = "farm.delete"
"""Name and key of the job that goes on with all deletions; `animov_delete_farm` asks for it."""


class Progress(NamedTuple):
    """How far a deletion has come; times of the wall, `None` for what is yet to come.

    Attributes:
        asked_at: Since when nobody sees the farm.
        emptied_at: When its last row was gone.
        finished_at: When MLflow had forgotten it too.
    """

    asked_at: datetime
    emptied_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """A farm that is not yet gone from everywhere.

    Attributes:
        id: Of the deletion.
        farm_id: Of the farm.
        name: What it was called.
        models: Ids of the models that it had when it left.
        emptied: Whether all its rows are gone.
    """

    id: UUID
    farm_id: int
    name: str
    models: Sequence[int]
    emptied: bool


def begin(connection: Connection, farm_id: int, user_id: int | None) -> UUID:
    """Take a farm out of everybody's sight and ask the workers to delete it; return the id of the deletion.

    Args:
        connection: Administers the farm (`storage.engine.database.see_farms`).
        farm_id: The farm.
        user_id: Who asks; `None` for a command.

    Raises:
        NotFoundError: there is no such farm, or somebody deleted it at the same moment.
    """
    query = text("SELECT animov_delete_farm(:farm, CAST(:user AS int))")
    made = connection.execute(query, {"farm": farm_id, "user": user_id}).scalar_one()
    if made is None:
        raise NotFoundError("farm", farm_id)
    return UUID(str(made))


def progress(connection: Connection, deletion_id: UUID) -> Progress:
    """Return how far a deletion has come.

    Raises:
        NotFoundError: there is none of this id.
    """
    row = connection.execute(text("SELECT * FROM animov_deletion(:id)"), {"id": deletion_id}).one_or_none()
    if row is None:
        raise NotFoundError("deletion", deletion_id)
    return Progress(*row)


def unfinished(connection: Connection) -> list[Leaving]:
    """Return the farms that are not yet gone from everywhere, the one that left first at first."""
    query = """SELECT id, farm_id, to_forget->>'name',
      ARRAY(SELECT CAST(m AS int) FROM jsonb_array_elements_text(to_forget->'models') AS e (m)), emptied_at IS NOT NULL
    FROM farm_deletion WHERE finished_at IS NULL ORDER BY asked_at, id"""
    return [Leaving(*row) for row in connection.execute(text(query))]


def finish(connection: Connection, leaving: Leaving) -> None:
    """Note that a farm is gone from everywhere, and forget what it was called."""
    statement = """UPDATE farm_deletion SET finished_at = clock_timestamp(), to_forget = NULL
    WHERE id = :id AND emptied_at IS NOT NULL AND finished_at IS NULL"""
    connection.execute(text(statement), {"id": leaving.id})
