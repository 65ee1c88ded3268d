"""What jobs find and raise an alert for.

What the data say (since, until, evidence) and what people say (the judgement) are kept apart, and the state follows
from both, so that a job can look again at the same data without undoing what anybody said.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, text

from storage.alerting.alerts import Change, record

_LOCK = 0x616C


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about: one of these, or with none the farm itself."""

    group_id: int | None = None
    animal_id: int | None = None
    collar_id: int | None = None
    series_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a job found.

    Attributes:
        subject: What it is about.
        since: Start of what it is about.
        opened_at: When enough was known to raise it.
        last_evidence_at: End of the latest evidence.
        until: When it was over; `None` while it goes on.
        ended_by: Why it is over, a stable code; empty while it goes on.
        severity: `info`, `warning` or `critical`.
        evidence: The numbers that raised it, as JSON.
        expected: What was expected in their place, as JSON.
        causes: Likely causes, the likeliest first, each with a `code`.
    """

    subject: Subject
    since: datetime
    opened_at: datetime
    last_evidence_at: datetime
    until: datetime | None
    ended_by: str
    severity: Literal["info", "warning", "critical"]
    evidence: Mapping[str, Any]
    expected: Mapping[str, Any]
    causes: Sequence[Mapping[str, Any]]


class Kept(NamedTuple):
    """An alert as a job must know it to look at it again."""

    id: int
    series_id: int | None
    since: datetime
    opened_at: datetime
    until: datetime | None
    severity: Literal["info", "warning", "critical"]
    causes: Sequence[Mapping[str, Any]]


_ADD = text("""
INSERT INTO alert (farm_id, kind, group_id, animal_id, collar_id, series_id, since, opened_at, last_evidence_at, until,
  ended_by, severity, evidence, expected, causes)
VALUES (:farm, :kind, :group_id, :animal_id, :collar_id, :series_id, :since, :opened_at, :last_evidence_at, :until,
  :ended_by, :severity, CAST(:evidence AS jsonb), CAST(:expected AS jsonb), CAST(:causes AS jsonb))
ON CONFLICT (farm_id, kind, group_id, animal_id, collar_id, series_id) WHERE until IS NULL DO NOTHING
RETURNING id, state
""")
_AMEND = text("""
UPDATE alert a SET since = :since, opened_at = :opened_at, last_evidence_at = :last_evidence_at, until = :until,
  ended_by = :ended_by, severity = :severity, evidence = CAST(:evidence AS jsonb), expected = CAST(:expected AS jsonb),
  causes = CAST(:causes AS jsonb)
FROM (SELECT id, state FROM alert WHERE id = :id FOR UPDATE) was
WHERE a.id = was.id AND (a.since, a.opened_at, a.last_evidence_at, a.until, a.ended_by, a.severity, a.evidence,
    a.expected, a.causes)
  IS DISTINCT FROM (CAST(:since AS timestamptz), CAST(:opened_at AS timestamptz),
    CAST(:last_evidence_at AS timestamptz), CAST(:until AS timestamptz), CAST(:ended_by AS text),
    CAST(:severity AS text), CAST(:evidence AS jsonb), CAST(:expected AS jsonb), CAST(:causes AS jsonb))
RETURNING was.state, a.state
""")
_END = text("""
UPDATE alert SET until = :at, ended_by = :why WHERE id = :id AND until IS NULL RETURNING state
""")


def hold(connection: Connection, farm_id: int) -> None:
    """Wait until no other transaction looks for alerts of a farm, and keep others waiting until this one ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock, :farm)"), {"lock": _LOCK, "farm": farm_id})


def add(connection: Connection, farm_id: int, kind: str, found: Finding) -> int | None:
    """Keep a finding as a new alert and return its id; `None` if one of this kind and subject goes on already."""
    row = connection.execute(_ADD, {"farm": farm_id, "kind": kind, **_stored(found)}).one_or_none()
    if row is None:
        return None
    record(connection, row.id, Change(found.opened_at, "open", "", ""))
    if found.until is not None:
        record(connection, row.id, Change(found.until, row.state, "", found.ended_by))
    return int(row.id)


def amend(connection: Connection, alert_id: int, found: Finding, *, at: datetime) -> None:
    """Bring an alert up to what the data say at an instant; what people said of it stays."""
    row = connection.execute(_AMEND, {"id": alert_id, **_stored(found)}).one_or_none()
    if row is not None and row[0] != row[1]:
        record(connection, alert_id, Change(at, row[1], "", found.ended_by))


def end(connection: Connection, alert_id: int, why: str, *, at: datetime) -> None:
    """End an alert that goes on, with a stable code for why."""
    row = connection.execute(_END, {"id": alert_id, "at": at, "why": why}).one_or_none()
    if row is not None and row.state == "closed":
        record(connection, alert_id, Change(at, "closed", "", why))


_KEPT = text("""
SELECT id, series_id, since, opened_at, until, severity, causes FROM alert
WHERE farm_id = :farm AND kind = :kind AND (until IS NULL OR until > least(:start, (
  SELECT min(since) - :lead FROM alert WHERE farm_id = :farm AND kind = :kind AND until IS NULL)))
ORDER BY since, id
""")


def kept_since(connection: Connection, farm_id: int, kind: str, start: datetime, lead: timedelta) -> list[Kept]:
    """Return the alerts of a kind in the order in which they began: those that go on, and those that ended lately.

    Lately is after `start`, and in any case from a span `lead` before the first that goes on.
    """
    rows = connection.execute(_KEPT, {"farm": farm_id, "kind": kind, "start": start, "lead": lead})
    return [Kept._make(row) for row in rows]


def _stored(found: Finding) -> dict[str, Any]:
    subject, plain = found.subject, ("since", "opened_at", "last_evidence_at", "until", "ended_by", "severity")
    return {
        **{name: getattr(subject, name) for name in ("group_id", "animal_id", "collar_id", "series_id")},
        **{name: getattr(found, name) for name in plain},
        **{name: json.dumps(getattr(found, name)) for name in ("evidence", "expected", "causes")},
    }
