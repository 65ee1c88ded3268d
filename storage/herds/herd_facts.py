"""Who wore what and who was where, over time: listed, corrected, taken back.

Every change goes through `storage.herds.herd`, so that windows and groups follow from it as if it had always been said.
An interval is `[start, until)`; `None` is since ever, or until further notice. Its id names it until it is changed.
"""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from core.errors import ConflictError, NotFoundError
from core.problem_texts import say
from storage.herds import herd
from storage.herds.herd import ALWAYS, During


class Assignment(NamedTuple):
    """An animal wore a collar."""

    id: int
    collar_id: int
    collar_name: str
    animal_id: int
    animal_name: str
    start: datetime | None
    until: datetime | None


class Membership(NamedTuple):
    """An animal was in a group."""

    id: int
    animal_id: int
    animal_name: str
    group_id: int
    group_name: str
    start: datetime | None
    until: datetime | None


_WITHIN: Final = """AND x.id > :after AND x.during && tstzrange(CAST(:start AS timestamptz), :until)
  AND (CAST(:animal AS int) IS NULL OR x.animal_id = :animal)"""
_SPAN: Final = "lower(x.during), upper(x.during)"
_ASSIGNMENTS: Final = f"""
SELECT x.id, c.id, c.name, a.id, a.name, {_SPAN}
FROM assignment x JOIN collar c ON c.id = x.collar_id JOIN animal a ON a.id = x.animal_id
WHERE a.farm_id = :farm"""  # noqa: S608 - our own words
_MEMBERSHIPS: Final = f"""
SELECT x.id, a.id, a.name, g.id, g.name, {_SPAN}
FROM membership x JOIN animal a ON a.id = x.animal_id JOIN animal_group g ON g.id = x.group_id
WHERE a.farm_id = :farm"""  # noqa: S608 - our own words
_ORDER: Final = "ORDER BY x.id LIMIT CAST(:limit AS bigint)"
_LIST_ASSIGNMENTS: Final = text(
    f"{_ASSIGNMENTS} {_WITHIN} AND (CAST(:collar AS int) IS NULL OR x.collar_id = :collar) {_ORDER}"
)
_LIST_MEMBERSHIPS: Final = text(
    f"{_MEMBERSHIPS} {_WITHIN} AND (CAST(:group AS int) IS NULL OR x.group_id = :group) {_ORDER}"
)


def assignments(
    connection: Connection,
    farm_id: int,
    *,
    collar: int | None = None,
    animal: int | None = None,
    during: During = ALWAYS,
    after: int = 0,
    limit: int | None = None,
) -> list[Assignment]:
    """Return who of a farm wore what in a span, in the order of their ids; all of them without a limit."""
    values = {"farm": farm_id, "collar": collar, "animal": animal, "after": after, "limit": limit}
    rows = connection.execute(_LIST_ASSIGNMENTS, {**values, "start": during.start, "until": during.end})
    return [Assignment(*row) for row in rows]


def memberships(
    connection: Connection,
    farm_id: int,
    *,
    group: int | None = None,
    animal: int | None = None,
    during: During = ALWAYS,
    after: int = 0,
    limit: int | None = None,
) -> list[Membership]:
    """Return who of a farm was in which group in a span, in the order of their ids; all of them without a limit."""
    values = {"farm": farm_id, "group": group, "animal": animal, "after": after, "limit": limit}
    rows = connection.execute(_LIST_MEMBERSHIPS, {**values, "start": during.start, "until": during.end})
    return [Membership(*row) for row in rows]


def assignment(connection: Connection, farm_id: int, assignment_id: int) -> Assignment:
    """Return who wore what.

    Raises:
        NotFoundError: the farm has no assignment of that id (any longer).
    """
    query = text(_ASSIGNMENTS + " AND x.id = :id")
    row = connection.execute(query, {"farm": farm_id, "id": assignment_id}).one_or_none()
    if row is None:
        raise NotFoundError("assignment", assignment_id)
    return Assignment(*row)


def membership(connection: Connection, farm_id: int, membership_id: int) -> Membership:
    """Return who was where.

    Raises:
        NotFoundError: the farm has no membership of that id (any longer).
    """
    query = text(_MEMBERSHIPS + " AND x.id = :id")
    row = connection.execute(query, {"farm": farm_id, "id": membership_id}).one_or_none()
    if row is None:
        raise NotFoundError("membership", membership_id)
    return Membership(*row)


