"""Alerts of every kind as people read them and judge them, each change on record.

Functions take an open transaction and never commit; listeners on `storage.engine.news.ALERTS` are told when it does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, text

from core.errors import ConflictError, NotFoundError
from core.problem_texts import say
from storage.alerting.alert_journal import JOURNAL
from storage.engine import news

Judgement = Literal["seen", "dismissed", "confirmed"]
State = Literal["open", "seen", "dismissed", "confirmed", "closed"]
STATES: Final[tuple[State, ...]] = ("open", "seen", "dismissed", "confirmed", "closed")


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as people read it; `about` is `farm`, `herd`, `group`, `animal` or `collar`, with its id and name.

    `time_zone` is the farm's, an IANA name.
    `journal` is what was written of that in the two days before: entries with `id`, `kind`, `about`, `name`, `start`,
    `until` and `note`, times as RFC 3339, the latest first.
    """

    id: int
    farm: str
    time_zone: str
    kind: str
    about: str
    about_id: int
    about_name: str
    since: datetime
    opened_at: datetime
    last_evidence_at: datetime
    until: datetime | None
    ended_by: str
    severity: str
    evidence: dict[str, Any]
    expected: dict[str, Any]
    causes: list[dict[str, Any]]
    state: State
    note: str
    journal: list[dict[str, Any]]


class Change(NamedTuple):
    """A state that an alert came into: when, which, by whom (empty: by the data), and why."""

    at: datetime
    state: str
    by_user: str
    note: str


_JUDGE = text("""
UPDATE alert SET judgement = :judgement, note = :note
WHERE id = :id AND (CAST(:judgement AS text) <> 'seen' OR judgement IS NULL OR judgement = 'seen') RETURNING state
""")


def judge(
    connection: Connection, alert_id: int, judgement: Judgement, *, by: str, at: datetime, note: str = ""
) -> None:
    """Say that an alert was seen, dismissed with a reason, or confirmed with a finding.

    Raises:
        NotFoundError: there is no such alert, or this transaction may not see it.
        ConflictError: it is dismissed without a reason, confirmed without a finding, or only seen once it was judged.
    """
    if judgement != "seen" and not note.strip():
        raise ConflictError(f"an alert is {judgement} with {'a reason' if judgement == 'dismissed' else 'a finding'}")
    told = {"id": alert_id, "judgement": judgement, "note": note}
    row = connection.execute(_JUDGE, told).one_or_none()
    if row is None:
        raise ConflictError(f"alert {alert_id} is {alert(connection, alert_id).state} already")
    record(connection, alert_id, Change(at, row.state, by, note))


_REOPEN = text("UPDATE alert SET judgement = NULL, note = '' WHERE id = :id AND judgement IS NOT NULL RETURNING state")


def reopen(connection: Connection, alert_id: int, *, by: str, at: datetime) -> None:
    """Take back what people said of an alert last: it is open again, or closed if it is over.

    Raises:
        NotFoundError: there is no such alert, or this transaction may not see it.
        ConflictError: nobody has judged it.
    """
    row = connection.execute(_REOPEN, {"id": alert_id}).one_or_none()
    if row is None:
        raise ConflictError(say("alert_unjudged", alert=alert(connection, alert_id).id))
    record(connection, alert_id, Change(at, row.state, by, ""))


_SELECT = (
    """
SELECT a.id, f.name, f.time_zone, a.kind,
  CASE WHEN a.collar_id IS NOT NULL THEN 'collar' WHEN g.id IS NOT NULL THEN 'group' WHEN n.id IS NOT NULL THEN 'animal'
    WHEN s.id IS NOT NULL THEN 'herd' ELSE 'farm' END,
  coalesce(a.collar_id, g.id, n.id, a.farm_id), coalesce(c.name, g.name, n.name, f.name),
  a.since, a.opened_at, a.last_evidence_at, a.until, a.ended_by, a.severity, a.evidence, a.expected, a.causes, a.state,
  a.note, coalesce(told.entries, '[]')
FROM alert a JOIN farm f ON f.id = a.farm_id
LEFT JOIN series s ON s.id = a.series_id
LEFT JOIN animal_group g ON g.id = coalesce(a.group_id, s.group_id)
LEFT JOIN animal n ON n.id = coalesce(a.animal_id, s.animal_id)
LEFT JOIN collar c ON c.id = a.collar_id
"""
    + JOURNAL
)
_PAGE = text(
    _SELECT + "WHERE (CAST(:farm AS int) IS NULL OR a.farm_id = :farm) AND a.id < :before"
    " AND a.state = ANY (CAST(:states AS text[])) AND (CAST(:kind AS text) IS NULL OR a.kind = :kind)"
    " AND (CAST(:since AS timestamptz) IS NULL OR a.opened_at >= :since)"
    " AND (CAST(:until AS timestamptz) IS NULL OR a.opened_at < :until) ORDER BY a.id DESC LIMIT :limit"
)
_ONE = text(_SELECT + "WHERE a.id = :id")
_LARGEST = 2**63 - 1


