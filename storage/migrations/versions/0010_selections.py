"""Which regressors were kept and why, and what was done where the skill of a model was lost."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
CREATE TABLE regressor_selection (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  series_id int REFERENCES series ON DELETE CASCADE,
  made_at timestamptz NOT NULL,
  why text NOT NULL,
  specification text NOT NULL,
  comparisons jsonb NOT NULL);
COMMENT ON TABLE regressor_selection IS 'A search for the regressors that lower the rolling error, with all that was compared: never rewritten.';
COMMENT ON COLUMN regressor_selection.series_id IS 'What it was made on; null for the groups of the farm together.';
COMMENT ON COLUMN regressor_selection.made_at IS 'On the node''s clock.';
COMMENT ON COLUMN regressor_selection.why IS 'What it was made for, such as reselection.';
COMMENT ON COLUMN regressor_selection.specification IS 'Canonical JSON of the model with the regressors that are kept.';
COMMENT ON COLUMN regressor_selection.comparisons IS 'Each regressor: RMSE with and without it, difference of squared errors, standard error, p, bar, kept.';
CREATE INDEX regressor_selection_latest ON regressor_selection (farm_id, series_id, made_at);

CREATE TABLE reselection (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  series_id int NOT NULL REFERENCES series ON DELETE CASCADE,
  seen_at timestamptz NOT NULL,
  made_at timestamptz NOT NULL,
  seen jsonb NOT NULL,
  tried jsonb NOT NULL,
  decision text NOT NULL CHECK (decision IN ('promoted', 'kept')),
  model_id int REFERENCES model ON DELETE SET NULL,
  selection_id int REFERENCES regressor_selection ON DELETE SET NULL,
  UNIQUE (series_id, seen_at));
COMMENT ON TABLE reselection IS 'The skill of a model was lost: what was seen, what was tried, what was decided; never rewritten.';
COMMENT ON COLUMN reselection.seen_at IS 'End of the seven days whose scores were too bad, on the node''s clock.';
COMMENT ON COLUMN reselection.made_at IS 'On the node''s clock.';
COMMENT ON COLUMN reselection.seen IS 'Errors over these days of the model and of the best simple baseline, skill, threshold, targets.';
COMMENT ON COLUMN reselection.tried IS 'The champion and each challenger on held-out origins, with the test of the best one.';
COMMENT ON COLUMN reselection.decision IS 'promoted: the best challenger reigns now; kept: chance could not be ruled out.';
COMMENT ON COLUMN reselection.model_id IS 'The model that won; null where none did.';
COMMENT ON COLUMN reselection.selection_id IS 'The search for regressors that was part of it.';
"""

SCOPED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON {table} TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON {table} FOR SELECT TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
GRANT SELECT ON {table} TO animov_api;
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("regressor_selection", "reselection"):
        op.execute(SCOPED.format(table=table))
