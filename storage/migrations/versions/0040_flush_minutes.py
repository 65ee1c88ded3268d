"""How many flushes there were and how long they took, by the minute, and what panels show of it."""

from alembic import op

revision = "0040"
down_revision = "0039"

MINUTES = """
CREATE TABLE flush_minute (
  minute timestamptz NOT NULL,
  id uuid NOT NULL,
  flushes int NOT NULL, messages int NOT NULL,
  took_s double precision NOT NULL, longest_s double precision NOT NULL,
  PRIMARY KEY (minute, id));
COMMENT ON TABLE flush_minute IS 'Flushes of one process that ended in one minute of the node''s clock: of no farm, written with its first flush of a later minute, kept for 14 days.';
COMMENT ON COLUMN flush_minute.minute IS 'First instant.';
COMMENT ON COLUMN flush_minute.id IS 'Random, drawn before the row is first sent, so that what is sent twice is written once; each process has its own rows.';
COMMENT ON COLUMN flush_minute.flushes IS 'How many.';
COMMENT ON COLUMN flush_minute.messages IS 'That they settled, refused ones and those of deleted farms included.';
COMMENT ON COLUMN flush_minute.took_s IS 'Wall seconds from the beginning of each to its commit, attempts that failed included, added up.';
COMMENT ON COLUMN flush_minute.longest_s IS 'Of the one that took longest.';
"""

FLUSHES = """
CREATE FUNCTION panel.flushes(begins timestamptz, ends timestamptz) RETURNS TABLE ("time" timestamptz, mean_s double precision,
  longest_s double precision, messages_per_s double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  every interval;
BEGIN
  IF animov_reader_farms() = '{}' THEN
    RETURN;
  END IF;
  ends := least(ends, animov_now());
  begins := greatest(begins, ends - interval '14 days');
  every := CASE WHEN ends - begins > interval '2 days' THEN interval '15 min' ELSE interval '1 min' END;
  begins := date_bin(every, begins, '2000-01-01 00:00+00');
  RETURN QUERY SELECT at, f.mean_s, f.longest_s, f.messages_per_s FROM generate_series(begins, ends - every, every) at
  LEFT JOIN (SELECT date_bin(every, m.minute, '2000-01-01 00:00+00') AS at, sum(m.took_s) / sum(m.flushes) AS mean_s,
      max(m.longest_s) AS longest_s, (sum(m.messages) / extract(epoch FROM every))::double precision AS messages_per_s
    FROM flush_minute m WHERE m.minute >= begins AND m.minute < ends GROUP BY 1) f USING (at) ORDER BY 1;
END $$;
COMMENT ON FUNCTION panel.flushes(timestamptz, timestamptz) IS 'Mean and longest seconds of the node''s flushes, and messages per second of its clock, of no farm in particular: by minute, beyond two days by quarter of an hour, 14 days at the most; null where nothing was flushed.';
REVOKE EXECUTE ON FUNCTION panel.flushes(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION panel.flushes(timestamptz, timestamptz) TO animov_ro;
"""


def upgrade() -> None:
    op.execute(MINUTES)
    op.execute(FLUSHES)
