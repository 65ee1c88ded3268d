"""Farms, groups, animals, collars; who wore what when; who was in which group when.

Every change here that touches what decoding or windows depend on holds the farm's lock exclusively and
derives the windows again that it touches, so that the rows are those that the right facts would have given from
the start. Functions take an open transaction and never commit.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from core.errors import ConflictError, NameRefusedError, NotFoundError
from core.names import is_name
from core.problem_texts import say
from core.readings import CollarName
from storage.engine import news
from storage.evidence import windows
from storage.evidence.sink import FARM_LOCK
from storage.schema import hypertables


@dataclass(frozen=True, slots=True)
class During:
    """A span of time, `[start, end)`; `None` is without beginning or without end. Both aware."""

    start: datetime | None = None
    end: datetime | None = None


ALWAYS = During()


def ensure_farm(connection: Connection, name: str, **columns: Any) -> int:
    """Return the id of a farm, made if missing; given columns (`title`, `time_zone`, ...) are set.

    Raises:
        NameRefusedError: the name can't stand in a topic.
    """
    if not re.fullmatch("[A-Za-z0-9_-]{1,64}", name):
        raise NameRefusedError("a farm (letters, digits, _ and - only)", name)
    _execute(connection, "INSERT INTO farm (name) VALUES (:name) ON CONFLICT DO NOTHING", name=name)
    for column, value in columns.items():
        stored = json.dumps(value) if column == "events" else value
        _execute(connection, f"UPDATE farm SET {column} = :value WHERE name = :name", name=name, value=stored)  # noqa: S608 - keyword names of our own callers
    return find_farm(connection, name)


def find_farm(connection: Connection, name: str) -> int:
    """Return the id of a farm.

    Raises:
        NotFoundError: there is none of that name.
    """
    return _found("farm", name, _execute(connection, "SELECT id FROM farm WHERE name = :name", name=name).scalar())


def ensure_group(connection: Connection, farm_id: int, name: str) -> int:
    """Return the id of a group of a farm, made if missing."""
    return _ensure(connection, "animal_group", farm_id, name)


def ensure_animal(connection: Connection, farm_id: int, name: str) -> int:
    """Return the id of an animal of a farm, made if missing."""
    return _ensure(connection, "animal", farm_id, name)


def ensure_collar(connection: Connection, name: CollarName) -> int:
    """Return the id of a collar, made with its farm if missing; how its samples are read is not yet known."""
    farm_id = ensure_farm(connection, name.farm)
    collar_id = _ensure(connection, "collar", farm_id, name.collar)
    registry_changed(connection, farm_id)
    return collar_id


def find_collar(connection: Connection, name: CollarName) -> int:
    """Return the id of a collar.

    Raises:
        NotFoundError: there is none of that name.
    """
    query = "SELECT c.id FROM collar c JOIN farm f ON f.id = c.farm_id WHERE f.name = :farm AND c.name = :collar"
    return _found("collar", name, _execute(connection, query, farm=name.farm, collar=name.collar).scalar())


def within_managed(connection: Connection) -> None:
    """Let what this transaction reads and derives be that of the farms that it may change, and of no other.

    Without this the API's role can reach neither evidence nor windows; the database owner's and the writers' roles
    need no such thing.
    """
    _execute(connection, "SET LOCAL search_path = managed, public")


def lock_farm(connection: Connection, farm_id: int) -> None:
    """Wait for the flushes under way on a farm and hold back new ones until this transaction ends."""
    _execute(connection, "SELECT pg_advisory_xact_lock(:lock, :farm)", lock=FARM_LOCK, farm=farm_id)


def registry_changed(connection: Connection, farm_id: int) -> None:
    """Make every edge and worker read the registry again: soon, and in any case before its next commit for the farm."""
    _execute(connection, "UPDATE farm SET registry_version = registry_version + 1 WHERE id = :farm", farm=farm_id)
    _execute(connection, "SELECT pg_notify(:channel, '')", channel=news.REGISTRY)


def name_device(connection: Connection, collar_id: int, device: str) -> None:
    """State that a device of a network server (`tts:ID`, `chirpstack:EUI`, `senml:NAME`) is a collar."""
    farm_id = _lock_of(connection, "collar", collar_id)
    _execute(
        connection,
        """INSERT INTO device_alias (device, collar_id) VALUES (:device, :collar)
        ON CONFLICT (device) DO UPDATE SET collar_id = excluded.collar_id""",
        device=device,
        collar=collar_id,
    )
    registry_changed(connection, farm_id)


def assign(connection: Connection, collar_id: int, animal_id: int, during: During = ALWAYS) -> None:
    """State that an animal wore a collar in a span; whatever else was said of that collar and span is corrected."""
    _reassign(connection, collar_id, animal_id, during)


def unassign(connection: Connection, collar_id: int, during: During) -> None:
    """State that nobody wore a collar in a span."""
    _reassign(connection, collar_id, None, during)


def swap(connection: Connection, one: int, other: int, start: datetime) -> None:
    """State that two collars were exchanged at an instant: from then on each is where the other was said to be.

    Raises:
        ConflictError: the collars belong to two farms, or the instant is yet to come.
    """
    if start > _execute(connection, "SELECT animov_now()").scalar_one():
        raise ConflictError(say("swap_ahead", day=start.date().isoformat()))
    if _lock_of(connection, "collar", one) != _lock_of(connection, "collar", other):
        raise ConflictError("collars of two farms can't have been swapped")
    during = During(start, None)
    _touch(connection, [one, other], during)
    taken = _execute(
        connection,
        """
        WITH cut AS (DELETE FROM assignment
          WHERE collar_id IN (:one, :other) AND during && tstzrange(:start, :end) RETURNING *),
        kept AS (INSERT INTO assignment (collar_id, animal_id, during)
          SELECT collar_id, animal_id, unnest(tstzmultirange(during) - tstzmultirange(tstzrange(:start, :end)))
          FROM cut)
        SELECT CASE collar_id WHEN :one THEN :other ELSE :one END AS collar, animal_id AS animal,
               during * tstzrange(:start, :end) AS during FROM cut""",
        one=one,
        other=other,
        start=start,
        end=None,
    ).all()
    for row in taken:
        _execute(
            connection,
            "INSERT INTO assignment (collar_id, animal_id, during) VALUES (:collar, :animal, :during)",
            **row._mapping,  # noqa: SLF001 - the public mapping of a SQLAlchemy row
        )
    _touch(connection, [one, other], during)
    derive_touched(connection)


def move(connection: Connection, animal_id: int, group_id: int | None, during: During = ALWAYS) -> None:
    """State that an animal was in a group (or in none) in a span; whatever else was said of that span is corrected."""
    _lock_of(connection, "animal", animal_id)
    if _is_said(connection, _MEMBERSHIP, animal_id, group_id, during):
        return
    _state(connection, _MEMBERSHIP, animal_id, group_id, during)
    _mark_animal(connection, animal_id, during)


def wears(connection: Connection, collar_id: int, animal_id: int, during: During) -> bool:
    """Tell whether it is said already that an animal wore a collar in the whole of a span."""
    return _is_said(connection, _ASSIGNMENT, collar_id, animal_id, during)


def belongs(connection: Connection, animal_id: int, group_id: int, during: During) -> bool:
    """Tell whether it is said already that an animal was in a group in the whole of a span."""
    return _is_said(connection, _MEMBERSHIP, animal_id, group_id, during)


def known_since(connection: Connection, name: str) -> datetime | None:
    """Return the start of the first window with a ratio of a farm's animals; `None` without any, or without farm."""
    query = """SELECT min(w.bucket) FROM stored_window w JOIN animal a ON a.id = w.animal_id
      JOIN farm f ON f.id = a.farm_id WHERE f.name = :name AND w.standing_ratio IS NOT NULL"""
    found: datetime | None = _execute(connection, query, name=name).scalar_one()
    return found


