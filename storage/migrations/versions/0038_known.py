"""Seconds known are stored in place of seconds lying: they hardly ever change from one to the next, and cost nothing by columns.

What lay is what is known and did not stand, and views of the names that the tables had say so: nothing changes for who
reads. A row from before says only of what lay that it is known, and is right as well, so none is written again.
"""

from alembic import op

revision = "0038"
down_revision = "0037"

ASIDE = """
ALTER TABLE {table} RENAME TO {stored};
ALTER TABLE {stored} RENAME COLUMN lying TO known;
COMMENT ON COLUMN {stored}.known IS 'The seconds in which it stood or lay. Those of standing belong to it also where they are missing: until version 0038 it held those of lying alone.';
ALTER VIEW managed.{table} RENAME TO {stored};
ALTER VIEW managed.{stored} RENAME COLUMN lying TO known;
"""

SHOWN = """
COMMENT ON TABLE stored_evidence IS 'What evidence shows, as it is written.';
CREATE VIEW evidence AS
  SELECT collar_id, bucket, method, received, standing, (known & ~standing)::bit(900) AS lying FROM stored_evidence;
COMMENT ON VIEW evidence IS 'What one collar said of one bucket, found by one method; merged by bitwise OR, never about an animal.';
COMMENT ON COLUMN evidence.collar_id IS 'Who said it.';
COMMENT ON COLUMN evidence.bucket IS 'First instant of 15 minutes, UTC.';
COMMENT ON COLUMN evidence.method IS '1000 * posture_rule.id + generation.';
COMMENT ON COLUMN evidence.received IS 'Seconds of which anything came; holds every second of standing and lying.';
COMMENT ON COLUMN evidence.standing IS 'Seconds in which the animal stood.';
COMMENT ON COLUMN evidence.lying IS 'Seconds in which the animal lay, and not also stood.';

COMMENT ON TABLE stored_window IS 'What posture_window shows, as it is written.';
CREATE VIEW posture_window AS
  SELECT animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing,
    (known & ~standing)::bit(900) AS lying, summed, inferred FROM stored_window;
COMMENT ON VIEW posture_window IS 'What is known of one animal in one bucket; derived from evidence in the transaction that touched it.';
COMMENT ON COLUMN posture_window.animal_id IS 'Of whom.';
COMMENT ON COLUMN posture_window.bucket IS 'First instant of 15 minutes, UTC.';
COMMENT ON COLUMN posture_window.received_s IS 'Seconds of which anything came.';
COMMENT ON COLUMN posture_window.known_s IS 'Seconds in which the animal is known to have stood or lain.';
COMMENT ON COLUMN posture_window.standing_s IS 'Seconds in which it stood.';
COMMENT ON COLUMN posture_window.standing_ratio IS 'standing_s / known_s, 0 to 1; null without enough coverage.';
COMMENT ON COLUMN posture_window.standing IS 'The seconds in which it stood.';
COMMENT ON COLUMN posture_window.lying IS 'The seconds in which it lay.';
COMMENT ON COLUMN posture_window.summed IS 'Seconds that were reported as sums, whose order means nothing: no bouts there; null if there are none.';
COMMENT ON COLUMN posture_window.inferred IS 'Whether all its known seconds were told by neck collars or ear tags: whoever reads bouts smooths them.';

CREATE OR REPLACE VIEW panel.posture_window WITH (security_barrier) AS
  SELECT animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, lying
  FROM public.posture_window
  WHERE animal_id IN (SELECT id FROM public.animal WHERE farm_id = (SELECT public.animov_reader_farm()));
"""


def upgrade() -> None:
    for table, stored in (("evidence", "stored_evidence"), ("posture_window", "stored_window")):
        op.execute(ASIDE.format(table=table, stored=stored))
    op.execute(SHOWN)
