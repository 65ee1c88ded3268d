"""Rejected messages as the API lists them: newest first, in a transaction that sees the caller's farms only."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from core.errors import NotFoundError


class Refusal(NamedTuple):
    """A message that was not admitted.

    Attributes:
        key: sha256 of the topic, a zero byte and the payload.
        farm: Name of the farm that the topic names.
        code: Stable name of the reason; `detail` says it with the offending value.
        times: How often the same message came.
        size: Length of the payload in bytes.
    """

    key: bytes
    farm: str
    topic: str
    code: str
    detail: str
    first_received: datetime
    last_received: datetime
    times: int
    size: int


class Position(NamedTuple):
    """Where a list of refusals goes on: the last one of the page before."""

    last_received: datetime
    key: bytes


_PAGE = text("""
SELECT r.key, f.name, r.topic, r.code, r.detail, r.first_received, r.last_received, r.count, r.size
FROM rejected_message r JOIN farm f ON f.id = r.farm_id
WHERE (CAST(:farm AS text) IS NULL OR f.name = :farm)
  AND (CAST(:at AS timestamptz) IS NULL OR (r.last_received, r.key) < (:at, :key))
ORDER BY r.last_received DESC, r.key DESC LIMIT :limit
""")


def refusals(
    connection: Connection, *, farm: str | None = None, after: Position | None = None, limit: int
) -> list[Refusal]:
    """Return rejected messages of one farm or of all, the latest first."""
    at, key = after if after is not None else (None, None)
    rows = connection.execute(_PAGE, {"farm": farm, "at": at, "key": key, "limit": limit})
    return [Refusal(*row) for row in rows]


class WholeRefusal(NamedTuple):
    """A rejected message with its payload, and what came of trying it again.

    Attributes:
        refusal: What lists tell of it.
        payload: Its first 64 KiB.
        retry_asked_at: When somebody asked last that it be tried again, on the wall clock; `None` if nobody did.
        retried_at: When it was tried again last, in vain; `None` if it never was.
    """

    refusal: Refusal
    payload: bytes
    retry_asked_at: datetime | None
    retried_at: datetime | None


_ONE = text("""
SELECT r.key, f.name, r.topic, r.code, r.detail, r.first_received, r.last_received, r.count, r.size,
  r.payload, r.retry_asked_at, r.retried_at
FROM rejected_message r JOIN farm f ON f.id = r.farm_id WHERE r.key = :key
""")


def refusal(connection: Connection, key: bytes) -> WholeRefusal:
    """Return a rejected message.

    Raises:
        NotFoundError: there is none of this key, or this transaction may not see it.
    """
    row = connection.execute(_ONE, {"key": key}).one_or_none()
    if row is None:
        raise NotFoundError("rejected message", key.hex())
    return WholeRefusal(Refusal(*row[:9]), *row[9:])


def ask_retry(connection: Connection, key: bytes) -> bool:
    """Ask the workers to try a message again; false if there is none, or not for this transaction to ask."""
    return bool(connection.execute(text("SELECT animov_retry_rejected(:key)"), {"key": key}).scalar_one())
