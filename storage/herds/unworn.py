"""Collars that nobody wears: which of them speak, and since when, so that people can say whose they are.

Every function reads in a transaction that sees the caller's farms only. What a collar said in a quarter of an hour is
shown to whoever may change the farm; others see when it was last heard and no more.
"""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from storage.herds import herd


class Unworn(NamedTuple):
    """A collar that nobody wears now.

    Attributes:
        id: Of the collar.
        name: As in topics.
        mount: Where it sits, `unknown` while nobody has said.
        taken_off: When it was last taken off; `None` if it was never worn.
        first_heard: The first second since then of which it sent anything.
        last_heard: End of the latest second of which it sent anything, a status included.
        recent_s: Seconds of which it sent anything, of the quarters of an hour that began within the last hour.
        battery_v: What it last said of its battery, in volts.
        rssi_dbm: What it last said of its signal.
    """

    id: int
    name: str
    mount: str
    taken_off: datetime | None
    first_heard: datetime | None
    last_heard: datetime | None
    recent_s: int
    battery_v: float | None
    rssi_dbm: float | None


_UNWORN: Final = text("""
WITH page AS MATERIALIZED (
  SELECT id, name, generation FROM collar c WHERE farm_id = :farm AND id > :after
    AND NOT EXISTS (SELECT FROM assignment w WHERE w.collar_id = c.id AND w.during @> animov_now())
  ORDER BY id LIMIT :limit)
SELECT c.id, c.name, coalesce(k.mount, 'unknown'), w.until, f.at, greatest(h.heard_until, s.at),
       coalesce(r.seconds, 0), s.battery_v, s.rssi_dbm
FROM (SELECT animov_now() AS now) t
CROSS JOIN page c
LEFT JOIN LATERAL (SELECT mount FROM calibration
  WHERE collar_id = c.id AND generation = c.generation AND effective_from <= t.now
  ORDER BY effective_from DESC LIMIT 1) k ON true
CROSS JOIN LATERAL (SELECT max(upper(during)) AS until FROM assignment
  WHERE collar_id = c.id AND upper(during) <= t.now) w
LEFT JOIN LATERAL (
  SELECT e.bucket + (p.skipped + position(B'1' IN e.received << p.skipped) - 1) * interval '1 s' AS at
  FROM stored_evidence e
  CROSS JOIN LATERAL (SELECT greatest(0, ceil(extract(epoch FROM w.until - e.bucket)))::int AS skipped) p
  WHERE e.collar_id = c.id AND (w.until IS NULL OR e.bucket > w.until - interval '15 min')
    AND position(B'1' IN e.received << p.skipped) > 0
  ORDER BY e.bucket, at LIMIT 1) f ON true
LEFT JOIN LATERAL (SELECT sum(bit_count(received)) AS seconds FROM (
  SELECT bit_or(e.received) AS received FROM stored_evidence e
  WHERE e.collar_id = c.id AND e.bucket > t.now - interval '1 hour' GROUP BY e.bucket) b) r ON true
LEFT JOIN LATERAL (SELECT heard_until FROM farm_collar_heard WHERE collar_id = c.id OFFSET 0) h ON true
LEFT JOIN collar_status s ON s.collar_id = c.id
ORDER BY c.id
""")
"""A bit string moved left by the seconds before a collar was taken off begins with the first second after."""


def unworn(connection: Connection, farm_id: int, *, after: int = 0, limit: int) -> list[Unworn]:
    """Return the collars of a farm that nobody wears now, in the order of their ids."""
    herd.within_managed(connection)
    rows = connection.execute(_UNWORN, {"farm": farm_id, "after": after, "limit": limit})
    return [Unworn(*row) for row in rows]
