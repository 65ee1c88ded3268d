"""What is the matter on a farm now: alerts that go on and that nobody dismissed."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text


class GoingOn(NamedTuple):
    """An alert that goes on.

    Attributes:
        kind: See `core.alert_texts.KINDS`.
        about: `farm`, `herd`, `group`, `animal` or `collar`.
        name: Of that.
        group_id: The group, or that in which the animal is now; `None` for the others.
        since: Start of what it is about.
        opened_at: When it was found.
        severity: `info`, `warning` or `critical`.
        state: `open`, `seen` or `confirmed`.
        evidence: The numbers that raised it.
        expected: What was expected in their place.
    """

    kind: str
    about: str
    name: str
    group_id: int | None
    since: datetime
    opened_at: datetime
    severity: str
    state: str
    evidence: dict[str, Any]
    expected: dict[str, Any]


_GOING_ON: Final = text("""
SELECT a.kind,
  CASE WHEN c.id IS NOT NULL THEN 'collar' WHEN g.id IS NOT NULL THEN 'group' WHEN n.id IS NOT NULL THEN 'animal'
    WHEN s.id IS NOT NULL THEN 'herd' ELSE 'farm' END,
  coalesce(c.name, g.name, n.name, f.name), coalesce(g.id, m.group_id), a.since, a.opened_at, a.severity, a.state,
  a.evidence, a.expected
FROM alert a JOIN farm f ON f.id = a.farm_id
LEFT JOIN series s ON s.id = a.series_id
LEFT JOIN animal_group g ON g.id = coalesce(a.group_id, s.group_id)
LEFT JOIN animal n ON n.id = coalesce(a.animal_id, s.animal_id)
LEFT JOIN membership m ON m.animal_id = n.id AND m.during @> animov_now()
LEFT JOIN collar c ON c.id = a.collar_id
WHERE a.farm_id = :farm AND a.until IS NULL AND a.state <> 'dismissed'
ORDER BY array_position('{critical,warning,info}', a.severity), a.since DESC, a.id
""")


def going_on(connection: Connection, farm_id: int) -> list[GoingOn]:
    """Return the alerts of a farm that go on and that nobody dismissed, urgent ones first, then the latest."""
    return [GoingOn._make(row) for row in connection.execute(_GOING_ON, {"farm": farm_id})]
