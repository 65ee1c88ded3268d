"""The outbox of alerts: what waits to be told to whom, and the messages that tell it.

A trigger notes each alert that begins or ends, for each channel of its farm, in the transaction of that change. A
message is written and committed before the first attempt to send it, so that whoever comes after a crash sends the
same one under the same key; if it is certain that nobody took it, it is taken apart again.

Functions take an open transaction and never commit.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from storage.alerting.alerts import Alert

_LOCK: Final = 0x6E74

Event = Literal["opened", "ended"]
Unsent = Literal["judged", "undone", "unheard", "no_digest"]
"""Why nothing is sent: the table's comment tells them."""


class Waiting(NamedTuple):
    """An alert of which something waits to be told to a channel.

    Attributes:
        alert_id: The alert.
        severity: `info`, `warning` or `critical`, as it is now.
        judgement: What people have said of it; `None` as long as nobody has.
        until: When it was over; `None` while it goes on.
        ended_by: Why it is over.
        opened: Whether its beginning waits.
        ended: Whether its end waits.
        heard: Whether its beginning was told and not refused.
        at: Since when it waits, on the node's clock: the older of both.
        made_at: The same on the wall.
    """

    alert_id: int
    severity: str
    judgement: str | None
    until: datetime | None
    ended_by: str
    opened: bool
    ended: bool
    heard: bool
    at: datetime
    made_at: datetime


class Words(NamedTuple):
    """What a message says: a mail's subject and text, or in place of the text the JSON of a webhook."""

    subject: str
    body: str


class Message(NamedTuple):
    """A message as it is sent, at the first attempt and at any other.

    Attributes:
        id: Its key here.
        key: By which its reader knows it again.
        at: When it was written, on the node's clock.
        made_at: The same on the wall.
        digest: Whether it is the digest of a day.
        subject: Of a mail.
        body: Text of a mail, JSON of a webhook.
    """

    id: int
    key: UUID
    at: datetime
    made_at: datetime
    digest: bool
    subject: str
    body: str


class Due(NamedTuple):
    """A channel for which something waits, and a digest of all that a decision on it follows from but the time."""

    channel_id: int
    of: str


_DUE: Final = text("""
SELECT c.id, md5(concat_ws(' ', c.failures, c.sent_at, f.time_zone, r::text, m.id, n.waiting))
FROM notice_channel c JOIN farm f ON f.id = c.farm_id LEFT JOIN notice_rule r ON r.farm_id = c.farm_id
LEFT JOIN notification m ON m.channel_id = c.id AND m.state = 'sending'
LEFT JOIN LATERAL (
  SELECT string_agg(concat_ws(' ', n.alert_id, n.event, a.severity, a.judgement, a.until, a.ended_by), ','
    ORDER BY n.alert_id, n.event) AS waiting
  FROM notice n JOIN alert a ON a.id = n.alert_id WHERE n.channel_id = c.id AND n.settled = '') n ON true
WHERE (c.retry_at IS NULL OR c.retry_at <= :wall) AND (m.id IS NOT NULL OR n.waiting IS NOT NULL)
ORDER BY c.id
""")


def due(connection: Connection, wall: datetime) -> list[Due]:
    """Return the channels for which something waits, without those whose next attempt is later."""
    return [Due._make(row) for row in connection.execute(_DUE, {"wall": wall})]


def hold(connection: Connection, channel_id: int) -> bool:
    """Keep others from a channel until this transaction ends; false if somebody else does so already."""
    query = text("SELECT pg_try_advisory_xact_lock(:lock, :channel)")
    return bool(connection.execute(query, {"lock": _LOCK, "channel": channel_id}).scalar_one())


_WAITING: Final = text("""
SELECT a.id, a.severity, a.judgement, a.until, a.ended_by, o.settled = '', e.settled IS NOT DISTINCT FROM '',
  o.settled = 'told' AND m.state IS DISTINCT FROM 'refused',
  CASE WHEN o.settled = '' THEN o.at ELSE e.at END, CASE WHEN o.settled = '' THEN o.made_at ELSE e.made_at END
FROM notice o JOIN alert a ON a.id = o.alert_id
LEFT JOIN notice e ON e.alert_id = o.alert_id AND e.channel_id = o.channel_id AND e.event = 'ended'
LEFT JOIN notification m ON m.id = o.notification_id
WHERE o.event = 'opened' AND o.channel_id = :channel
  AND o.alert_id IN (SELECT alert_id FROM notice WHERE channel_id = :channel AND settled = '')
ORDER BY a.id
""")


def waiting(connection: Connection, channel_id: int) -> list[Waiting]:
    """Return of which alerts something waits to be told to a channel, the one raised first first."""
    return [Waiting._make(row) for row in connection.execute(_WAITING, {"channel": channel_id})]


_SETTLE: Final = text("""
UPDATE notice SET settled = :settled, notification_id = :message
WHERE alert_id = ANY (:alerts) AND event = ANY (:events) AND channel_id = :channel AND settled = ''
""")


def drop(connection: Connection, channel_id: int, alert_ids: Sequence[int], why: Unsent) -> None:
    """Send nothing of what waits of some alerts."""
    told = {"settled": why, "message": None, "alerts": list(alert_ids), "events": ["opened", "ended"]}
    connection.execute(_SETTLE, {**told, "channel": channel_id})


_WRITE: Final = text("""
INSERT INTO notification (channel_id, at, made_at, digest, subject, body)
VALUES (:channel, :at, :made_at, :digest, :subject, :body) RETURNING id
""")


