"""A model's life: trainings and their artefacts, models, who is champion, what changed it, what MLflow has yet to hear."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = """
CREATE TABLE training (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('train', 'test', 'compare', 'promote')),
  series_id int REFERENCES series ON DELETE CASCADE,
  name text NOT NULL DEFAULT '' CHECK (length(name) <= 100),
  request jsonb NOT NULL,
  requested_by text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
  progress real NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
  expected_s real,
  asked_at timestamptz NOT NULL, started_at timestamptz, finished_at timestamptz,
  error text NOT NULL DEFAULT '',
  metrics jsonb NOT NULL DEFAULT '{}',
  model_id int,
  CHECK ((series_id IS NULL) = (name <> '')),
  CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled'))));
COMMENT ON TABLE training IS 'Long work on models: training, testing, comparing, promoting; asked for, under way or done.';
COMMENT ON COLUMN training.kind IS 'train makes a model; test and compare judge some on held-out origins; promote compares and lets the winner reign.';
COMMENT ON COLUMN training.series_id IS 'What it is for; null for the series of a file.';
COMMENT ON COLUMN training.name IS 'What the series of a file is called; empty for one of the node.';
COMMENT ON COLUMN training.request IS 'What was asked: for train specification, preset, zone, unit; else the models and origins.';
COMMENT ON COLUMN training.requested_by IS 'Who asked: a user, a key, the command line.';
COMMENT ON COLUMN training.progress IS 'Share done, 0 to 1.';
COMMENT ON COLUMN training.expected_s IS 'Seconds that it should take, as told before it began; null before.';
COMMENT ON COLUMN training.asked_at IS 'On the node''s clock, as the two times beside it.';
COMMENT ON COLUMN training.error IS 'Why it failed, in a sentence; else empty.';
COMMENT ON COLUMN training.metrics IS 'What it found.';
COMMENT ON COLUMN training.model_id IS 'The model that a training made or made again.';
CREATE INDEX training_subject ON training (farm_id, series_id, id);

CREATE TABLE training_artefact (
  training_id int NOT NULL REFERENCES training ON DELETE CASCADE,
  name text NOT NULL,
  content bytea NOT NULL CHECK (octet_length(content) <= 16777216),
  PRIMARY KEY (training_id, name));
COMMENT ON TABLE training_artefact IS 'Files of a training: input.csv as uploaded, train.csv, test.csv, plot.png; at most 16 MiB each.';
COMMENT ON COLUMN training_artefact.content IS 'The bytes of the file.';

CREATE TABLE model (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  series_id int REFERENCES series ON DELETE CASCADE,
  name text NOT NULL DEFAULT '' CHECK (length(name) <= 100),
  specification text NOT NULL,
  digest text NOT NULL,
  parameters jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  training_id int REFERENCES training ON DELETE SET NULL,
  CHECK ((series_id IS NULL) = (name <> '')),
  UNIQUE NULLS NOT DISTINCT (farm_id, series_id, name, digest));
COMMENT ON TABLE model IS 'A model of a series: a refit of the same specification is no new model.';
COMMENT ON COLUMN model.series_id IS 'What it foretells; null for the series of a file.';
COMMENT ON COLUMN model.name IS 'What the series of a file is called; empty for one of the node.';
COMMENT ON COLUMN model.specification IS 'Canonical JSON: orders, harmonics, regressors, history, bounds, step.';
COMMENT ON COLUMN model.digest IS 'Sha256 of the specification; for a file of the specification and the data.';
COMMENT ON COLUMN model.parameters IS 'Estimates of the training that made it, by name; each cycle estimates anew.';
COMMENT ON COLUMN model.training_id IS 'The training that made it first.';
ALTER TABLE training ADD FOREIGN KEY (model_id) REFERENCES model ON DELETE SET NULL;

CREATE TABLE model_alias (
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  series_id int REFERENCES series ON DELETE CASCADE,
  name text NOT NULL DEFAULT '',
  alias text NOT NULL CHECK (alias IN ('champion', 'challenger')),
  model_id int NOT NULL REFERENCES model ON DELETE CASCADE,
  since timestamptz NOT NULL,
  UNIQUE NULLS NOT DISTINCT (farm_id, series_id, name, alias));
COMMENT ON TABLE model_alias IS 'Which model of a series is champion and which is challenger now; no champion means the default of the farm.';
COMMENT ON COLUMN model_alias.name IS 'What the series of a file is called; empty for one of the node.';
COMMENT ON COLUMN model_alias.alias IS 'The champion forecasts; the challenger was trained last and may win against it.';
COMMENT ON COLUMN model_alias.since IS 'On the node''s clock.';

CREATE TABLE model_change (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  series_id int REFERENCES series ON DELETE CASCADE,
  name text NOT NULL DEFAULT '',
  at timestamptz NOT NULL,
  alias text NOT NULL CHECK (alias IN ('champion', 'challenger')),
  from_model int REFERENCES model ON DELETE SET NULL,
  to_model int REFERENCES model ON DELETE SET NULL,
  why text NOT NULL CHECK (why IN ('trained', 'first', 'won', 'order', 'rollback', 'reselection')),
  evidence jsonb NOT NULL DEFAULT '{}');
COMMENT ON TABLE model_change IS 'Every change of an alias, never rewritten.';
COMMENT ON COLUMN model_change.name IS 'What the series of a file is called; empty for one of the node.';
COMMENT ON COLUMN model_change.at IS 'On the node''s clock.';
COMMENT ON COLUMN model_change.from_model IS 'Null where nobody had the alias: for the champion the default of the farm.';
COMMENT ON COLUMN model_change.to_model IS 'Null where nobody has it any longer.';
COMMENT ON COLUMN model_change.why IS 'trained, first of a file, won a comparison, explicit order, rollback, re-selection.';
COMMENT ON COLUMN model_change.evidence IS 'What spoke for it: test, p-value, errors, origins.';
CREATE INDEX model_change_subject ON model_change (farm_id, series_id, id);

CREATE TABLE tracking (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('cycle', 'training', 'alias')),
  key text NOT NULL UNIQUE,
  payload jsonb NOT NULL,
  at timestamptz NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  error text NOT NULL DEFAULT '');
COMMENT ON TABLE tracking IS 'What MLflow has yet to be told; a row goes when its run is there.';
COMMENT ON COLUMN tracking.kind IS 'cycle and training become a run each, alias moves one in the registry.';
COMMENT ON COLUMN tracking.key IS 'Names the one run that comes of it, in a tag.';
COMMENT ON COLUMN tracking.payload IS 'What to log: parameters, metrics, rows; of a training its id.';
COMMENT ON COLUMN tracking.at IS 'On the node''s clock; the start of the run.';
COMMENT ON COLUMN tracking.attempts IS 'How often it could not be logged; what failed goes behind what has not.';
COMMENT ON COLUMN tracking.error IS 'Why, the last time; else empty.';
ALTER TABLE tracking ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON tracking TO animov_app USING (true) WITH CHECK (true);
"""

SCOPED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON {table} TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON {table} FOR SELECT TO animov_api USING ({own});
GRANT SELECT ON {table} TO animov_api;
"""
OWN = "farm_id = ANY ((SELECT animov_farms())::int[])"


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("training", "model", "model_alias", "model_change"):
        op.execute(SCOPED.format(table=table, own=OWN))
    op.execute(SCOPED.format(table="training_artefact", own="training_id IN (SELECT id FROM training)"))
