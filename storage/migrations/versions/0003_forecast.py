"""Series, forecasts as issued, scores of what came true."""

from alembic import op

revision = "0003"
down_revision = "0002"

FORECAST = """
CREATE TABLE series (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  group_id int UNIQUE REFERENCES animal_group ON DELETE CASCADE,
  animal_id int UNIQUE REFERENCES animal ON DELETE CASCADE,
  CHECK (num_nonnulls(group_id, animal_id) <= 1));
CREATE UNIQUE INDEX series_herd ON series (farm_id) WHERE group_id IS NULL AND animal_id IS NULL;
COMMENT ON TABLE series IS 'What is forecast: a group, an animal, or, with neither, the whole herd of the farm.';

CREATE TABLE forecast_cycle (
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  slot timestamptz NOT NULL,
  series int NOT NULL, seconds real NOT NULL, finished_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (farm_id, slot));
COMMENT ON TABLE forecast_cycle IS 'Written with the forecasts of a slot, so that each slot has one effect.';

CREATE TABLE forecast (
  series_id int NOT NULL REFERENCES series ON DELETE CASCADE,
  issued_at timestamptz NOT NULL,
  backtest boolean NOT NULL DEFAULT false,
  model text NOT NULL, reason text NOT NULL DEFAULT '', specification text NOT NULL, inputs_hash bytea NOT NULL,
  mean real[] NOT NULL, lower80 real[] NOT NULL, upper80 real[] NOT NULL, lower95 real[] NOT NULL, upper95 real[] NOT NULL,
  persistence real[] NOT NULL, constant_mean real[] NOT NULL, seasonal_naive real[] NOT NULL, mean_profile real[] NOT NULL,
  PRIMARY KEY (series_id, issued_at),
  CHECK (cardinality(mean) = 192 AND cardinality(lower80) = 192 AND cardinality(upper80) = 192
     AND cardinality(lower95) = 192 AND cardinality(upper95) = 192));
COMMENT ON COLUMN forecast.mean IS 'Step h of 1..192 covers [issued_at + (h-1) 15 min, issued_at + h 15 min).';
COMMENT ON COLUMN forecast.persistence IS 'The four baselines as known at issue: 192 steps, or empty where there was no history.';

CREATE TABLE score (
  series_id int NOT NULL REFERENCES series ON DELETE CASCADE,
  target timestamptz NOT NULL,
  band text NOT NULL CHECK (band IN ('1-4', '5-24', '25-96', '97-192')),
  model text NOT NULL,
  backtest boolean NOT NULL DEFAULT false,
  n int NOT NULL, sum_squared double precision NOT NULL, sum_absolute double precision NOT NULL, sum_error double precision NOT NULL,
  covered80 int, covered95 int,
  PRIMARY KEY (series_id, target, band, model, backtest)) WITH (fillfactor = 80);
COMMENT ON TABLE score IS 'Sums over the forecasts of one target slot, by band of horizon: a function of what was issued and the present truth.';

CREATE VIEW farm_forecast WITH (security_barrier) AS
  SELECT s.farm_id, f.* FROM forecast f JOIN series s ON s.id = f.series_id WHERE s.farm_id = ANY ((SELECT animov_farms())::int[]);
CREATE VIEW farm_score WITH (security_barrier) AS
  SELECT s.farm_id, c.* FROM score c JOIN series s ON s.id = c.series_id WHERE s.farm_id = ANY ((SELECT animov_farms())::int[]);
GRANT SELECT ON farm_forecast, farm_score TO animov_api;

ALTER TABLE series ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON series TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON series FOR SELECT TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
GRANT SELECT ON series TO animov_api;
"""


def upgrade() -> None:
    op.execute(FORECAST)
