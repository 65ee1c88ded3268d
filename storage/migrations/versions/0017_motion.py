"""How collars moved, message by message; when leg tags were last looked at; models of posture are told to MLflow."""

from alembic import op

revision = "0017"
down_revision = "0016"

MOTION = """
CREATE TABLE motion (
  collar_id int NOT NULL REFERENCES collar ON DELETE CASCADE,
  at timestamptz NOT NULL,
  digest bigint NOT NULL,
  stretches smallint NOT NULL, walking smallint NOT NULL,
  walk_fwd real NOT NULL, walk_up real NOT NULL, walk_right real NOT NULL,
  still smallint NOT NULL,
  still_fwd real NOT NULL, still_up real NOT NULL, still_right real NOT NULL,
  vedba real NOT NULL, vedba_p95 real NOT NULL,
  PRIMARY KEY (collar_id, at, digest));
CREATE INDEX motion_at ON motion USING brin (at) WITH (pages_per_range = 32);
COMMENT ON TABLE motion IS 'How a message of a neck collar or ear tag moved, a function of its samples alone: what the seat of the collar is learned from.';
COMMENT ON COLUMN motion.at IS 'Of the first sample.';
COMMENT ON COLUMN motion.digest IS 'Of the samples: tells messages of one collar and instant apart.';
COMMENT ON COLUMN motion.stretches IS 'Stretches of ten seconds; a message without one has no row.';
COMMENT ON COLUMN motion.walking IS 'Those of them that walk.';
COMMENT ON COLUMN motion.walk_fwd IS 'Their mean gravity along the first of the device''s own axes, g, before any calibration; 0 if none walks.';
COMMENT ON COLUMN motion.walk_up IS 'Along the second.';
COMMENT ON COLUMN motion.walk_right IS 'Along the third.';
COMMENT ON COLUMN motion.still IS 'Stretches in which nothing moves.';
COMMENT ON COLUMN motion.still_fwd IS 'Their mean gravity along the first axis, g; 0 if none is still.';
COMMENT ON COLUMN motion.still_up IS 'Along the second.';
COMMENT ON COLUMN motion.still_right IS 'Along the third.';
COMMENT ON COLUMN motion.vedba IS 'Mean dynamic acceleration (VeDBA) of all stretches, g.';
COMMENT ON COLUMN motion.vedba_p95 IS 'Largest 95th percentile of VeDBA of a stretch, g.';

ALTER TABLE motion ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON motion TO animov_app USING (true) WITH CHECK (true);

ALTER TABLE farm ADD COLUMN tags_looked_at timestamptz;
COMMENT ON COLUMN farm.tags_looked_at IS 'When it was last looked how the leg tags of the farm sit, on the node''s clock; null if never.';

ALTER TABLE tracking DROP CONSTRAINT tracking_kind_check;
ALTER TABLE tracking ADD CONSTRAINT tracking_kind_check CHECK (kind IN ('cycle', 'training', 'alias', 'posture'));
COMMENT ON COLUMN tracking.kind IS 'cycle, training and posture become a run each, alias moves one in the registry.';
"""


def upgrade() -> None:
    op.execute(MOTION)