def write(
    connection: Connection,
    channel_id: int,
    told: Iterable[tuple[int, Sequence[Event]]],
    words: Words,
    *,
    at: datetime,
    wall: datetime,
    digest: bool,
) -> None:
    """Write a message that is to be sent, and say which alerts it tells of, and of each whether it began or ended."""
    values = {"channel": channel_id, "at": at, "made_at": wall, "digest": digest, **words._asdict()}
    message = connection.execute(_WRITE, values).scalar_one()
    for alert_id, events in told:
        place = {"settled": "told", "message": message, "alerts": [alert_id], "events": list(events)}
        connection.execute(_SETTLE, {**place, "channel": channel_id})


_SENDING: Final = text("""
SELECT id, key, at, made_at, digest, subject, body FROM notification WHERE channel_id = :channel AND state = 'sending'
""")


def sending(connection: Connection, channel_id: int) -> Message | None:
    """Return the message of a channel of which nobody knows yet whether it arrived."""
    row = connection.execute(_SENDING, {"channel": channel_id}).one_or_none()
    return None if row is None else Message._make(row)


_CRITICAL: Final = text("""
SELECT EXISTS (SELECT FROM notice n JOIN alert a ON a.id = n.alert_id
  WHERE n.notification_id = :message AND a.severity = 'critical')
""")


def tells_critical(connection: Connection, message_id: int) -> bool:
    """Tell whether a message is about an alert that is critical, among others or alone."""
    return bool(connection.execute(_CRITICAL, {"message": message_id}).scalar_one())


_SENT: Final = text("""
WITH sent AS (UPDATE notification SET state = 'sent' WHERE id = :message RETURNING channel_id, at, digest)
UPDATE notice_channel c SET failures = 0, error = '', retry_at = NULL,
  sent_at = CASE WHEN s.digest THEN c.sent_at ELSE s.at END FROM sent s WHERE c.id = s.channel_id
""")
_REFUSED: Final = text("UPDATE notification SET state = 'refused', error = :why WHERE id = :message")
_TAKE_APART: Final = text("""
WITH apart AS (UPDATE notice SET settled = '', notification_id = NULL WHERE notification_id = :message)
DELETE FROM notification WHERE id = :message
""")
_FAILED: Final = text("""
UPDATE notice_channel SET failures = failures + 1, error = :why, retry_at = :retry_at WHERE id = :channel
""")


def sent(connection: Connection, message_id: int) -> None:
    """Say that a message was taken."""
    connection.execute(_SENT, {"message": message_id})


def refused(connection: Connection, message_id: int, why: str) -> None:
    """Say that a message was refused for good; it is kept, to be shown."""
    connection.execute(_REFUSED, {"message": message_id, "why": why})


def take_apart(connection: Connection, message_id: int) -> None:
    """Undo a message that nobody took: what it told waits again."""
    connection.execute(_TAKE_APART, {"message": message_id})


def failed(connection: Connection, channel_id: int, why: str, retry_at: datetime | None) -> None:
    """Say why an attempt failed, and when the next one is due; `None` at once."""
    connection.execute(_FAILED, {"channel": channel_id, "why": why, "retry_at": retry_at})


def retry_now(connection: Connection) -> None:
    """Let the next attempt of all be due, since something may have been mended."""
    connection.execute(text("UPDATE notice_channel SET retry_at = NULL WHERE retry_at IS NOT NULL"))


_AGAIN: Final = text("""
WITH refused AS (SELECT id FROM notification WHERE channel_id = :channel AND state = 'refused'),
  apart AS (UPDATE notice SET settled = '', notification_id = NULL
    WHERE notification_id IN (SELECT id FROM refused) RETURNING alert_id),
  gone AS (DELETE FROM notification WHERE id IN (SELECT id FROM refused)),
  now AS (UPDATE notice_channel SET retry_at = NULL WHERE id = :channel)
SELECT count(DISTINCT alert_id) FROM (
  SELECT alert_id FROM apart UNION ALL SELECT n.alert_id FROM notice n
  LEFT JOIN notification m ON m.id = n.notification_id
  WHERE n.channel_id = :channel AND (n.settled = '' OR m.state = 'sending')) waiting
""")


def tell_again(connection: Connection, channel_id: int) -> int:
    """Let what a channel refused wait again, and its next attempt be due; return of how many alerts something waits."""
    return int(connection.execute(_AGAIN, {"channel": channel_id}).scalar_one())


class Counts(NamedTuple):
    """What became of the notices of a channel.

    Attributes:
        waiting: Notices that wait.
        sent: Messages that were taken.
        refused: Messages that were refused for good.
        why: Of the last of these; empty if there is none.
    """

    waiting: int
    sent: int
    refused: int
    why: str


_COUNTS: Final = text("""
SELECT (SELECT count(*) FROM notice n LEFT JOIN notification m ON m.id = n.notification_id
        WHERE n.channel_id = :channel AND (n.settled = '' OR m.state = 'sending')),
  count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state = 'refused'),
  coalesce((array_agg(error ORDER BY id DESC) FILTER (WHERE state = 'refused'))[1], '')
FROM notification WHERE channel_id = :channel
""")


def counts(connection: Connection, channel_id: int) -> Counts:
    """Return what became of the notices of a channel, as far back as they are kept."""
    return Counts._make(connection.execute(_COUNTS, {"channel": channel_id}).one())


_WEARER: Final = text("""
SELECT n.name FROM assignment s JOIN animal n ON n.id = s.animal_id
WHERE s.collar_id = :collar AND s.during && tstzrange(:since, :until, '[]') ORDER BY s.during DESC LIMIT 1
""")


def wearer(connection: Connection, alert: Alert) -> str:
    """Return the name of the animal that wears the collar of an alert, or wore it last then; empty if none."""
    if alert.about != "collar":
        return ""
    span = {"collar": alert.about_id, "since": alert.since, "until": alert.until}
    return str(connection.execute(_WEARER, span).scalar() or "")