def derive_touched(connection: Connection) -> None:
    """Derive the windows in the session's table `touched` and empty it."""
    connection.execute(text(windows.LOCK))
    buckets = connection.execute(text("SELECT DISTINCT bucket FROM touched")).scalars()
    for first, last in windows.spans(buckets):
        if emptied := connection.execute(_DERIVE, {"first": first, "last": last}).all():
            hypertables.plan_by_value(connection)
            columns = [list(column) for column in zip(*emptied, strict=True)]
            connection.execute(_DROP, dict(zip(("animals", "buckets"), columns, strict=True)))
    connection.execute(text("DELETE FROM touched"))


_DERIVE: Final = text(windows.DERIVE.format(first=":first", last=":last"))
_DROP: Final = text(windows.DROP.format(animals=":animals", buckets=":buckets"))


def _reassign(connection: Connection, collar_id: int, animal_id: int | None, during: During) -> None:
    _lock_of(connection, "collar", collar_id)
    if _is_said(connection, _ASSIGNMENT, collar_id, animal_id, during):
        return
    _touch(connection, [collar_id], during)
    _state(connection, _ASSIGNMENT, collar_id, animal_id, during)
    _touch(connection, [collar_id], during)
    derive_touched(connection)


_ASSIGNMENT = ("assignment", "collar_id", "animal_id")
_MEMBERSHIP = ("membership", "animal_id", "group_id")


