"""The record of what people, keys and commands changed: who, what, when, written in the transaction that changed it."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from storage.access.scoping import Scope

Scalar = str | int | float | bool | None


class Entry(NamedTuple):
    """One change; `farm` is the name of the farm, `None` for what belongs to none."""

    id: int
    at: datetime
    farm: str | None
    actor: str
    action: str
    subject: str
    change: Mapping[str, Scalar | list[Scalar]]


_NOTE = text(
    """INSERT INTO audit_log (farm_id, actor, action, subject, change)
    VALUES (:farm, :actor, :action, :subject, CAST(:change AS jsonb))"""
)


def note(
    caller: Scope, farm_id: int | None, action: str, subject: str, change: Mapping[str, Any] | None = None
) -> None:
    """Record what a caller changes.

    Args:
        caller: Who, in the transaction that changes it.
        farm_id: Whose it is; `None` for what belongs to no farm.
        action: A stable code, subject and deed: `animal.renamed`.
        subject: What is changed, as people would say it: `animal Brune`.
        change: What it is from now on; nothing secret. Times are told as RFC 3339, what is nested as JSON text.
    """
    note_by(caller.connection, farm_id, action, subject, change, actor=caller.actor)


def note_by(
    connection: Connection,
    farm_id: int | None,
    action: str,
    subject: str,
    change: Mapping[str, Any] | None = None,
    *,
    actor: str,
) -> None:
    """Record what somebody changes who does not come through the API; for the rest see `note`."""
    told = json.dumps({name: _plain(value) for name, value in (change or {}).items()})
    values = {"farm": farm_id, "actor": actor, "action": action, "subject": subject, "change": told}
    connection.execute(_NOTE, values)


def _plain(value: object) -> Scalar | list[Scalar]:
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_scalar(one) for one in value]
    return _scalar(value)


def _scalar(value: object) -> Scalar:
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (date, time)):
        return value.isoformat()
    return json.dumps(value, default=str) if isinstance(value, (Mapping, list, tuple)) else str(value)


_ENTRIES = """SELECT l.id, l.at, f.name, l.actor, l.action, l.subject, l.change
FROM audit_log l LEFT JOIN farm f ON f.id = l.farm_id WHERE l.id < :before"""
_ORDER = " ORDER BY l.id DESC LIMIT :limit"
_OF_FARM = text(_ENTRIES + " AND l.farm_id = :farm" + _ORDER)
_OF_ALL = text(_ENTRIES + _ORDER)


def entries(connection: Connection, farm_id: int | None, *, before: int, limit: int) -> list[Entry]:
    """Return what was changed, the latest first.

    Args:
        connection: Sees the entries of the farms that its caller administers; a platform administrator's sees all.
        farm_id: Only of this farm; `None` for all that is seen.
        before: Only entries with smaller ids.
        limit: At most so many.
    """
    query, values = (_OF_ALL, {}) if farm_id is None else (_OF_FARM, {"farm": farm_id})
    return [Entry(*row) for row in connection.execute(query, {**values, "before": before, "limit": limit})]
