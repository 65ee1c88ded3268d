"""Passwords of collars. They are made by us, long and random, so a quick hash protects them.

It has the form of Mosquitto's password file, so that a broker can let the same collars in: `$7$`, rounds, salt and
PBKDF2-HMAC-SHA512, with 101 rounds as `mosquitto_passwd` has them. The sha256 of earlier passwords counts on here.
"""

import base64
import hmac
import secrets
from hashlib import pbkdf2_hmac, sha256
from typing import Final

import psycopg
from psycopg import AsyncConnection
from sqlalchemy import Connection, text

from core.errors import UnavailableError
from core.readings import CollarName
from storage.engine.database import session_options

_BYTES: Final = 18
_SALT_BYTES: Final = 12
_ROUNDS: Final = 101
_FORM: Final = "$7$"

_HASHES: Final = """SELECT c.password_hash, f.name, c.name FROM collar c JOIN farm f ON f.id = c.farm_id
WHERE c.password_hash IS NOT NULL AND NOT f.leaving"""


def new_password(connection: Connection, collar_id: int) -> str:
    """Give a collar a new password and return it: it is shown once and only its hash is kept."""
    password = secrets.token_urlsafe(_BYTES)
    connection.execute(
        text("UPDATE collar SET password_hash = :hash WHERE id = :id"), {"hash": hash_of(password), "id": collar_id}
    )
    return password


def password_hashes(connection: Connection) -> dict[CollarName, str | None]:
    """Return the hash of each collar that has a password, by name; `None` where only its sha256 is known."""
    query = _HASHES + " ORDER BY f.name, c.name"
    found = connection.execute(text(query)).all()
    return {CollarName(farm, collar): stored if stored.startswith(_FORM) else None for stored, farm, collar in found}


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


async def _fetch(url: str, query: str, values: tuple[str, ...]) -> list[tuple[str, str, str]]:
    try:
        async with await AsyncConnection.connect(url, options=session_options(url)) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()
    except psycopg.OperationalError as error:
        raise UnavailableError(f"the database does not answer: {error}") from error


def hash_of(password: str) -> str:
    """Return a hash of a password as `mosquitto_passwd` writes it, with a salt of its own."""
    return _salted(password, secrets.token_bytes(_SALT_BYTES), _ROUNDS)


def matches(password: str, stored: str) -> bool:
    """Tell whether a password is the one of a hash, in a time that does not depend on the password."""
    if not stored.startswith(_FORM):
        return hmac.compare_digest(sha256(password.encode()).hexdigest(), stored)
    rounds, salt = stored.removeprefix(_FORM).split("$")[:2]
    return hmac.compare_digest(_salted(password, base64.b64decode(salt), int(rounds)), stored)


def _salted(password: str, salt: bytes, rounds: int) -> str:
    digest = pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"{_FORM}{rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
