"""Who is told of a farm's alerts, as the API lists and changes them, and test messages that the node is to send.

Secrets of webhooks are written here and never read. Functions take an open transaction and never commit.
"""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from core.errors import NotFoundError
from storage.alerting.notice_channels import Kind


class Told(NamedTuple):
    """Somebody who is told of a farm's alerts.

    Attributes:
        id: Its key.
        kind: How.
        address: Of a mailbox, or the URL of a webhook.
        failures: Attempts in a row that failed.
        error: Why the last one did; empty after one that did not.
        retry_at: Not before then it is tried again, on the wall.
        sent_at: When the last message was written, digests aside, on the node's clock; `None` before the first.
        trial_asked_at: When somebody asked last for a test message, on the wall.
        trial_ended_at: When its server had answered; `None` as long as it is to be sent.
        trial_error: Why the test message was not taken; empty if it was.
    """

    id: int
    kind: Kind
    address: str
    failures: int
    error: str
    retry_at: datetime | None
    sent_at: datetime | None
    trial_asked_at: datetime | None
    trial_ended_at: datetime | None
    trial_error: str


_LIST: Final = text("""
SELECT id, kind, address, failures, error, retry_at, sent_at, trial_asked_at, trial_ended_at, trial_error
FROM notice_channel WHERE farm_id = :farm AND id > :after AND (CAST(:id AS int) IS NULL OR id = :id)
ORDER BY id LIMIT CAST(:limit AS bigint)
""")


def told_of(connection: Connection, farm_id: int, *, after: int = 0, limit: int | None = None) -> list[Told]:
    """Return who is told of a farm's alerts, in the order of their ids."""
    rows = connection.execute(_LIST, {"farm": farm_id, "after": after, "id": None, "limit": limit})
    return [Told._make(row) for row in rows]


def told(connection: Connection, farm_id: int, channel_id: int) -> Told:
    """Return one of them.

    Raises:
        NotFoundError: the farm has none of that id.
    """
    row = connection.execute(_LIST, {"farm": farm_id, "after": 0, "id": channel_id, "limit": 1}).one_or_none()
    if row is None:
        raise NotFoundError("address among those who are told", channel_id)
    return Told._make(row)


def remove(connection: Connection, channel_id: int) -> None:
    """Tell somebody nothing more, also of what waits."""
    connection.execute(text("DELETE FROM notice_channel WHERE id = :id"), {"id": channel_id})


_ASK: Final = text("""
UPDATE notice_channel SET trial_asked_at = clock_timestamp(), trial_ended_at = NULL, trial_error = '' WHERE id = :id
""")
_WAITING: Final = text(
    "SELECT id FROM notice_channel WHERE trial_asked_at IS NOT NULL AND trial_ended_at IS NULL ORDER BY trial_asked_at"
)
_END: Final = text("""
UPDATE notice_channel SET trial_ended_at = clock_timestamp(), trial_error = :error
WHERE id = :id AND trial_asked_at IS NOT NULL AND trial_ended_at IS NULL
""")


def ask_trial(connection: Connection, channel_id: int) -> None:
    """Ask the node for a test message."""
    connection.execute(_ASK, {"id": channel_id})


def trials(connection: Connection) -> list[int]:
    """Return the channels of all farms to which a test message is to be sent."""
    return list(connection.execute(_WAITING).scalars())


def end_trial(connection: Connection, channel_id: int, error: str) -> None:
    """Say what came of a test message; `error` is empty if it was taken."""
    connection.execute(_END, {"id": channel_id, "error": error})