def _is_said(
    connection: Connection, fact: tuple[str, str, str], subject: int, wanted: int | None, during: During
) -> bool:
    """Tell whether an effective-dated fact stands already for the whole span."""
    table, of, to = fact
    query = f"""SELECT EXISTS (SELECT FROM {table}
      WHERE {of} = :subject AND {to} = :wanted AND during @> tstzrange(:start, :end))"""  # noqa: S608 - our own names
    return bool(
        _execute(connection, query, subject=subject, wanted=wanted, start=during.start, end=during.end).scalar_one()
    )


def _state(
    connection: Connection, fact: tuple[str, str, str], subject: int, wanted: int | None, during: During
) -> None:
    """Write an effective-dated fact in place of whatever was said of its subject and span; `None` is nothing."""
    table, of, to = fact
    span = {"subject": subject, "start": during.start, "end": during.end}
    cut = f"""
      WITH cut AS (DELETE FROM {table} WHERE {of} = :subject AND during && tstzrange(:start, :end) RETURNING *)
      INSERT INTO {table} ({of}, {to}, during)
      SELECT {of}, {to}, unnest(tstzmultirange(during) - tstzmultirange(tstzrange(:start, :end))) FROM cut"""  # noqa: S608 - our own names
    _execute(connection, cut, **span)
    if wanted is not None:
        insert = f"INSERT INTO {table} ({of}, {to}, during) VALUES (:subject, :wanted, tstzrange(:start, :end))"  # noqa: S608 - our own names
        _execute(connection, insert, wanted=wanted, **span)


def _touch(connection: Connection, collars: list[int], during: During) -> None:
    connection.execute(text(windows.TEMPORARY))
    _execute(
        connection,
        """
        INSERT INTO touched
        SELECT DISTINCT n.farm_id, a.animal_id, e.bucket
        FROM assignment a
        JOIN animal n ON n.id = a.animal_id
        JOIN stored_evidence e ON e.collar_id = a.collar_id
          AND a.during && tstzrange(e.bucket, e.bucket + interval '15 min')
          AND tstzrange(:start, :end) && tstzrange(e.bucket, e.bucket + interval '15 min')
        WHERE a.collar_id = ANY (:collars)
          AND NOT EXISTS (SELECT FROM touched t WHERE t.animal_id = a.animal_id AND t.bucket = e.bucket)""",
        collars=collars,
        start=during.start,
        end=during.end,
    )


def _mark_animal(connection: Connection, animal_id: int, during: During) -> None:
    _execute(
        connection,
        """
        INSERT INTO changed_bucket AS c (farm_id, bucket)
        SELECT a.farm_id, w.bucket FROM stored_window w JOIN animal a ON a.id = w.animal_id
        WHERE w.animal_id = :animal AND tstzrange(:start, :end) && tstzrange(w.bucket, w.bucket + interval '15 min')
        ORDER BY 1, 2
        ON CONFLICT (farm_id, bucket) DO UPDATE SET version = c.version + 1""",
        animal=animal_id,
        start=during.start,
        end=during.end,
    )


def _lock_of(connection: Connection, table: str, row_id: int) -> int:
    farm_id = _found(
        table,
        row_id,
        _execute(connection, f"SELECT farm_id FROM {table} WHERE id = :id", id=row_id).scalar(),  # noqa: S608 - our own names
    )
    lock_farm(connection, farm_id)
    return farm_id


def _ensure(connection: Connection, table: str, farm_id: int, name: str) -> int:
    if not is_name(name):
        raise NameRefusedError({"animal": "an animal", "animal_group": "a group"}.get(table, f"a {table}"), name)
    values = {"farm": farm_id, "name": name}
    insert = f"INSERT INTO {table} (farm_id, name) VALUES (:farm, :name) ON CONFLICT DO NOTHING"  # noqa: S608 - our own names
    select = f"SELECT id FROM {table} WHERE farm_id = :farm AND name = :name"  # noqa: S608 - our own names
    _execute(connection, insert, **values)
    return int(_execute(connection, select, **values).scalar_one())


def _found(kind: str, name: object, row_id: Any) -> int:
    if row_id is None:
        raise NotFoundError(kind, name)
    return int(row_id)


def _execute(connection: Connection, statement: str, **values: Any) -> Any:
    return connection.execute(text(statement), values)
