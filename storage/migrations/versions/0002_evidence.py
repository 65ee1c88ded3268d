"""Evidence, windows, what was refused, raw messages, collar status, the change feed."""

from alembic import op

revision = "0002"
down_revision = "0001"

EVIDENCE = """
CREATE TABLE posture_rule (id smallint PRIMARY KEY, name text NOT NULL UNIQUE, rank smallint NOT NULL);
COMMENT ON TABLE posture_rule IS 'A stored method is 1000 * rule + generation; per second the highest rank that knows wins.';
INSERT INTO posture_rule VALUES (0, 'none', 0), (1, 'ear', 10), (2, 'collar', 10), (3, 'collar_calibrated', 20),
  (4, 'collar_labelled', 30), (5, 'leg', 40), (6, 'sums', 45), (7, 'device', 50);

CREATE TABLE evidence (
  collar_id int NOT NULL REFERENCES collar ON DELETE CASCADE,
  bucket timestamptz NOT NULL,
  method smallint NOT NULL,
  received bit(900) NOT NULL, standing bit(900) NOT NULL, lying bit(900) NOT NULL,
  PRIMARY KEY (collar_id, bucket, method)) WITH (fillfactor = 70);

CREATE TABLE posture_window (
  animal_id int NOT NULL REFERENCES animal ON DELETE CASCADE,
  bucket timestamptz NOT NULL,
  received_s smallint NOT NULL, known_s smallint NOT NULL, standing_s smallint NOT NULL,
  standing_ratio real,
  standing bit(900) NOT NULL, lying bit(900) NOT NULL,
  PRIMARY KEY (animal_id, bucket)) WITH (fillfactor = 70);
CREATE INDEX posture_window_bucket ON posture_window USING brin (bucket) WITH (pages_per_range = 32);

CREATE TABLE changed_bucket (
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  bucket timestamptz NOT NULL,
  version int NOT NULL DEFAULT 1,
  PRIMARY KEY (farm_id, bucket)) WITH (fillfactor = 50);
COMMENT ON TABLE changed_bucket IS 'A marker for each farm and bucket whose windows changed, taken with SKIP LOCKED by forecasting.';

CREATE FUNCTION seconds_within(during tstzrange, bucket timestamptz) RETURNS bit
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN during @> tstzrange(bucket, bucket + interval '15 min') THEN repeat('1', 900)::bit(900) ELSE
         (repeat('1', 900)::bit(900) >> greatest(0, least(900, ceil(
           extract(epoch FROM coalesce(lower(during), '-infinity')) - extract(epoch FROM bucket))))::int)
       & (repeat('1', 900)::bit(900) << (900 - greatest(0, least(900, ceil(
           extract(epoch FROM coalesce(upper(during), 'infinity')) - extract(epoch FROM bucket)))))::int) END
$$;
COMMENT ON FUNCTION seconds_within(tstzrange, timestamptz) IS 'The seconds of a bucket whose first instant lies in a range.';
"""

KEPT = """
CREATE TABLE rejected_message (
  key bytea PRIMARY KEY CHECK (length(key) = 32),
  farm_id int REFERENCES farm ON DELETE CASCADE,
  topic text NOT NULL, code text NOT NULL, detail text NOT NULL,
  first_received timestamptz NOT NULL, last_received timestamptz NOT NULL,
  count bigint NOT NULL, size int NOT NULL, payload bytea NOT NULL);
CREATE INDEX rejected_message_last ON rejected_message (last_received);
COMMENT ON COLUMN rejected_message.key IS 'sha256 of the topic, a zero byte and the payload.';
COMMENT ON COLUMN rejected_message.payload IS 'The first 64 KiB; size tells the whole.';

CREATE TABLE raw_pack (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  first_received timestamptz NOT NULL, last_received timestamptz NOT NULL,
  messages int NOT NULL, data bytea NOT NULL);
CREATE INDEX raw_pack_last ON raw_pack USING brin (last_received);
COMMENT ON TABLE raw_pack IS 'Admitted messages as they came, packed: MessagePack [1, [[topic, received_at_ms, payload], ...]].';

CREATE TABLE collar_status (
  collar_id int PRIMARY KEY REFERENCES collar ON DELETE CASCADE,
  at timestamptz NOT NULL,
  online boolean, online_at timestamptz, battery_v real, battery_at timestamptz,
  rssi_dbm real, rssi_at timestamptz, firmware text, firmware_at timestamptz);
COMMENT ON COLUMN collar_status.online_at IS 'Each field is the latest that was said of it, so the order of arrival does not matter.';
"""

SCOPED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON {table} TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON {table} FOR SELECT TO animov_api USING ({condition});
GRANT SELECT ON {table} TO animov_api;
"""

# hypertables with a columnstore take no row-level security, so the API reads them through views
VIEWS = """
GRANT SELECT ON posture_rule TO animov_api;
CREATE VIEW farm_window WITH (security_barrier) AS
  SELECT a.farm_id, w.animal_id, w.bucket, w.received_s, w.known_s, w.standing_s, w.standing_ratio
  FROM posture_window w JOIN animal a ON a.id = w.animal_id
  WHERE a.farm_id = ANY ((SELECT animov_farms())::int[]);
GRANT SELECT ON farm_window TO animov_api;
"""


def upgrade() -> None:
    op.execute(EVIDENCE)
    op.execute(KEPT)
    op.execute(SCOPED.format(table="rejected_message", condition="farm_id = ANY ((SELECT animov_farms())::int[])"))
    op.execute(SCOPED.format(table="collar_status", condition="collar_id IN (SELECT id FROM collar)"))
    op.execute(VIEWS)
