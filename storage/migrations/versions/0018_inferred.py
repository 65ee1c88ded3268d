"""Which windows were told by neck collars and ear tags alone: what is read from them is smoothed."""

from alembic import op

revision = "0018"
down_revision = "0017"

INFERRED = """
ALTER TABLE posture_window ADD COLUMN inferred boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN posture_window.inferred IS 'Whether all its known seconds were told by neck collars or ear tags: whoever reads bouts smooths them.';
UPDATE posture_window w SET inferred = true FROM (
  SELECT animal_id, bucket FROM (
    SELECT a.animal_id, e.bucket, e.method / 1000 AS rule, (e.standing | e.lying) & n.seconds AS known
    FROM evidence e JOIN collar c ON c.id = e.collar_id AND e.method % 1000 <= c.generation
    JOIN assignment a ON a.collar_id = e.collar_id
      AND a.during && tstzrange(e.bucket, e.bucket + interval '15 min')
    CROSS JOIN LATERAL (SELECT seconds_within(a.during, e.bucket) AS seconds) n) worn
  WHERE bit_count(known) > 0 GROUP BY animal_id, bucket HAVING bool_and(rule <= 4)) s
WHERE w.animal_id = s.animal_id AND w.bucket = s.bucket;
DELETE FROM day_basis;  -- sheets follow from it: all are made anew
"""


def upgrade() -> None:
    op.execute(INFERRED)