def alerts(
    connection: Connection,
    farm_id: int | None = None,
    *,
    states: Sequence[State] = STATES,
    kind: str | None = None,
    raised: tuple[datetime | None, datetime | None] = (None, None),
    before: int = _LARGEST,
    limit: int,
) -> list[Alert]:
    """Return alerts in some states, of one farm or of all that the transaction sees, the one raised last first.

    Args:
        connection: An open transaction.
        farm_id: The farm.
        states: Those of interest.
        kind: Only alerts of this one.
        raised: Only alerts raised since the first instant, inclusive, and before the second one.
        before: Only alerts with a lower id: that of the last one of the page before.
        limit: Most alerts.
    """
    since, until = raised
    told: dict[str, Any] = {"farm": farm_id, "states": list(states), "before": before, "limit": limit}
    told |= {"kind": kind, "since": since, "until": until}
    return [Alert(*row) for row in connection.execute(_PAGE, told)]


def alert(connection: Connection, alert_id: int) -> Alert:
    """Return an alert.

    Raises:
        NotFoundError: there is none, or this transaction may not see it.
    """
    row = connection.execute(_ONE, {"id": alert_id}).one_or_none()
    if row is None:
        raise NotFoundError("alert", alert_id)
    return Alert(*row)


_CHANGES = text("SELECT at, state, by_user, note FROM alert_change WHERE alert_id = :id ORDER BY id")


def changes_of(connection: Connection, alert_id: int) -> list[Change]:
    """Return the states that an alert came into, the first first."""
    return [Change._make(row) for row in connection.execute(_CHANGES, {"id": alert_id})]


_RECORD = text(
    "INSERT INTO alert_change (alert_id, at, state, by_user, note) VALUES (:alert, :at, :state, :by_user, :note)"
)


def record(connection: Connection, alert_id: int, change: Change) -> None:
    """Put a change on record and tell the listeners of it."""
    connection.execute(_RECORD, {"alert": alert_id, **change._asdict()})
    connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": news.ALERTS})


class Judged(NamedTuple):
    """What people said of the alerts of a kind.

    Attributes:
        kind: The kind.
        raised: Alerts that began in the span.
        confirmed: Those of them that were confirmed.
        dismissed: Those that were dismissed; people have yet to judge the others.
    """

    kind: str
    raised: int
    confirmed: int
    dismissed: int


_JUDGED = text("""
SELECT kind, count(*), count(*) FILTER (WHERE judgement = 'confirmed'), count(*) FILTER (WHERE judgement = 'dismissed')
FROM alert WHERE farm_id = :farm AND opened_at >= :since GROUP BY kind ORDER BY kind
""")
_EXPOSED = text("""
SELECT count(*) FROM animal_day d JOIN animal a ON a.id = d.animal_id
WHERE a.farm_id = :farm AND d.start >= :since AND d.known_s > 0
""")


def judged_since(connection: Connection, farm_id: int, since: datetime) -> list[Judged]:
    """Return what was said of a farm's alerts that were raised since an instant, by kind."""
    return [Judged._make(row) for row in connection.execute(_JUDGED, {"farm": farm_id, "since": since})]


def animal_days_since(connection: Connection, farm_id: int, since: datetime) -> int:
    """Return the days of animals, of which anything is known, that alerts could have been raised in."""
    return int(connection.execute(_EXPOSED, {"farm": farm_id, "since": since}).scalar_one())
