"""What groups and herds did by the hour: seconds added up, kept up with the windows."""

from alembic import op

revision = "0036"
down_revision = "0035"

HOURS = """
CREATE TABLE series_hour (
  series_id int NOT NULL REFERENCES series ON DELETE CASCADE,
  hour timestamptz NOT NULL CHECK (extract(epoch FROM hour) % 3600 = 0),
  received_s int NOT NULL, known_s int NOT NULL, standing_s int NOT NULL,
  PRIMARY KEY (series_id, hour)) WITH (fillfactor = 80);
COMMENT ON TABLE series_hour IS 'Seconds of a group or herd by UTC hour, over its members: kept up with the windows by the change feed, and kept longer than they are.';
COMMENT ON COLUMN series_hour.hour IS 'First instant.';
COMMENT ON COLUMN series_hour.received_s IS 'Seconds of which anything came.';
COMMENT ON COLUMN series_hour.known_s IS 'Those standing or lying.';
COMMENT ON COLUMN series_hour.standing_s IS 'Those standing.';
CREATE VIEW farm_series_hour WITH (security_barrier) AS
  SELECT s.farm_id, h.* FROM series_hour h JOIN series s ON s.id = h.series_id
  WHERE s.farm_id = ANY ((SELECT animov_farms())::int[]);
COMMENT ON VIEW farm_series_hour IS 'The hours of the farms that a transaction may see.';
CREATE VIEW farm_series_day WITH (security_barrier) AS
  SELECT s.farm_id, h.series_id, date_trunc('day', h.hour AT TIME ZONE f.time_zone)::date AS day, f.time_zone,
    sum(h.received_s) AS received_s, sum(h.known_s) AS known_s, sum(h.standing_s) AS standing_s
  FROM series_hour h JOIN series s ON s.id = h.series_id JOIN farm f ON f.id = s.farm_id
  WHERE s.farm_id = ANY ((SELECT animov_farms())::int[])
  GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW farm_series_day IS 'The days of the farms that a transaction may see, on the farm''s wall clock, an hour belonging to the day in which it begins.';
GRANT SELECT ON farm_series_hour, farm_series_day TO animov_api;

CREATE TABLE stale_hour (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  hour timestamptz NOT NULL);
CREATE INDEX stale_hour_farm ON stale_hour (farm_id, hour);
COMMENT ON TABLE stale_hour IS 'Hours whose windows or members changed and which are to be added up again: appended to, so that nobody waits.';
ALTER TABLE stale_hour ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON stale_hour TO animov_app USING (true) WITH CHECK (true);
ALTER TABLE series_hour ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON series_hour TO animov_app USING (true) WITH CHECK (true);

INSERT INTO stale_hour (farm_id, hour)
SELECT farm_id, generate_series(date_trunc('hour', first, 'UTC'), last, interval '1 hour') FROM (
  SELECT a.farm_id, min(w.first) AS first, max(w.last) AS last FROM animal a CROSS JOIN LATERAL (
    SELECT min(bucket) AS first, max(bucket) AS last FROM posture_window WHERE animal_id = a.id) w
  GROUP BY a.farm_id) known
WHERE first IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(HOURS)
