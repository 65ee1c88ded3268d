"""Models of series, and which of them is champion and challenger now; `storage.modelling.aliases` changes that."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, text

from core.errors import ConflictError, NotFoundError

Alias = Literal["champion", "challenger"]


class Subject(NamedTuple):
    """What a model foretells: a series of the node, or, without one, the series of a file by a name."""

    farm_id: int
    series_id: int | None = None
    name: str = ""

    @property
    def key(self) -> str:
        """Letters, digits and hyphens that no other subject has, such as `series-12`."""
        return f"series-{self.series_id}" if self.series_id is not None else f"file-{self.farm_id}-{self.name}"


@dataclass(frozen=True, slots=True)
class Model:
    """A model.

    Attributes:
        id: Its number.
        subject: What it foretells.
        specification: Canonical JSON.
        digest: sha256 in hexadecimal, the same for what is no new model.
        parameters: Estimates of the training that made it; each cycle estimates anew.
        created_at: On the node's clock.
        training_id: The training that made it first; `None` if that is forgotten.
        aliases: Of `champion` and `challenger` those that it is now.
    """

    id: int
    subject: Subject
    specification: str
    digest: str
    parameters: Mapping[str, float]
    created_at: datetime
    training_id: int | None
    aliases: Sequence[str]


_SELECT: Final = """
SELECT m.id, m.farm_id, m.series_id, m.name, m.specification, m.digest, m.parameters, m.created_at, m.training_id,
       ARRAY(SELECT alias FROM model_alias a WHERE a.model_id = m.id ORDER BY alias)
FROM model m
"""
SUBJECT: Final = "farm_id = :farm_id AND series_id IS NOT DISTINCT FROM :series_id AND name = :name"
"""Condition on the rows of a subject."""


def champions(connection: Connection, farm_id: int) -> dict[int, str]:
    """Return the champion's specification (JSON) by series id; a series that is absent has the default of the farm."""
    query = """SELECT a.series_id, m.specification FROM model_alias a JOIN model m ON m.id = a.model_id
    WHERE a.farm_id = :farm AND a.series_id IS NOT NULL AND a.alias = 'champion'"""
    return {row[0]: row[1] for row in connection.execute(text(query), {"farm": farm_id})}


def ensure_model(
    connection: Connection,
    subject: Subject,
    *,
    specification: str,
    digest: str,
    parameters: Mapping[str, float],
    training_id: int | None,
    now: datetime,
) -> int:
    """Return the id of the subject's model of this digest, made if missing: a refit is no new model.

    `training_id` is the training that found it, `None` if it was found otherwise.
    """
    values = {
        **subject._asdict(),
        "specification": specification,
        "digest": digest,
        "parameters": json.dumps(dict(parameters)),
        "training": training_id,
        "now": now,
    }
    insert = """INSERT INTO model (farm_id, series_id, name, specification, digest, parameters, created_at, training_id)
    VALUES (:farm_id, :series_id, :name, :specification, :digest, CAST(:parameters AS jsonb), :now, :training)
    ON CONFLICT DO NOTHING"""
    connection.execute(text(insert), values)
    query = f"SELECT id FROM model WHERE {SUBJECT} AND digest = :digest"  # noqa: S608 - our own words
    found: int = connection.execute(text(query), values).scalar_one()
    return found


def find_model(connection: Connection, model_id: int) -> Model:
    """Return a model.

    Raises:
        NotFoundError: it does not exist, or this transaction may not see it.
    """
    row = connection.execute(text(_SELECT + "WHERE m.id = :id"), {"id": model_id}).one_or_none()
    if row is None:
        raise NotFoundError("model", model_id)
    return _model(row)


def models_of(connection: Connection, farm_id: int) -> list[Model]:
    """Return the models of a farm, newest first."""
    rows = connection.execute(text(_SELECT + "WHERE m.farm_id = :farm ORDER BY m.id DESC"), {"farm": farm_id})
    return [_model(row) for row in rows]


def page_of(
    connection: Connection,
    farm_id: int,
    *,
    before: int,
    limit: int,
    series_id: int | None = None,
    alias: Alias | None = None,
) -> list[Model]:
    """Return the first models of a farm with a number below `before`, newest first; of a series, with an alias."""
    query = _SELECT + "WHERE m.farm_id = :farm AND m.id < :before"
    if series_id is not None:
        query += " AND m.series_id = :series"
    if alias is not None:
        query += " AND EXISTS (SELECT FROM model_alias h WHERE h.model_id = m.id AND h.alias = :alias)"
    values = {"farm": farm_id, "before": before, "limit": limit, "series": series_id, "alias": alias}
    rows = connection.execute(text(query + " ORDER BY m.id DESC LIMIT :limit"), values)
    return [_model(row) for row in rows]


def check_pair(connection: Connection, model_id: int, against: int | None) -> None:
    """Refuse to compare a model with itself, or with one of another series; left out, the other is the champion.

    Raises:
        NotFoundError: there is no such model.
        ConflictError: the other is the same, or of another series.
    """
    subject = find_model(connection, model_id).subject
    if against is None:
        champion = holder(connection, subject, "champion")
        against = None if champion is None else champion.id
    if against == model_id:
        raise ConflictError(f"model {model_id} would be compared with itself; a test judges it alone")
    if against is not None and find_model(connection, against).subject != subject:
        raise ConflictError(f"models {model_id} and {against} are of different series and can't be compared")


def champion_for(connection: Connection, farm_id: int, name: str) -> Model | None:
    """Return the champion of the file series of a name, or else the model that became champion last on a farm."""
    query = _SELECT + (
        "JOIN model_alias h ON h.model_id = m.id AND h.alias = 'champion' WHERE m.farm_id = :farm"
        " ORDER BY (m.series_id IS NULL AND m.name = :name) DESC, h.since DESC, m.id DESC LIMIT 1"
    )
    row = connection.execute(text(query), {"farm": farm_id, "name": name}).one_or_none()
    return None if row is None else _model(row)


def holder(connection: Connection, subject: Subject, alias: Alias) -> Model | None:
    """Return the model that has an alias; no champion means the default of the farm."""
    query = _SELECT + (
        "JOIN model_alias h ON h.model_id = m.id AND h.alias = :alias WHERE m.farm_id = :farm_id"
        " AND m.series_id IS NOT DISTINCT FROM :series_id AND m.name = :name"
    )
    row = connection.execute(text(query), {**subject._asdict(), "alias": alias}).one_or_none()
    return None if row is None else _model(row)


def newest_holder(connection: Connection, alias: Alias) -> Model | None:
    """Return the model that was given an alias last, of whatever series of whatever farm."""
    query = _SELECT + (
        "JOIN model_alias h ON h.model_id = m.id WHERE h.alias = :alias ORDER BY h.since DESC, m.id DESC LIMIT 1"
    )
    row = connection.execute(text(query), {"alias": alias}).one_or_none()
    return None if row is None else _model(row)


def _model(row: Sequence[Any]) -> Model:
    number, farm_id, series_id, name, *rest = row
    return Model(number, Subject(farm_id, series_id, name), *rest)
