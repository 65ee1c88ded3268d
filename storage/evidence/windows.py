"""Posture windows, derived from evidence in the transaction that touched it.

Whoever changes what a window follows from (evidence, assignments, published generations) fills the session's
table `touched` with the animals and buckets concerned, calls `LOCK`, and for each of their `spans` `DERIVE` and, where
nothing is left of a window, `DROP`. The order of locks is the same everywhere, so nobody deadlocks: farms, evidence by
key, windows by key, markers by bucket and farm.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

SPAN: Final = timedelta(days=7)
"""Buckets that are derived by one statement lie no further apart: as long as a piece of a hypertable."""


def spans(buckets: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """Return as few spans as it takes, in order, first and last bucket of each, that hold all buckets."""
    found: list[tuple[datetime, datetime]] = []
    for bucket in sorted(set(buckets)):
        if found and bucket - found[-1][0] < SPAN:
            found[-1] = found[-1][0], bucket
        else:
            found.append((bucket, bucket))
    return found


TEMPORARY: Final = """
CREATE TEMPORARY TABLE IF NOT EXISTS touched (
  farm_id int NOT NULL, animal_id int NOT NULL, bucket timestamptz NOT NULL) ON COMMIT DELETE ROWS
"""

LOCK: Final = """
INSERT INTO stored_window AS w (animal_id, bucket, received_s, known_s, standing_s, standing, known)
SELECT animal_id, bucket, 0, 0, 0, repeat('0', 900)::bit(900), repeat('0', 900)::bit(900)
FROM touched ORDER BY animal_id, bucket
ON CONFLICT (animal_id, bucket) DO UPDATE SET known_s = 0 WHERE false
"""
"""Locks the touched windows, writing only those that do not exist yet: a row is locked even where `WHERE` is false.

