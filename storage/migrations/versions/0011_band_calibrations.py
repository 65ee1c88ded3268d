"""How much wider or narrower than the model says the bands of a day are."""

from alembic import op

revision = "0011"
down_revision = "0010"

CALIBRATIONS = """
CREATE TABLE band_calibration (
  series_id int NOT NULL REFERENCES series ON DELETE CASCADE,
  day timestamptz NOT NULL,
  specification bytea NOT NULL,
  factor80 double precision[] NOT NULL CHECK (cardinality(factor80) = 4),
  factor95 double precision[] NOT NULL CHECK (cardinality(factor95) = 4),
  PRIMARY KEY (series_id, day, specification));
COMMENT ON TABLE band_calibration IS 'Factors on the widths of the bands that are issued on a day, from errors before it: never rewritten, so that all forecasts of a day share them.';
COMMENT ON COLUMN band_calibration.day IS 'First instant of the UTC day.';
COMMENT ON COLUMN band_calibration.specification IS 'Sha256 of the model whose errors they were.';
COMMENT ON COLUMN band_calibration.factor80 IS 'Of the 80 % band in steps 1-4, 5-24, 25-96, 97-192; 1 is as the model says.';
COMMENT ON COLUMN band_calibration.factor95 IS 'The same of the 95 % band.';

ALTER TABLE band_calibration ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON band_calibration TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON band_calibration FOR SELECT TO animov_api USING (series_id IN (SELECT id FROM series));
GRANT SELECT ON band_calibration TO animov_api;
"""


def upgrade() -> None:
    op.execute(CALIBRATIONS)
