"""What animals do by day; which seconds were reported as sums; the species of a farm."""

from alembic import op

revision = "0015"
down_revision = "0013"

SUMMED = """
ALTER TABLE posture_window ADD COLUMN summed bit(900);
COMMENT ON COLUMN posture_window.summed IS 'Seconds that were reported as sums, whose order means nothing: no bouts there; null if there are none.';
UPDATE posture_window w SET summed = s.summed FROM (
  SELECT animal_id, bucket, bit_or(received) FILTER (WHERE method / 1000 = 6)
         & ~coalesce(bit_or(standing | lying) FILTER (WHERE method / 1000 = 7), repeat('0', 900)::bit(900)) AS summed
  FROM (SELECT a.animal_id, e.bucket, e.method, e.received & n.seconds AS received, e.standing & n.seconds AS standing,
               e.lying & n.seconds AS lying
        FROM evidence e JOIN assignment a ON a.collar_id = e.collar_id
          AND a.during && tstzrange(e.bucket, e.bucket + interval '15 min')
        CROSS JOIN LATERAL (SELECT seconds_within(a.during, e.bucket) AS seconds) n
        WHERE e.method / 1000 IN (6, 7)) worn
  GROUP BY animal_id, bucket) s
WHERE w.animal_id = s.animal_id AND w.bucket = s.bucket AND bit_count(s.summed) > 0;
"""

SPECIES = """
ALTER TABLE farm ADD COLUMN species text NOT NULL DEFAULT 'goat' CHECK (species IN ('goat', 'cattle'));
COMMENT ON COLUMN farm.species IS 'goat or cattle: how long an animal must lie for it to count as a bout.';
"""

DAYS = """
CREATE TABLE animal_day (
  animal_id int NOT NULL REFERENCES animal ON DELETE CASCADE,
  day date NOT NULL,
  start timestamptz NOT NULL, day_s int NOT NULL CHECK (day_s > 0),
  received_s int NOT NULL, known_s int NOT NULL, ordered_s int NOT NULL,
  standing_s int NOT NULL, lying_s int NOT NULL CHECK (standing_s + lying_s = known_s),
  lying_bouts int, lie_downs int, rises int, longest_lying_s int,
  mean_lying_s double precision, fragmentation double precision, interruptions int,
  night_first_lying timestamptz, night_last_rise timestamptz,
  until timestamptz NOT NULL,
  PRIMARY KEY (animal_id, day)) WITH (fillfactor = 70);
COMMENT ON TABLE animal_day IS 'The daily sheet of an animal, kept up with its windows by the change feed; a day of which nothing was received has none.';
COMMENT ON COLUMN animal_day.day IS 'Date on the farm''s wall clock.';
COMMENT ON COLUMN animal_day.start IS 'First instant of the day.';
COMMENT ON COLUMN animal_day.day_s IS 'Length of the day: 86400, an hour less or more when clocks change.';
COMMENT ON COLUMN animal_day.received_s IS 'Seconds of which anything was received.';
COMMENT ON COLUMN animal_day.known_s IS 'Seconds standing or lying.';
COMMENT ON COLUMN animal_day.ordered_s IS 'Those of them that were not reported as sums: what bouts are read from.';
COMMENT ON COLUMN animal_day.standing_s IS 'Known seconds that stand, after the 10 s filter and the shortest lying.';
COMMENT ON COLUMN animal_day.lying_s IS 'Known seconds that lie.';
COMMENT ON COLUMN animal_day.lying_bouts IS 'Lying bouts that began in the day, also those whose beginning or end is not known; this and what follows is null where no order of seconds is known.';
COMMENT ON COLUMN animal_day.lie_downs IS 'Times that it was seen to lie down.';
COMMENT ON COLUMN animal_day.rises IS 'Times that it was seen to rise.';
COMMENT ON COLUMN animal_day.longest_lying_s IS 'Longest lying bout that the day has a part in, from 20:00 of the evening before until 24 h after the day at the most.';
COMMENT ON COLUMN animal_day.mean_lying_s IS 'Mean over the lying bouts that began in the day and are known from beginning to end.';
COMMENT ON COLUMN animal_day.fragmentation IS 'Rises per hour of lying.';
COMMENT ON COLUMN animal_day.interruptions IS 'Times that it stood for 5 minutes at most between two lying bouts.';
COMMENT ON COLUMN animal_day.night_first_lying IS 'When it was first seen to lie down between 20:00 of the evening before and 8:00.';
COMMENT ON COLUMN animal_day.night_last_rise IS 'When it was last seen to rise in these hours.';
COMMENT ON COLUMN animal_day.until IS 'Nothing later has a say in the sheet, unless something earlier changes.';

CREATE TABLE day_basis (
  farm_id int PRIMARY KEY REFERENCES farm ON DELETE CASCADE,
  time_zone text NOT NULL, species text NOT NULL);
COMMENT ON TABLE day_basis IS 'What the daily sheets of a farm were made with; once the farm says otherwise, all are made again.';

CREATE TABLE stale_bucket (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  bucket timestamptz NOT NULL);
CREATE INDEX stale_bucket_farm ON stale_bucket (farm_id, bucket);
COMMENT ON TABLE stale_bucket IS 'Buckets whose windows changed and from which daily sheets have yet to follow: appended to, so that nobody waits.';

ALTER TABLE animal_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON animal_day TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON animal_day FOR SELECT TO animov_api USING (animal_id IN (SELECT id FROM animal));
GRANT SELECT ON animal_day TO animov_api;
"""

SCOPED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON {table} TO animov_app USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    for statement in (SUMMED, SPECIES, DAYS):
        op.execute(statement)
    for table in ("day_basis", "stale_bucket"):
        op.execute(SCOPED.format(table=table))
