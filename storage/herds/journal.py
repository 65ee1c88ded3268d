"""A farm's journal: what people write down of an animal, a group or the whole farm, at an instant or over a span.

Functions take a transaction that sees the caller's farms, and never commit.
"""

from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, text

from core.errors import NotFoundError

Kind = Literal["kidding", "treatment", "ration", "move", "other"]


class Written(NamedTuple):
    """What somebody writes down.

    Attributes:
        kind: What it is about.
        start: When it happened or began, aware, inclusive.
        until: When it ended, aware, exclusive; `None`: it took no time, or its end is not known.
        note: In people's own words; may be empty.
        group_id: The group that it is about, if it is about one.
        animal_id: The animal; without either it is about the whole farm.
    """

    kind: Kind
    start: datetime
    until: datetime | None
    note: str
    group_id: int | None
    animal_id: int | None


class Entry(NamedTuple):
    """An entry of the journal: who wrote what, on the node's clock."""

    id: int
    written: Written
    author: str
    written_at: datetime


class Behind(NamedTuple):
    """Where a list goes on: behind the entry of this start and id."""

    start: datetime
    id: int


_SELECT: Final = "SELECT id, kind, start, until, note, group_id, animal_id, author, written_at FROM journal"
_LIST: Final = text(f"""{_SELECT}
WHERE farm_id = :farm AND (CAST(:start AS timestamptz) IS NULL OR start >= :start OR until > :start)
  AND (CAST(:until AS timestamptz) IS NULL OR start < :until)
  AND (CAST(:kind AS text) IS NULL OR kind = :kind)
  AND (CAST(:group AS int) IS NULL OR group_id = :group) AND (CAST(:animal AS int) IS NULL OR animal_id = :animal)
  AND (CAST(:behind_id AS bigint) IS NULL OR (start, id) < (CAST(:behind_start AS timestamptz), :behind_id))
ORDER BY start DESC, id DESC LIMIT :limit
""")


def entries(
    connection: Connection,
    farm_id: int,
    *,
    start: datetime | None = None,
    until: datetime | None = None,
    kind: Kind | None = None,
    group: int | None = None,
    animal: int | None = None,
    behind: Behind | None = None,
    limit: int,
) -> list[Entry]:
    """Return what was written of a farm, the latest first.

    Args:
        connection: Sees the farm.
        farm_id: The farm.
        start: Only what happened at this instant or later, or lasted into it.
        until: Only what began before this instant.
        kind: Only this kind.
        group: Only what is about this group itself.
        animal: Only what is about this animal itself.
        behind: Where the list goes on.
        limit: At most so many.
    """
    where = {"farm": farm_id, "start": start, "until": until, "kind": kind, "group": group, "animal": animal}
    after = {"behind_start": behind and behind.start, "behind_id": behind and behind.id}
    return [_entry(*row) for row in connection.execute(_LIST, {**where, **after, "limit": limit})]


def entry(connection: Connection, farm_id: int, entry_id: int) -> Entry:
    """Return one entry.

    Raises:
        NotFoundError: the farm's journal has none of that id.
    """
    query = text(_SELECT + " WHERE id = :id AND farm_id = :farm")
    row = connection.execute(query, {"id": entry_id, "farm": farm_id}).one_or_none()
    if row is None:
        raise NotFoundError("journal entry", entry_id)
    return _entry(*row)


_INSERT: Final = text("""
INSERT INTO journal (farm_id, kind, start, until, note, group_id, animal_id, author, written_at)
VALUES (:farm, :kind, :start, :until, :note, :group_id, :animal_id, :author, animov_now()) RETURNING id
""")
_UPDATE: Final = text("""
UPDATE journal SET kind = :kind, start = :start, until = :until, note = :note, group_id = :group_id,
  animal_id = :animal_id, author = :author, written_at = animov_now()
WHERE id = :id AND farm_id = :farm
""")


def write(connection: Connection, farm_id: int, written: Written, *, author: str) -> int:
    """Write something down; return its id.

    Raises:
        NotFoundError: the farm has no such group or animal.
    """
    _refuse_foreign(connection, farm_id, written)
    values = {"farm": farm_id, "author": author, **written._asdict()}
    return int(connection.execute(_INSERT, values).scalar_one())


def rewrite(connection: Connection, farm_id: int, entry_id: int, written: Written, *, author: str) -> None:
    """Write something else in place of an entry.

    Raises:
        NotFoundError: the farm's journal has none of that id, or the farm no such group or animal.
    """
    _refuse_foreign(connection, farm_id, written)
    values = {"farm": farm_id, "id": entry_id, "author": author, **written._asdict()}
    if not connection.execute(_UPDATE, values).rowcount:
        raise NotFoundError("journal entry", entry_id)


def erase(connection: Connection, farm_id: int, entry_id: int) -> None:
    """Delete an entry.

    Raises:
        NotFoundError: the farm's journal has none of that id.
    """
    statement = text("DELETE FROM journal WHERE id = :id AND farm_id = :farm")
    if not connection.execute(statement, {"id": entry_id, "farm": farm_id}).rowcount:
        raise NotFoundError("journal entry", entry_id)


def _entry(entry_id: int, *rest: Any) -> Entry:
    return Entry(entry_id, Written(*rest[:-2]), *rest[-2:])


def _refuse_foreign(connection: Connection, farm_id: int, written: Written) -> None:
    for kind, table, row_id in (("group", "animal_group", written.group_id), ("animal", "animal", written.animal_id)):
        query = f"SELECT EXISTS (SELECT FROM {table} WHERE id = :id AND farm_id = :farm)"  # noqa: S608 - our own names
        values = {"id": row_id, "farm": farm_id}
        if row_id is not None and not connection.execute(text(query), values).scalar_one():
            raise NotFoundError(kind, row_id)
