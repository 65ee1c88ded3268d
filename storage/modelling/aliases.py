"""Champion and challenger change: recorded each time, never rewritten, and told to the registry."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, text

from core.errors import ConflictError, NotFoundError
from storage.modelling import tracking
from storage.modelling.models import SUBJECT, Alias, Subject, holder

Why = Literal["trained", "first", "won", "order", "rollback", "reselection"]

DEFAULT: Final = None
"""In place of a model's id: the default model of the farm."""


class Change(NamedTuple):
    """An alias went from one model to another; `None` is the farm's default, or nobody."""

    at: datetime
    alias: Alias
    from_model: int | None
    to_model: int | None
    why: Why
    evidence: Mapping[str, Any]


def point(
    connection: Connection,
    subject: Subject,
    alias: Alias,
    model_id: int | None,
    *,
    why: Why,
    at: datetime,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    """Give an alias to a model, or to nobody, record the change and have the registry told; no change, no record.

    A model that becomes champion is challenger no longer.
    """
    lock(connection, subject)
    before = holder(connection, subject, alias)
    if (before and before.id) == model_id:
        return
    values = {**subject._asdict(), "alias": alias, "model": model_id, "at": at}
    connection.execute(text(f"DELETE FROM model_alias WHERE {SUBJECT} AND alias = :alias"), values)  # noqa: S608 - our own words
    if model_id is not None:
        insert = """INSERT INTO model_alias (farm_id, series_id, name, alias, model_id, since)
        VALUES (:farm_id, :series_id, :name, :alias, :model, :at)"""
        connection.execute(text(insert), values)
    record = """INSERT INTO model_change (farm_id, series_id, name, at, alias, from_model, to_model, why, evidence)
    VALUES (:farm_id, :series_id, :name, :at, :alias, :before, :model, :why, CAST(:evidence AS jsonb))"""
    noted = {"before": before and before.id, "why": why, "evidence": json.dumps(dict(evidence or {}))}
    change: int = connection.execute(text(record + " RETURNING id"), values | noted).scalar_one()
    tracking.put(connection, "alias", f"alias:{change}", {"change": change}, farm_id=subject.farm_id, at=at)
    if alias == "champion" and model_id is not None:
        challenger = holder(connection, subject, "challenger")
        if challenger and challenger.id == model_id:
            point(connection, subject, "challenger", None, why=why, at=at)


def roll_back(connection: Connection, subject: Subject, *, at: datetime) -> int | None:
    """Let the champion before the present one reign again; return its id, `None` for the default of the farm.

    Rolling back twice goes back twice: what was rolled back does not come again.

    Raises:
        ConflictError: there was no champion before.
    """
    lock(connection, subject)
    reigned = reigns([change for change in changes_of(connection, subject) if change.alias == "champion"])
    if len(reigned) < 2:
        raise ConflictError("there was no other champion before this one")
    point(connection, subject, "champion", reigned[-2], why="rollback", at=at)
    return reigned[-2]


def reigns(changes: Sequence[Change]) -> list[int | None]:
    """Return who would reign after each further rollback, the present champion last.

    Args:
        changes: Of the champion, oldest first.
    """
    reigned: list[int | None] = [DEFAULT]
    for change in changes:
        if change.why == "rollback":
            reigned.pop()
        else:
            reigned.append(change.to_model)
    return reigned[1:] if changes and changes[0].why == "first" else reigned


def changes_of(connection: Connection, subject: Subject) -> list[Change]:
    """Return every change of the aliases of a subject, oldest first."""
    query = f"SELECT at, alias, from_model, to_model, why, evidence FROM model_change WHERE {SUBJECT} ORDER BY id"  # noqa: S608 - our own words
    return [Change(*row) for row in connection.execute(text(query), subject._asdict())]


def change(connection: Connection, change_id: int) -> tuple[Subject, Change]:
    """Return one change and the subject whose alias it was.

    Raises:
        NotFoundError: there is none of that number.
    """
    query = """SELECT farm_id, series_id, name, at, alias, from_model, to_model, why, evidence FROM model_change
    WHERE id = :id"""
    row = connection.execute(text(query), {"id": change_id}).one_or_none()
    if row is None:
        raise NotFoundError("change of a model", change_id)
    return Subject(*row[:3]), Change(*row[3:])


def locked_champion(connection: Connection, subject: Subject) -> int | None:
    """Return who reigns, `None` for the default of the farm; that stays so until this transaction ends."""
    lock(connection, subject)
    champion = holder(connection, subject, "champion")
    return champion.id if champion else None


def lock(connection: Connection, subject: Subject) -> None:
    """Let no other transaction change aliases of the farm until this one ends."""
    query = "SELECT pg_advisory_xact_lock(hashtext('animov aliases'), :farm)"
    connection.execute(text(query), {"farm": subject.farm_id})
