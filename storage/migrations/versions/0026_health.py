"""What anybody may know of the node's work: how long jobs wait, and what is late. Numbers, of no farm in particular."""

from alembic import op

revision = "0026"
down_revision = "0024"

JOBS = """
CREATE FUNCTION animov_jobs() RETURNS TABLE (lane text, waiting int, oldest_s double precision, under_way int, failed int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT queue_name, count(*) FILTER (WHERE since <= clock_timestamp())::int,
    extract(epoch FROM clock_timestamp() - min(since) FILTER (WHERE since <= clock_timestamp()))::double precision,
    count(*) FILTER (WHERE status = 'doing')::int, count(*) FILTER (WHERE status = 'failed')::int
  FROM (
    SELECT j.queue_name, j.status, CASE WHEN j.status = 'todo' THEN greatest(j.scheduled_at, (
      SELECT max(e.at) FROM procrastinate_events e
      WHERE e.job_id = j.id AND e.type IN ('deferred', 'deferred_for_retry', 'retried'))) END AS since
    FROM procrastinate_jobs j) job
  GROUP BY queue_name ORDER BY queue_name
$$;
COMMENT ON FUNCTION animov_jobs() IS 'The jobs of each lane: how many wait and are due, for how many seconds of the wall the oldest of these does, how many are under way, and how many failed for good in the last day.';
REVOKE EXECUTE ON FUNCTION animov_jobs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_jobs() TO animov_app, animov_api;
"""

LAG = """
CREATE FUNCTION animov_lag() RETURNS TABLE (posted int, posted_oldest_s double precision, last_window timestamptz, last_slot timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT posted, posted_oldest_s, animov_last_window(), last_slot FROM
    (SELECT count(*)::int AS posted,
      extract(epoch FROM clock_timestamp() - min(posted_at))::double precision AS posted_oldest_s
     FROM posted_message) waiting
  CROSS JOIN
    (SELECT max(newest.slot) AS last_slot FROM farm f CROSS JOIN LATERAL (
      SELECT c.slot FROM forecast_cycle c WHERE c.farm_id = f.id ORDER BY c.slot DESC LIMIT 1) newest) forecast
$$;
COMMENT ON FUNCTION animov_lag() IS 'How many messages that came by HTTP are still to be read, for how many seconds of the wall the oldest has waited, and the newest window and the newest slot that was forecast, whosever they are.';
REVOKE EXECUTE ON FUNCTION animov_lag() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_lag() TO animov_app, animov_api;
"""


def upgrade() -> None:
    op.execute(JOBS)
    op.execute(LAG)
