"""API keys: with which machines ask. Each is for one farm and shown once; its hash is kept."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, get_args

from sqlalchemy import Connection, text

from core.errors import ConflictError, NameRefusedError, NotFoundError
from core.names import is_name
from core.problem_texts import say
from storage.access.opaque import digest, fresh

KeyScope = Literal["read", "write", "readings"]
"""`read`: see the farm; `write`: change it too; `readings`: send what a collar would."""

KEY_SCOPES: Final[tuple[KeyScope, ...]] = get_args(KeyScope)
PREFIX: Final = "anv_"
NOTED_EVERY: Final = timedelta(minutes=1)
_SHOWN: Final = len(PREFIX) + 6  # characters of a key by which people know it again


class ApiKey(NamedTuple):
    """A key; times are those of the wall clock, `expires_at` is `None` if it counts until it is revoked."""

    id: int
    name: str
    prefix: str
    scopes: Sequence[KeyScope]
    made_by: str
    made_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


_COLUMNS = "id, name, prefix, scopes, made_by, made_at, expires_at, used_at"
_MAKE = text(
    f"""INSERT INTO api_key (farm_id, name, prefix, hash, scopes, made_by, made_at, expires_at)
    VALUES (:farm, :name, :prefix, :hash, :scopes, :by, :at, :expires) ON CONFLICT (farm_id, name) DO NOTHING
    RETURNING {_COLUMNS}"""  # noqa: S608 - our own words
)


def make_key(
    connection: Connection,
    farm_id: int,
    name: str,
    *,
    scopes: Collection[KeyScope],
    by: str,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; return it and its text, which is shown once.

    Raises:
        ConflictError: the farm has a key of that name.
        NameRefusedError: the name is none.
    """
    if not is_name(name):
        raise NameRefusedError("a key", name)
    key = fresh(PREFIX)
    values = {"farm": farm_id, "name": name, "by": by, "at": at, "expires": expires_at}
    ordered = [scope for scope in KEY_SCOPES if scope in scopes]
    hashed = {"prefix": key[:_SHOWN], "hash": digest(key), "scopes": ordered}
    row = connection.execute(_MAKE, {**values, **hashed}).one_or_none()
    if row is None:
        raise ConflictError(say("key_known", name=name))
    return ApiKey(*row), key


_OF = f"SELECT {_COLUMNS} FROM api_key WHERE farm_id = :farm"  # noqa: S608 - our own words
_KEYS = text(_OF + " AND id > :after ORDER BY id LIMIT :limit")
_ONE = text(_OF + " AND id = :id")


def keys_of(connection: Connection, farm_id: int, *, after: int = 0, limit: int = 1_000_000) -> list[ApiKey]:
    """Return the keys of a farm, the oldest first."""
    return [ApiKey(*row) for row in connection.execute(_KEYS, {"farm": farm_id, "after": after, "limit": limit})]


def find_key(connection: Connection, farm_id: int, key_id: int) -> ApiKey:
    """Return a key of a farm.

    Raises:
        NotFoundError: the farm has no such key.
    """
    row = connection.execute(_ONE, {"farm": farm_id, "id": key_id}).one_or_none()
    if row is None:
        raise NotFoundError("key", key_id)
    return ApiKey(*row)


def revoke(connection: Connection, farm_id: int, key_id: int) -> ApiKey:
    """Let a key count no longer, and return what it was.

    Raises:
        NotFoundError: the farm has no such key.
    """
    found = find_key(connection, farm_id, key_id)
    connection.execute(text("DELETE FROM api_key WHERE id = :id"), {"id": key_id})
    return found


_USED = text("UPDATE api_key SET used_at = :at WHERE id = :id AND (used_at IS NULL OR used_at <= :before)")


def note_use(connection: Connection, key_id: int, at: datetime) -> None:
    """Note that a key was used, at most once a minute; the transaction sees its farm."""
    connection.execute(_USED, {"id": key_id, "at": at, "before": at - NOTED_EVERY})