def assign(connection: Connection, farm_id: int, collar_id: int, animal_id: int, during: During) -> Assignment:
    """State that an animal wore a collar, whatever else was said of that collar and span; return what holds now.

    Raises:
        NotFoundError: the farm has no such collar or animal.
    """
    herd.lock_farm(connection, farm_id)
    _refuse_foreign(connection, farm_id, collar=collar_id, animal=animal_id)
    herd.assign(connection, collar_id, animal_id, during)
    (made,) = assignments(connection, farm_id, collar=collar_id, during=during)
    return made


def correct_assignment(
    connection: Connection, farm_id: int, assignment_id: int, animal_id: int, during: During
) -> Assignment:
    """State that it was another animal or another span that an assignment should have told; return what holds now.

    Raises:
        NotFoundError: the farm has no such assignment or animal.
    """
    known = unassign(connection, farm_id, assignment_id)
    return assign(connection, farm_id, known.collar_id, animal_id, during)


def unassign(connection: Connection, farm_id: int, assignment_id: int) -> Assignment:
    """Take an assignment back: nobody wore the collar then; return what it told.

    Raises:
        NotFoundError: the farm has no such assignment.
    """
    herd.lock_farm(connection, farm_id)
    known = assignment(connection, farm_id, assignment_id)
    herd.unassign(connection, known.collar_id, During(known.start, known.until))
    return known


def move(connection: Connection, farm_id: int, animal_id: int, group_id: int, during: During) -> Membership:
    """State that an animal was in a group, whatever else was said of that animal and span; return what holds now.

    Raises:
        NotFoundError: the farm has no such animal or group.
    """
    herd.lock_farm(connection, farm_id)
    _refuse_foreign(connection, farm_id, animal=animal_id, group=group_id)
    herd.move(connection, animal_id, group_id, during)
    (made,) = memberships(connection, farm_id, animal=animal_id, during=during)
    return made


def correct_membership(
    connection: Connection, farm_id: int, membership_id: int, group_id: int, during: During
) -> Membership:
    """State that it was another group or another span that a membership should have told; return what holds now.

    Raises:
        NotFoundError: the farm has no such membership or group.
    """
    known = leave(connection, farm_id, membership_id)
    return move(connection, farm_id, known.animal_id, group_id, during)


def leave(connection: Connection, farm_id: int, membership_id: int) -> Membership:
    """Take a membership back: the animal was in no group then; return what it told.

    Raises:
        NotFoundError: the farm has no such membership.
    """
    herd.lock_farm(connection, farm_id)
    known = membership(connection, farm_id, membership_id)
    herd.move(connection, known.animal_id, None, During(known.start, known.until))
    return known


def swap(connection: Connection, farm_id: int, one: int, other: int, start: datetime) -> None:
    """State that two collars of a farm were exchanged at an instant.

    Raises:
        NotFoundError: the farm has no such collars.
    """
    for collar in (one, other):
        _refuse_foreign(connection, farm_id, collar=collar)
    herd.swap(connection, one, other, start)


def only_collar_of(connection: Connection, farm_id: int, animal_id: int, at: datetime) -> int:
    """Return the collar that an animal wore at an instant.

    Raises:
        NotFoundError: the farm has no such animal.
        ConflictError: it wore none, or several.
    """
    _refuse_foreign(connection, farm_id, animal=animal_id)
    query = "SELECT collar_id FROM assignment WHERE animal_id = :animal AND during @> CAST(:at AS timestamptz)"
    collars = connection.execute(text(query), {"animal": animal_id, "at": at}).scalars().all()
    if len(collars) != 1:
        name = connection.execute(text("SELECT name FROM animal WHERE id = :id"), {"id": animal_id}).scalar_one()
        raise ConflictError(say("collars_of_animal", name=name, count=len(collars)))
    return int(collars[0])


_OF_FARM: Final = {"collar": "collar", "animal": "animal", "group": "animal_group"}


def _refuse_foreign(connection: Connection, farm_id: int, **ids: int) -> None:
    for kind, row_id in ids.items():
        query = f"SELECT EXISTS (SELECT FROM {_OF_FARM[kind]} WHERE id = :id AND farm_id = :farm)"  # noqa: S608 - our own names
        if not connection.execute(text(query), {"id": row_id, "farm": farm_id}).scalar_one():
            raise NotFoundError(kind, row_id)
