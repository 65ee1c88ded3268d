"""Passwords of collars. They are made by us, long and random, so a plain hash protects them and costs nothing."""

import hmac
import secrets
from hashlib import sha256

import psycopg
from psycopg import AsyncConnection
from sqlalchemy import Connection, text

from core.errors import UnavailableError
from core.readings import CollarName
from storage.engine.database import session_options

_BYTES = 18

_HASHES = """SELECT c.password_hash FROM collar c JOIN farm f ON f.id = c.farm_id WHERE c.password_hash IS NOT NULL"""


def new_password(connection: Connection, collar_id: int) -> str:
    """Give a collar a new password and return it: it is shown once and only its hash is kept."""
    password = secrets.token_urlsafe(_BYTES)
    connection.execute(
        text("UPDATE collar SET password_hash = :hash WHERE id = :id"), {"hash": _hash(password), "id": collar_id}
    )
    return password


async def password_hash_of(url: str, name: CollarName) -> str | None:
    """Return the hash of a collar's password; `None` if there is no such collar, or it has none.

    Raises:
        UnavailableError: the database does not answer.
    """
    rows = await _fetch(url, _HASHES + " AND f.name = %s AND c.name = %s", tuple(name))
    return rows[0][0] if rows else None


async def any_password(url: str) -> bool:
    """Tell whether any collar has a password.

    Raises:
        UnavailableError: the database does not answer.
    """
    return bool(await _fetch(url, _HASHES + " LIMIT 1", ()))


async def _fetch(url: str, query: str, values: tuple[str, ...]) -> list[tuple[str]]:
    try:
        async with await AsyncConnection.connect(url, options=session_options(url)) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()
    except psycopg.OperationalError as error:
        raise UnavailableError(f"the database does not answer: {error}") from error


def matches(password: str, stored: str) -> bool:
    """Tell whether a password is the one of a hash, in a time that does not depend on either."""
    return hmac.compare_digest(_hash(password), stored)


def _hash(password: str) -> str:
    return sha256(password.encode()).hexdigest()
