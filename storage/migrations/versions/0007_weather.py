"""Weather forecasts as they were issued, and what went wrong where there are none."""

from alembic import op

revision = "0007"
down_revision = "0006"

WEATHER = """
CREATE TABLE weather_forecast (
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  issued_at timestamptz NOT NULL,
  first_hour timestamptz NOT NULL CHECK (extract(epoch FROM first_hour) % 3600 = 0),
  temperature real[] NOT NULL, humidity real[] NOT NULL, precipitation real[] NOT NULL,
  wind real[] NOT NULL, cloud real[] NOT NULL,
  fault text NOT NULL DEFAULT '',
  PRIMARY KEY (farm_id, issued_at),
  CHECK (cardinality(humidity) = cardinality(temperature) AND cardinality(precipitation) = cardinality(temperature)
     AND cardinality(wind) = cardinality(temperature) AND cardinality(cloud) = cardinality(temperature)),
  CHECK ((fault = '') = (cardinality(temperature) > 0)));
COMMENT ON TABLE weather_forecast IS 'A weather forecast for a farm as it was fetched, or why none was to be had: never rewritten.';
COMMENT ON COLUMN weather_forecast.issued_at IS 'When the answer was there, on the node''s clock: no slot before it knows of it.';
COMMENT ON COLUMN weather_forecast.first_hour IS 'Item i of the arrays, from 0, is for first_hour + i hours; null is not known.';
COMMENT ON COLUMN weather_forecast.temperature IS 'Of the air 2 m above ground at the hour, °C.';
COMMENT ON COLUMN weather_forecast.humidity IS 'Relative, 2 m above ground at the hour, %.';
COMMENT ON COLUMN weather_forecast.precipitation IS 'Of the hour that ends then, mm.';
COMMENT ON COLUMN weather_forecast.wind IS '10 m above ground at the hour, m/s.';
COMMENT ON COLUMN weather_forecast.cloud IS 'Share of the sky that is covered at the hour, %.';
COMMENT ON COLUMN weather_forecast.fault IS 'Why the provider gave nothing usable; empty where it did.';

COMMENT ON COLUMN forecast.reason IS 'Why it is a fallback or without weather, where it is one; else empty.';

ALTER TABLE weather_forecast ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON weather_forecast TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON weather_forecast FOR SELECT TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
GRANT SELECT ON weather_forecast TO animov_api;
"""


def upgrade() -> None:
    op.execute(WEATHER)
