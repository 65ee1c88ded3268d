"""What hypertables ask of the tables: views in place of row-level security, and a way to drop their pieces."""

from alembic import op

revision = "0035"
down_revision = "0034"

# A hypertable's columnstore excludes row-level security; its pieces would not know of it in any case.
SCOPED = """
DROP POLICY own_farms ON weather_forecast;
DROP POLICY everything ON weather_forecast;
ALTER TABLE weather_forecast DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON weather_forecast FROM animov_api;
CREATE VIEW farm_weather WITH (security_barrier) AS
  SELECT * FROM weather_forecast WHERE farm_id = ANY ((SELECT animov_farms())::int[]);
COMMENT ON VIEW farm_weather IS 'The weather forecasts of the farms that a transaction may see.';
GRANT SELECT ON farm_weather TO animov_api;

DROP POLICY own_farms ON battery_day;
DROP POLICY everything ON battery_day;
ALTER TABLE battery_day DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON battery_day FROM animov_api;
CREATE VIEW farm_battery_day WITH (security_barrier) AS
  SELECT c.farm_id, b.* FROM battery_day b JOIN collar c ON c.id = b.collar_id
  WHERE c.farm_id = ANY ((SELECT animov_farms())::int[]);
COMMENT ON VIEW farm_battery_day IS 'What collars said of their batteries, of the farms that a transaction may see.';
GRANT SELECT ON farm_battery_day TO animov_api;

DROP POLICY everything ON motion;
ALTER TABLE motion DISABLE ROW LEVEL SECURITY;
"""

# Only an owner may drop pieces; retention is the work of animov_app.
DROPPED = """
CREATE FUNCTION animov_drop_chunks(wanted text, before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of_time record;
  until timestamptz;
  gone bigint;
BEGIN
  SELECT column_name, column_type::text AS kind INTO of_time FROM timescaledb_information.dimensions
  WHERE hypertable_schema = 'public' AND hypertable_name = wanted AND dimension_number = 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no hypertable %', wanted;
  END IF;
  SELECT max(range_end) INTO until FROM timescaledb_information.chunks
  WHERE hypertable_schema = 'public' AND hypertable_name = wanted AND range_end <= before;
  IF until IS NULL THEN
    RETURN 0;
  END IF;
  EXECUTE format('SELECT count(*) FROM %I WHERE %I < $1', wanted, of_time.column_name) INTO gone USING until;
  EXECUTE format('SELECT drop_chunks(%L::regclass, older_than => $1::%s)', 'public.' || wanted, of_time.kind) USING before;
  RETURN gone;
END $$;
COMMENT ON FUNCTION animov_drop_chunks(text, timestamptz) IS 'Drops the pieces of a hypertable all of which is older than an instant; returns how many rows that were. For retention.';
REVOKE EXECUTE ON FUNCTION animov_drop_chunks(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_drop_chunks(text, timestamptz) TO animov_app;
"""


def upgrade() -> None:
    op.execute(SCOPED)
    op.execute(DROPPED)
