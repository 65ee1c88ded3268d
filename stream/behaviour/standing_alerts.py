"""Alerts about collars and animals as a look finds them, and what it does to them.

A look at the same data does the same, so nothing is written the second time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from storage.alerting import findings
from storage.alerting.findings import Finding, Subject
from storage.animals.watching_animals import Raised
from storage.engine.database import Connection

Severity = Literal["info", "warning", "critical"]
Cause = Mapping[str, Any]


class Look(NamedTuple):
    """One look at a farm.

    Attributes:
        connection: An open transaction that may write.
        farm_id: The farm.
        slot: Until then.
        kept: Alerts that go on, and those that ended in the last day.
    """

    connection: Connection
    farm_id: int
    slot: datetime
    kept: Sequence[Raised]

    def of(self, kind: str) -> list[Raised]:
        """Return those of a kind about collars or animals."""
        return [one for one in self.kept if one.kind == kind and _about(one) != Subject()]

    def of_farm(self, kind: str) -> Raised | None:
        """Return the one of a kind about the farm as a whole that goes on."""
        return next(
            (one for one in self.kept if one.kind == kind and _about(one) == Subject() and one.until is None), None
        )

    def open(
        self,
        kind: str,
        subject: Subject,
        *,
        since: datetime,
        severity: Severity,
        evidence: Mapping[str, Any],
        expected: Mapping[str, Any],
        causes: Sequence[Cause] = (),
    ) -> None:
        """Raise an alert that goes on."""
        found = Finding(
            subject=subject,
            since=since,
            opened_at=self.slot,
            last_evidence_at=self.slot,
            until=None,
            ended_by="",
            severity=severity,
            evidence=evidence,
            expected=expected,
            causes=list(causes),
        )
        findings.add(self.connection, self.farm_id, kind, found)

    def revise(self, alert: Raised, **changes: Any) -> None:
        """Change what the data say of an alert, and leave the rest as it is."""
        names = (
            "since",
            "opened_at",
            "last_evidence_at",
            "until",
            "ended_by",
            "severity",
            "evidence",
            "expected",
            "causes",
        )
        facts = {name: getattr(alert, name) for name in names} | changes
        findings.amend(self.connection, alert.id, Finding(subject=_about(alert), **facts), at=self.slot)

    def end(self, alert: Raised, why: str, until: datetime | None = None) -> None:
        """Say that an alert is over, and since when; if left out, since this look."""
        over = max(alert.since, until or self.slot)
        self.revise(alert, until=over, ended_by=why)


def _about(alert: Raised) -> Subject:
    return Subject(animal_id=alert.animal_id, collar_id=alert.collar_id)
