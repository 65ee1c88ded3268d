"""How the groups of a farm stand now, beside what was expected of them."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

STALE: Final = timedelta(hours=3)
"""A window that began longer ago is not called now; dashboards go by the same."""


class GroupNow(NamedTuple):
    """A group in the latest quarter of an hour that anything is known of; ratios 0 to 1.

    Attributes:
        id: Its key.
        name: As people call it.
        window: First instant of that quarter of an hour, the same for all groups of a farm.
        ratio: Share of the time standing; `None` where not enough is known of the group.
        known: Animals of which enough is known.
        animals: Animals in the group that wear a collar.
        mean: What the forecast had expected that the window is held to; `None` without one.
        low: Lower end of its 80 % band.
        high: Upper end of its 80 % band.
    """

    id: int
    name: str
    window: datetime
    ratio: float | None
    known: int
    animals: int
    mean: float | None
    low: float | None
    high: float | None


_NOW: Final = text("""
WITH slot AS (
  SELECT coalesce(
    (SELECT max(w.target) FROM series s JOIN watched_window w ON w.series_id = s.id
     WHERE s.farm_id = :farm AND s.group_id IS NOT NULL AND w.standing_ratio IS NOT NULL
       AND w.target > t.now - CAST(:stale AS interval) AND w.target < t.now),
    date_bin('15 min', t.now, '2000-01-01 00:00+00') - interval '15 min') AS start
  FROM (SELECT animov_now() AS now) t
), heard AS (
  SELECT m.group_id, count(*) AS animals, coalesce(sum(w.standing_s), 0) AS standing_s,
    coalesce(sum(w.known_s), 0) AS known_s, count(*) FILTER (WHERE w.known_s >= 900 * f.animal_coverage) AS known
  FROM slot CROSS JOIN farm f JOIN animal_group g ON g.farm_id = f.id JOIN membership m ON m.group_id = g.id
  LEFT JOIN posture_window w ON w.animal_id = m.animal_id AND w.bucket = slot.start
  WHERE f.id = :farm AND m.during @> slot.start
    AND EXISTS (SELECT FROM assignment a WHERE a.animal_id = m.animal_id AND a.during @> slot.start)
  GROUP BY m.group_id
)
SELECT g.id, g.name, slot.start,
  CASE WHEN h.known_s > 0 AND h.known_s >= f.group_coverage * 900 * h.animals
    THEN h.standing_s::double precision / h.known_s END,
  coalesce(h.known, 0), coalesce(h.animals, 0), w.mean::double precision,
  e.lower80[at.step]::double precision, e.upper80[at.step]::double precision
FROM slot CROSS JOIN farm f JOIN animal_group g ON g.farm_id = f.id
LEFT JOIN heard h ON h.group_id = g.id
LEFT JOIN series s ON s.group_id = g.id
LEFT JOIN watched_window w ON w.series_id = s.id AND w.target = slot.start
LEFT JOIN forecast e ON e.series_id = s.id AND e.issued_at = w.issued_at
LEFT JOIN LATERAL (SELECT (extract(epoch FROM slot.start - w.issued_at) / 900)::int + 1 AS step) at ON true
WHERE f.id = :farm ORDER BY g.id
""")


def groups_now(connection: Connection, farm_id: int) -> list[GroupNow]:
    """Return the groups of a farm by their ids; the node's clock says what is now."""
    return [GroupNow._make(row) for row in connection.execute(_NOW, {"farm": farm_id, "stale": STALE})]
