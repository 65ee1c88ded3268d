"""What a herd consists of, one by one: groups, animals and collars made, renamed and removed.

Only what was made by mistake can be removed. What anything was ever known of stays: an animal that was sold is one
whose collar was taken off, and its windows, forecasts and alerts go on being true.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from core.errors import ConflictError, NameRefusedError, NotFoundError
from core.names import is_name, looks_of, refuse_alike
from core.problem_texts import say
from storage.herds import herd
from storage.schema import hypertables

Kind = Literal["group", "animal", "collar"]

_TABLES: Final[dict[Kind, str]] = {"group": "animal_group", "animal": "animal", "collar": "collar"}
_HINTS: Final[dict[Kind, str]] = {
    "group": "a group",
    "animal": "an animal",
    "collar": "a collar (64 letters, digits, _ and - at most)",
}

_HANGS: Final[dict[Kind, dict[str, str]]] = {
    "group": {
        "group_had_animals": "SELECT FROM membership WHERE group_id = :id",
        "group_in_journal": "SELECT FROM journal WHERE group_id = :id",
        "group_has_forecasts": "SELECT FROM farm_forecast f JOIN series s ON s.id = f.series_id WHERE s.group_id = :id",
    },
    "animal": {
        "animal_wore_collar": "SELECT FROM assignment WHERE animal_id = :id",
        "animal_has_windows": "SELECT FROM stored_window WHERE animal_id = :id",
        "animal_in_journal": "SELECT FROM journal WHERE animal_id = :id",
    },
    "collar": {
        "collar_was_worn": "SELECT FROM assignment WHERE collar_id = :id",
        "collar_was_heard": """SELECT FROM stored_evidence WHERE collar_id = :id
          UNION ALL SELECT FROM collar_status WHERE collar_id = :id""",
    },
}
"""Why something is kept, as `core.problem_texts` says it, each with a query that finds it."""


def check_name(kind: Kind, name: str) -> None:
    """Refuse a name that people can't read and write again or, of a collar, can't stand in a topic.

    Raises:
        NameRefusedError: it is such a one.
    """
    if not (re.fullmatch("[A-Za-z0-9_-]{1,64}", name) if kind == "collar" else is_name(name)):
        raise NameRefusedError(_HINTS[kind], name)


def create(connection: Connection, farm_id: int, kind: Kind, name: str, looks: Mapping[str, str] | None = None) -> int:
    """Make a group, animal or collar and return its id.

    Args:
        connection: A transaction.
        farm_id: Of the farm.
        kind: What is made.
        name: Its name.
        looks: The names that there are, as `core.names.looks_of` tells them; read if left out.

    Raises:
        NameRefusedError: the name can't be used.
        ConflictError: there is one of that name, or, but for collars, of one that looks the same.
    """
    check_name(kind, name)
    if kind != "collar":
        refuse_alike(name, _looks(connection, farm_id, kind) if looks is None else looks)
    if kind == "collar":
        herd.lock_farm(connection, farm_id)
    insert = f"INSERT INTO {_TABLES[kind]} (farm_id, name) VALUES (:farm, :name) ON CONFLICT DO NOTHING RETURNING id"  # noqa: S608 - our own names
    made = connection.execute(text(insert), {"farm": farm_id, "name": name}).scalar_one_or_none()
    if made is None:
        raise ConflictError(say("name_taken", name=name))
    if kind == "collar":
        herd.registry_changed(connection, farm_id)
    return int(made)


def rename(connection: Connection, farm_id: int, kind: Kind, row_id: int, name: str) -> None:
    """Give a group, animal or collar another name; a collar is heard under the new one only.

    Raises:
        NameRefusedError: the name can't be used.
        NotFoundError: the farm has none of that id.
        ConflictError: there is another of that name, or, but for collars, of one that looks the same.
    """
    check_name(kind, name)
    if kind != "collar":
        refuse_alike(name, _looks(connection, farm_id, kind, but=row_id))
    if kind == "collar":
        herd.lock_farm(connection, farm_id)
    update = f"UPDATE {_TABLES[kind]} SET name = :name WHERE id = :id AND farm_id = :farm"  # noqa: S608 - our own names
    try:
        renamed = connection.execute(text(update), {"id": row_id, "farm": farm_id, "name": name})
    except IntegrityError:
        raise ConflictError(say("name_taken", name=name)) from None
    if not renamed.rowcount:
        raise NotFoundError(kind, row_id)
    if kind == "collar":
        herd.registry_changed(connection, farm_id)


def remove(connection: Connection, farm_id: int, kind: Kind, row_id: int) -> str:
    """Remove a group, animal or collar that nothing hangs on; return the name it had.

    Raises:
        NotFoundError: the farm has none of that id.
        ConflictError: something is known of it.
    """
    herd.lock_farm(connection, farm_id)  # no flush is under way that learns something of it meanwhile
    name = _name_of(connection, farm_id, kind, row_id)
    for reason, query in _HANGS[kind].items():
        if connection.execute(text(f"SELECT EXISTS ({query})"), {"id": row_id}).scalar_one():
            raise ConflictError(say(reason, name=name))
    hypertables.plan_by_value(connection)
    connection.execute(text(f"DELETE FROM {_TABLES[kind]} WHERE id = :id"), {"id": row_id})  # noqa: S608 - our own names
    if kind == "collar":
        herd.registry_changed(connection, farm_id)
    return name


def names_of(connection: Connection, farm_id: int, kind: Kind) -> dict[str, int]:
    """Return the ids of all groups, animals or collars of a farm by name."""
    query = f"SELECT name, id FROM {_TABLES[kind]} WHERE farm_id = :farm"  # noqa: S608 - our own names
    return dict(connection.execute(text(query), {"farm": farm_id}).all())


def _looks(connection: Connection, farm_id: int, kind: Kind, but: int = 0) -> dict[str, str]:
    """Return the names that people might take for another one; collars are named by machines, as in topics."""
    return looks_of(name for name, row_id in names_of(connection, farm_id, kind).items() if row_id != but)


def _name_of(connection: Connection, farm_id: int, kind: Kind, row_id: int) -> str:
    query = f"SELECT name FROM {_TABLES[kind]} WHERE id = :id AND farm_id = :farm"  # noqa: S608 - our own names
    name = connection.execute(text(query), {"id": row_id, "farm": farm_id}).scalar_one_or_none()
    if name is None:
        raise NotFoundError(kind, row_id)
    return str(name)
