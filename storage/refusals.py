"""Rejected messages as the API lists them: newest first, in a transaction that sees the caller's farms only."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text


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
