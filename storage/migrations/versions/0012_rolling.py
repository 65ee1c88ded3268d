"""What a cycle reads and scores in a few statements: ratios by day, forecasts step by step, spans that were edited."""

from alembic import op

revision = "0012"
down_revision = "0011"

RATIOS = """
ALTER TABLE series ADD COLUMN known_since timestamptz, ADD COLUMN coverage real;
COMMENT ON COLUMN series.known_since IS 'From here on series_day holds what the windows say; null while nothing was filled in.';
COMMENT ON COLUMN series.coverage IS 'Of the farm, as series_day was made with.';

CREATE TABLE series_day (
  series_id int NOT NULL REFERENCES series ON DELETE CASCADE,
  day timestamptz NOT NULL CHECK (extract(epoch FROM day) % 86400 = 0),
  ratios real[] NOT NULL CHECK (cardinality(ratios) = 96),
  PRIMARY KEY (series_id, day)) WITH (fillfactor = 60);
COMMENT ON TABLE series_day IS 'The standing ratios of a series by UTC day, kept up with the windows by the change feed: what a cycle reads.';
COMMENT ON COLUMN series_day.day IS 'First instant of the day.';
COMMENT ON COLUMN series_day.ratios IS 'Item i of 1..96 is the bucket at day + (i-1) 15 min; NaN is not known.';

CREATE FUNCTION animov_patched(whole real[], items int[], fresh real[]) RETURNS real[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  FOR i IN 1..cardinality(items) LOOP
    whole[items[i]] := fresh[i];
  END LOOP;
  RETURN whole;
END $$;
COMMENT ON FUNCTION animov_patched(real[], int[], real[]) IS 'An array with some of its items replaced.';

CREATE TABLE changed_span (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  during tstzrange NOT NULL,
  at timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE changed_span IS 'Spans in which who wore what, or who was in which group, was edited: the ratios of a group follow from that too.';
COMMENT ON COLUMN changed_span.at IS 'On the wall.';

CREATE FUNCTION animov_note_span() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO changed_span (farm_id, during) SELECT farm_id, OLD.during FROM animal WHERE id = OLD.animal_id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO changed_span (farm_id, during) SELECT farm_id, NEW.during FROM animal WHERE id = NEW.animal_id;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION animov_note_span() IS 'Notes the span of an edited assignment or membership.';
CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON assignment FOR EACH ROW EXECUTE FUNCTION animov_note_span();
CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON membership FOR EACH ROW EXECUTE FUNCTION animov_note_span();

CREATE TABLE unscored_bucket (
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  bucket timestamptz NOT NULL,
  PRIMARY KEY (farm_id, bucket));
COMMENT ON TABLE unscored_bucket IS 'Slots whose truth changed and whose forecasts have yet to be held against it.';
"""

FORECASTS = """
DROP VIEW farm_forecast;
ALTER TABLE forecast
  ALTER COLUMN persistence DROP NOT NULL, ALTER COLUMN persistence TYPE real USING persistence[1],
  ALTER COLUMN constant_mean DROP NOT NULL, ALTER COLUMN constant_mean TYPE real USING constant_mean[1],
  ALTER COLUMN seasonal_naive TYPE real[] USING seasonal_naive[1:96],
  ALTER COLUMN mean_profile TYPE real[] USING mean_profile[1:96],
  ADD COLUMN sigma real[] NOT NULL DEFAULT '{}',
  ADD COLUMN factors80 real[] NOT NULL DEFAULT '{}', ADD COLUMN factors95 real[] NOT NULL DEFAULT '{}';
ALTER TABLE forecast
  ALTER COLUMN mean SET STORAGE EXTERNAL, ALTER COLUMN sigma SET STORAGE EXTERNAL,
  ALTER COLUMN lower80 SET STORAGE EXTERNAL, ALTER COLUMN upper80 SET STORAGE EXTERNAL,
  ALTER COLUMN lower95 SET STORAGE EXTERNAL, ALTER COLUMN upper95 SET STORAGE EXTERNAL,
  ALTER COLUMN seasonal_naive SET STORAGE EXTERNAL, ALTER COLUMN mean_profile SET STORAGE EXTERNAL;
COMMENT ON COLUMN forecast.persistence IS 'Baseline: the last value, at every step; the baselines are as known at issue, null or empty without history.';
COMMENT ON COLUMN forecast.constant_mean IS 'Baseline: the mean of the history, at every step.';
COMMENT ON COLUMN forecast.seasonal_naive IS 'Baseline: the same time of the most recent day; 96 steps, which repeat.';
COMMENT ON COLUMN forecast.mean_profile IS 'Baseline: the mean of the same time of day over 14 days; 96 steps, which repeat.';
COMMENT ON COLUMN forecast.sigma IS 'Standard error by step, before calibration and clipping; empty where it was not kept.';
COMMENT ON COLUMN forecast.factors80 IS 'How many times wider the 80 % band was made, by band of horizon; empty where it was not kept.';
COMMENT ON COLUMN forecast.factors95 IS 'The same of the 95 % band.';
CREATE VIEW farm_forecast WITH (security_barrier) AS
  SELECT s.farm_id, f.* FROM forecast f JOIN series s ON s.id = f.series_id WHERE s.farm_id = ANY ((SELECT animov_farms())::int[]);
COMMENT ON VIEW farm_forecast IS 'The forecasts of the farms that a transaction may see.';
GRANT SELECT ON farm_forecast TO animov_api;

CREATE TABLE forecast_block (
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  issued_at timestamptz NOT NULL,
  backtest boolean NOT NULL,
  series int[] NOT NULL,
  steps bytea NOT NULL,
  PRIMARY KEY (farm_id, issued_at, backtest));
ALTER TABLE forecast_block ALTER COLUMN steps SET STORAGE EXTERNAL;
INSERT INTO forecast_block
  SELECT DISTINCT s.farm_id, f.issued_at, f.backtest, '{}'::int[], ''::bytea FROM forecast f JOIN series s ON s.id = f.series_id;
COMMENT ON TABLE forecast_block IS 'The forecasts of a farm and slot once more, step by step, for the days in which they come true: a slot is scored from slices.';
COMMENT ON COLUMN forecast_block.series IS 'Ids of the series, in the order of the numbers; empty when the rows are to be read instead.';
COMMENT ON COLUMN forecast_block.steps IS 'For each of 192 steps, each series: mean, lower80, upper80, lower95, upper95 and the four baselines, as 4-byte floats, little-endian.';
"""

SCORES = """
DROP VIEW farm_score;
ALTER TABLE score ADD COLUMN interval80 double precision, ADD COLUMN interval95 double precision;
COMMENT ON COLUMN score.interval80 IS 'Sum of the interval scores (Winkler) of the 80 % band: its width, and ten times what a truth lay outside; null for baselines and where it was not kept.';
COMMENT ON COLUMN score.interval95 IS 'The same of the 95 % band, with forty times what a truth lay outside.';
CREATE VIEW farm_score WITH (security_barrier) AS
  SELECT s.farm_id, c.* FROM score c JOIN series s ON s.id = c.series_id WHERE s.farm_id = ANY ((SELECT animov_farms())::int[]);
COMMENT ON VIEW farm_score IS 'The scores of the farms that a transaction may see.';
GRANT SELECT ON farm_score TO animov_api;
"""

SCOPED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON {table} TO animov_app USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    for statement in (RATIOS, FORECASTS, SCORES):
        op.execute(statement)
    for table in ("changed_span", "unscored_bucket", "forecast_block", "series_day"):
        op.execute(SCOPED.format(table=table))
