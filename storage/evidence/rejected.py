"""Rejected messages as an operator works on them: of all farms, with the payload, tried again and forgotten."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from core.errors import ConflictError, NotFoundError
from core.readings import Message, Rejected
from core.timeline import from_ms, to_ms
from storage.evidence.sink import rejected_key


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that was not admitted.

    Attributes:
        key: sha256 of the topic, a zero byte and the payload.
        farm: The farm that the topic names; `None` where it names none that exists.
        topic: As it came, but for characters that a database can't hold.
        code: Stable name of the reason; `detail` says it with the offending value.
        first_received: On the node's clock, like `last_received`.
        count: How often the same message came.
        size: Length of the whole payload in bytes.
        payload: Its first 64 KiB; empty in lists.
    """

    key: bytes
    farm: str | None
    topic: str
    code: str
    detail: str
    first_received: datetime
    last_received: datetime
    count: int
    size: int
    payload: bytes

    @property
    def message(self) -> Message | None:
        """The very message, received when it last came; `None` if it was not kept whole."""
        message = Message(self.topic, to_ms(self.last_received), self.payload)
        return message if rejected_key(message) == self.key else None


_SELECT: Final = """
SELECT r.key, f.name, r.topic, r.code, r.detail, r.first_received, r.last_received, r.count, r.size, {payload}
FROM rejected_message r LEFT JOIN farm f ON f.id = r.farm_id
"""
_NEWEST: Final = text(
    _SELECT.format(payload="''::bytea") + "ORDER BY r.last_received DESC, r.key LIMIT CAST(:limit AS bigint)"
)
_FIND: Final = text(_SELECT.format(payload="r.payload") + "WHERE encode(r.key, 'hex') LIKE :prefix || '%' LIMIT 2")
_REASONS: Final = text("""
SELECT code, count(*), min(detail) FROM rejected_message WHERE last_received = :at GROUP BY code ORDER BY 2 DESC, 1
""")
_TIMES: Final = text("""
SELECT split_part(topic, '/', 4), count(*), (array_agg(detail ORDER BY last_received DESC, key))[1]
FROM rejected_message
WHERE farm_id = :farm AND last_received >= :start AND topic LIKE 'animov/v1/%'
  AND (code = 'future' OR code = 'out_of_range' AND detail LIKE 'time %')
GROUP BY 1
""")


class Refusals(NamedTuple):
    """How many messages were not admitted for what they say, and why the newest was not."""

    messages: int
    newest: str


class Reason(NamedTuple):
    """Why several messages were not admitted; `detail` is that of one of them."""

    code: str
    messages: int
    detail: str


def newest(connection: Connection, limit: int | None = None) -> list[Kept]:
    """Return rejected messages without their payloads, the one that came last first; all of them without a limit."""
    return [Kept(*row) for row in connection.execute(_NEWEST, {"limit": limit})]


def keys(connection: Connection, device: str | None = None) -> list[bytes]:
    """Return the keys of the messages that a device sent while it was no collar, or of all, the latest first."""
    query = """SELECT key FROM rejected_message WHERE CAST(:device AS text) IS NULL OR device = :device
    ORDER BY last_received DESC, key"""
    return [bytes(key) for key in connection.execute(text(query), {"device": device}).scalars()]


def find(connection: Connection, prefix: str) -> Kept:
    """Return the rejected message whose key, in hexadecimal digits, begins so.

    Raises:
        NotFoundError: none does.
        ConflictError: several do.
    """
    rows = connection.execute(_FIND, {"prefix": prefix}).all()
    if not rows:
        raise NotFoundError("rejected message", prefix)
    if len(rows) > 1:
        raise ConflictError(f"several rejected messages have keys that begin with {prefix!r}; give more of it")
    return Kept(*rows[0])


def reasons(connection: Connection, received_at: int) -> list[Reason]:
    """Return why the messages received at an instant, in milliseconds since 1970, were not admitted."""
    return [Reason(*row) for row in connection.execute(_REASONS, {"at": from_ms(received_at)})]


def refused_times(connection: Connection, farm_id: int, start: datetime) -> dict[str, Refusals]:
    """Return the messages refused since an instant for times in the future or before 2000, by the collar's own id.

    Those of devices behind a network server, whose topics name no collar, are left out.
    """
    rows = connection.execute(_TIMES, {"farm": farm_id, "start": start})
    return {collar: Refusals(messages, newest) for collar, messages, newest in rows}


def settle_retry(connection: Connection, kept: Kept) -> Rejected | None:
    """After a message went through the flush again: forget it if it was admitted, else return why not.

    The flush counts a message that it refuses, so one whose count has not moved was admitted. A retry is no arrival,
    so a count that did move goes back by one.
    """
    values = {"key": kept.key, "count": kept.count}
    connection.execute(text("DELETE FROM rejected_message WHERE key = :key AND count = :count"), values)
    again = connection.execute(
        text(
            "UPDATE rejected_message SET count = count - 1, retried_at = clock_timestamp() WHERE key = :key"
            " RETURNING code, detail"
        ),
        values,
    ).one_or_none()
    return None if again is None else Rejected(again.code, again.detail)


def note_retry(connection: Connection, key: bytes) -> None:
    """Note that a message was tried again in vain without going through the flush: not all of it was kept."""
    connection.execute(
        text("UPDATE rejected_message SET retried_at = clock_timestamp() WHERE key = :key"), {"key": key}
    )
