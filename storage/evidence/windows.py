"""Posture windows, derived from evidence in the transaction that touched it.

Whoever changes what a window follows from (evidence, assignments, published generations) fills the session's
table `touched` with the animals and buckets concerned and calls `DERIVE`. The order of locks is the same everywhere,
so nobody deadlocks: farms, evidence by key, windows by key, markers by key.
"""

from typing import Final

TEMPORARY: Final = """
CREATE TEMPORARY TABLE IF NOT EXISTS touched (
  farm_id int NOT NULL, animal_id int NOT NULL, bucket timestamptz NOT NULL) ON COMMIT DELETE ROWS
"""

LOCK: Final = """
INSERT INTO posture_window AS w (animal_id, bucket, received_s, known_s, standing_s, standing, lying)
SELECT animal_id, bucket, 0, 0, 0, repeat('0', 900)::bit(900), repeat('0', 900)::bit(900)
FROM touched ORDER BY animal_id, bucket
ON CONFLICT (animal_id, bucket) DO UPDATE SET known_s = 0 WHERE false
"""
"""Locks the touched windows, writing only those that do not exist yet: a row is locked even where `WHERE` is false.

Two writers of one animal must see each other. The second waits here, and derives in its next statement,
whose snapshot holds what the first has committed."""

DERIVE: Final = """
WITH heard AS (
  SELECT t.animal_id, t.bucket, e.collar_id, r.rank, r.rank >= 45 AS reported, e.method % 1000 AS generation,
         e.received & worn.seconds AS received, e.standing & worn.seconds AS standing, e.lying & worn.seconds AS lying
  FROM touched t
  JOIN assignment a ON a.animal_id = t.animal_id AND a.during && tstzrange(t.bucket, t.bucket + interval '15 min')
  JOIN collar c ON c.id = a.collar_id
  JOIN evidence e ON e.collar_id = a.collar_id AND e.bucket = t.bucket
  JOIN posture_rule r ON r.id = e.method / 1000
  CROSS JOIN LATERAL (SELECT seconds_within(a.during, t.bucket) AS seconds OFFSET 0) worn
  WHERE e.method % 1000 <= c.generation
), newest AS (
  SELECT animal_id, bucket, rank, received, standing & ~newer AS standing, lying & ~newer AS lying
  FROM (SELECT *, coalesce(bit_or(received) OVER (
          PARTITION BY animal_id, bucket, collar_id, reported ORDER BY generation DESC
          GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), repeat('0', 900)::bit(900)) AS newer
        FROM heard) by_generation
), ranked AS (
  SELECT animal_id, bucket, rank, bit_or(received) AS received, bit_or(standing) AS standing, bit_or(lying) AS lying
  FROM newest GROUP BY animal_id, bucket, rank
), trusted AS (
  SELECT animal_id, bucket, rank, received, CASE WHEN rank = 45 THEN received & ~above END AS summed,
         standing & ~above AS standing, lying & ~standing & ~above AS lying
  FROM (SELECT *, coalesce(bit_or(standing | lying) OVER (
          PARTITION BY animal_id, bucket ORDER BY rank DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
          repeat('0', 900)::bit(900)) AS above
        FROM ranked) by_rank
), merged AS (
  SELECT animal_id, bucket, bit_or(received) AS received, bit_or(summed) AS summed,
         bit_or(standing) AS standing, bit_or(lying) AS lying,
         bool_and(rank <= 30) FILTER (WHERE bit_count(standing | lying) > 0) IS TRUE AS inferred
  FROM trusted GROUP BY animal_id, bucket
), derived AS (
  SELECT m.animal_id, m.bucket, bit_count(m.received) AS received_s, bit_count(m.standing | m.lying) AS known_s,
         bit_count(m.standing) AS standing_s, m.standing, m.lying, m.inferred,
         nullif(m.summed, repeat('0', 900)::bit(900)) AS summed,
         CASE WHEN bit_count(m.standing | m.lying) >= greatest(f.animal_coverage * 900, 1)
           THEN bit_count(m.standing)::real / bit_count(m.standing | m.lying) END AS standing_ratio
  FROM merged m JOIN animal a ON a.id = m.animal_id JOIN farm f ON f.id = a.farm_id
  WHERE bit_count(m.received) > 0
), written AS (
  UPDATE posture_window w SET received_s = d.received_s, known_s = d.known_s, standing_s = d.standing_s,
    standing_ratio = d.standing_ratio, standing = d.standing, lying = d.lying, summed = d.summed,
    inferred = d.inferred
  FROM derived d
  WHERE w.animal_id = d.animal_id AND w.bucket = d.bucket
    AND (w.received_s, w.standing_ratio, w.standing, w.lying, w.summed, w.inferred)
      IS DISTINCT FROM (d.received_s, d.standing_ratio, d.standing, d.lying, d.summed, d.inferred)
  RETURNING w.animal_id, w.bucket
), emptied AS (
  DELETE FROM posture_window w USING touched t
  WHERE w.animal_id = t.animal_id AND w.bucket = t.bucket
    AND NOT EXISTS (SELECT FROM derived d WHERE d.animal_id = t.animal_id AND d.bucket = t.bucket)
  RETURNING w.animal_id, w.bucket
)
INSERT INTO changed_bucket AS c (farm_id, bucket)
SELECT DISTINCT a.farm_id, w.bucket
FROM (SELECT * FROM written UNION ALL SELECT * FROM emptied) w JOIN animal a ON a.id = w.animal_id
ORDER BY 1, 2
ON CONFLICT (farm_id, bucket) DO UPDATE SET version = c.version + 1
"""
"""Derives the touched windows, drops those that nothing is left of, and marks the buckets that changed.

Per collar and second the newest published generation that received it counts (what a device reported itself has no
generations), per second the highest rank that knows, equal ranks merge and standing wins. What was received as sums
(rank 45) and is not known better is noted as `summed`, for the order of its seconds means nothing; a window that neck
and ear (rank 30 at the most) tell alone is noted as `inferred`, for it is smoothed at reading. A change of a
farm's `animal_coverage` counts as windows are derived again."""