Two writers of one animal must see each other. The second waits here, and derives in its next statement,
whose snapshot holds what the first has committed."""

DERIVE: Final = """
WITH heard AS (
  SELECT t.animal_id, t.bucket, e.collar_id, r.rank, r.rank >= 45 AS reported, mod(e.method, 1000) AS generation,
         e.received & worn.seconds AS received, e.standing & worn.seconds AS standing,
         (e.known | e.standing) & worn.seconds AS known
  FROM touched t
  JOIN assignment a ON a.animal_id = t.animal_id AND a.during && tstzrange(t.bucket, t.bucket + interval '15 min')
  JOIN collar c ON c.id = a.collar_id
  JOIN stored_evidence e ON e.collar_id = a.collar_id AND e.bucket = t.bucket
    AND e.bucket BETWEEN CAST({first} AS timestamptz) AND CAST({last} AS timestamptz)
  JOIN posture_rule r ON r.id = e.method / 1000
  CROSS JOIN LATERAL (SELECT seconds_within(a.during, t.bucket) AS seconds OFFSET 0) worn
  WHERE mod(e.method, 1000) <= c.generation
), newest AS (
  SELECT animal_id, bucket, rank, received, standing & ~newer AS standing, known & ~newer AS known
  FROM (SELECT *, coalesce(bit_or(received) OVER (
          PARTITION BY animal_id, bucket, collar_id, reported ORDER BY generation DESC
          GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), repeat('0', 900)::bit(900)) AS newer
        FROM heard) by_generation
), ranked AS (
  SELECT animal_id, bucket, rank, bit_or(received) AS received, bit_or(standing) AS standing, bit_or(known) AS known
  FROM newest GROUP BY animal_id, bucket, rank
), trusted AS (
  SELECT animal_id, bucket, rank, received, CASE WHEN rank = 45 THEN received & ~above END AS summed,
         standing & ~above AS standing, known & ~above AS known
  FROM (SELECT *, coalesce(bit_or(known) OVER (
          PARTITION BY animal_id, bucket ORDER BY rank DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
          repeat('0', 900)::bit(900)) AS above
        FROM ranked) by_rank
), merged AS (
  SELECT animal_id, bucket, bit_or(received) AS received, bit_or(summed) AS summed,
         bit_or(standing) AS standing, bit_or(known) AS known,
         bool_and(rank <= 30) FILTER (WHERE bit_count(known) > 0) IS TRUE AS inferred
  FROM trusted GROUP BY animal_id, bucket
), derived AS (
  SELECT m.animal_id, m.bucket, bit_count(m.received) AS received_s, bit_count(m.known) AS known_s,
         bit_count(m.standing) AS standing_s, m.standing, m.known, m.inferred,
         nullif(m.summed, repeat('0', 900)::bit(900)) AS summed,
         CASE WHEN bit_count(m.known) >= greatest(f.animal_coverage * 900, 1)
           THEN bit_count(m.standing)::real / bit_count(m.known) END AS standing_ratio
  FROM merged m JOIN animal a ON a.id = m.animal_id JOIN farm f ON f.id = a.farm_id
  WHERE bit_count(m.received) > 0
), written AS (
  INSERT INTO stored_window AS w (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known,
    summed, inferred)
  SELECT animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known, summed, inferred
  FROM derived ORDER BY animal_id, bucket
  ON CONFLICT (animal_id, bucket) DO UPDATE SET received_s = excluded.received_s, known_s = excluded.known_s,
    standing_s = excluded.standing_s, standing_ratio = excluded.standing_ratio, standing = excluded.standing,
    known = excluded.known, summed = excluded.summed, inferred = excluded.inferred
  WHERE (w.received_s, w.standing_ratio, w.standing, w.known, w.summed, w.inferred) IS DISTINCT FROM
    (excluded.received_s, excluded.standing_ratio, excluded.standing, excluded.known, excluded.summed,
     excluded.inferred)
  RETURNING w.animal_id, w.bucket
), emptied AS (
  SELECT t.animal_id, t.bucket FROM touched t
  WHERE t.bucket BETWEEN CAST({first} AS timestamptz) AND CAST({last} AS timestamptz)
    AND NOT EXISTS (SELECT FROM derived d WHERE d.animal_id = t.animal_id AND d.bucket = t.bucket)
), marked AS (
  INSERT INTO changed_bucket AS c (farm_id, bucket)
  SELECT DISTINCT a.farm_id, w.bucket
  FROM (SELECT * FROM written UNION ALL SELECT * FROM emptied) w JOIN animal a ON a.id = w.animal_id
  ORDER BY 2, 1
  ON CONFLICT (farm_id, bucket) DO UPDATE SET version = c.version + 1
)
SELECT animal_id, bucket FROM emptied
"""
"""Derives the touched windows of the buckets from `first` to `last`, both inclusive, marks the buckets that changed,
and returns the windows that nothing is left of, which are `DROP`ped next.

Where rows are stored in columns (`storage/schema/hypertables.py`) nothing is found by a join alone: without the two
instants all evidence of a collar would be unpacked to be looked through, and with a join in place of the conflict,
every window of every animal. So it is run for each of the `spans`.

Per collar and second the newest published generation that received it counts (what a device reported itself has no
generations), per second the highest rank that knows, equal ranks merge and standing wins. What was received as sums
(rank 45) and is not known better is noted as `summed`, for the order of its seconds means nothing; a window that neck
and ear (rank 30 at the most) tell alone is noted as `inferred`, for it is smoothed at reading. A change of a
farm's `animal_coverage` counts as windows are derived again."""

DROP: Final = """
DELETE FROM stored_window w
USING unnest(CAST({animals} AS int[]), CAST({buckets} AS timestamptz[])) AS emptied (animal_id, bucket)
WHERE w.animal_id = emptied.animal_id AND w.bucket = emptied.bucket
  AND w.animal_id = ANY (CAST({animals} AS int[])) AND w.bucket = ANY (CAST({buckets} AS timestamptz[]))
"""
"""Drops windows by animal and bucket; told once more as constants, so that only their own batches are unpacked."""
