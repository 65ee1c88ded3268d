"""Roles of the database that read one farm or some, and nothing else: for Grafana and others that speak SQL."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, cast

import psycopg
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import make_url

from core.errors import ConflictError, NotFoundError, UnavailableError
from storage.access import audit
from storage.engine.database import engine_for

PREFIX: Final = "animov_ro_"

_LONGEST_NAME: Final = 63
"""Characters of a role's name."""

_SETTINGS: Final = (
    ("statement_timeout", "15s"),
    ("default_transaction_read_only", "on"),
    ("jit", "off"),  # a panel is looked at more quickly than its statement is compiled
    ("search_path", "panel, public"),
)
"""Of their sessions. A client may set them otherwise: what protects are the grants and the views."""


class _Let(NamedTuple):
    """A role, and the ids of the farms that it reads."""

    role: str
    farms: Sequence[int]


def make_reader(owner_url: str, farm: str, password: str, *, actor: str) -> str:
    """Let a role read a farm, or give the one that does another password; return the URL that it logs in by.

    Args:
        owner_url: The database, as somebody who may make roles.
        farm: Name of the farm.
        password: New, random.
        actor: Who asks, for the audit log.

    Raises:
        NotFoundError: there is no such farm.
        ConflictError: another farm's reader has this name: on this server, or for want of characters.
        UnavailableError: the owner may not make roles.
    """
    return _make(
        owner_url, password, actor, lambda connection: _note(connection, farm, (PREFIX + farm)[:_LONGEST_NAME])
    )


def make_reader_of(owner_url: str, name: str, farms: Sequence[str], password: str, *, actor: str) -> str:
    """Let a role read several farms and no others, as an adviser does; return the URL that it logs in by.

    Asked again it reads the farms that are named then, by the new password.

    Args:
        owner_url: The database, as somebody who may make roles.
        name: What the role is called behind `animov_ro_`.
        farms: Names of the farms.
        password: New, random.
        actor: Who asks, for the audit log.

    Raises:
        NotFoundError: there is no such farm.
        ConflictError: the role is a farm's own, or there for another database of this server.
        UnavailableError: the owner may not make roles.
    """
    role = (PREFIX + name)[:_LONGEST_NAME]
    return _make(owner_url, password, actor, lambda connection: _note_several(connection, role, farms))


def own_reader(owner_url: str, farm: str) -> str | None:
    """Return the role that reads one farm; `None` if nobody has made it."""
    with psycopg.connect(owner_url) as connection:
        row = connection.execute(
            "SELECT r.role FROM farm f JOIN farm_reader r ON r.farm_id = f.id WHERE f.name = %s AND NOT r.several",
            (farm,),
        ).fetchone()
    return None if row is None else str(row[0])


def reads(owner_url: str, name: str) -> frozenset[str]:
    """Return the farms that a role of several reads, which is called so behind `animov_ro_`; none if there is none."""
    with psycopg.connect(owner_url) as connection:
        rows = connection.execute(
            "SELECT f.name FROM farm_reader r JOIN farm f ON f.id = r.farm_id WHERE r.role = %s AND r.several",
            ((PREFIX + name)[:_LONGEST_NAME],),
        ).fetchall()
    return frozenset(str(found) for (found,) in rows)


def _make(owner_url: str, password: str, actor: str, note: Callable[[psycopg.Connection], _Let]) -> str:
    engine = engine_for(owner_url)
    try:
        with engine.begin() as connection:
            raw = cast("psycopg.Connection", connection.connection.driver_connection)
            role, farms = note(raw)
            _let_in(raw, role, password)
            for farm_id in farms:
                audit.note_by(connection, farm_id, "reader.made", f"reader {role}", actor=actor)
    except psycopg.errors.InsufficientPrivilege as error:
        raise UnavailableError(f"whoever owns the database may not make roles: {error}") from error
    finally:
        engine.dispose()
    url = make_url(owner_url).set(username=role, password=password).difference_update_query(["options"])
    address, question, query = url.render_as_string(hide_password=False).partition("?")
    return address + question + query.replace("+", "%20")  # which libpq would take for a plus


def _note(connection: psycopg.Connection, farm: str, role: str) -> _Let:
    """Write down which role reads a farm, and return it: the first one that did."""
    found = connection.execute(
        """SELECT f.id, r.role FROM farm f LEFT JOIN farm_reader r ON r.farm_id = f.id AND NOT r.several
        WHERE f.name = %s""",
        (farm,),
    ).fetchone()
    if found is None:
        raise NotFoundError("farm", farm)
    farm_id, known = found
    if known is not None:
        return _Let(known, [farm_id])
    _refuse_taken(connection, role)
    connection.execute("INSERT INTO farm_reader (role, farm_id) VALUES (%s, %s)", (role, farm_id))
    return _Let(role, [farm_id])


def _note_several(connection: psycopg.Connection, role: str, farms: Sequence[str]) -> _Let:
    """Write down which farms a role reads in place of those before, and return the role."""
    ids = []
    for farm in farms:
        found = connection.execute("SELECT id FROM farm WHERE name = %s AND NOT leaving", (farm,)).fetchone()
        if found is None:
            raise NotFoundError("farm", farm)
        ids.append(found[0])
    if not connection.execute("DELETE FROM farm_reader WHERE role = %s AND several", (role,)).rowcount:
        _refuse_taken(connection, role)
    connection.execute(
        "INSERT INTO farm_reader (role, farm_id, several) SELECT %s, unnest(%s::int[]), true", (role, sorted(set(ids)))
    )
    return _Let(role, ids)


def _refuse_taken(connection: psycopg.Connection, role: str) -> None:
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None:
        raise ConflictError(f"a role {role} is there already, for another farm or database of this server")


def _let_in(connection: psycopg.Connection, role: str, password: str) -> None:
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = SQL("CREATE ROLE" if known is None else "ALTER ROLE")
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(SQL("{} {} LOGIN PASSWORD {}").format(verb, Identifier(role), Literal(hashed)))
    connection.execute(SQL("GRANT animov_ro TO {}").format(Identifier(role)))
    for name, value in _SETTINGS:
        wanted = SQL(value) if name == "search_path" else Literal(value)
        connection.execute(SQL("ALTER ROLE {} SET {} = {}").format(Identifier(role), Identifier(name), wanted))
