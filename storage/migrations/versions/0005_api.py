"""What the API reads beside the scoped tables: versions, when collars were last heard, the newest window."""

from alembic import op

revision = "0005"
down_revision = "0004"

READINESS = """
GRANT SELECT ON alembic_version TO animov_api;
CREATE FUNCTION animov_last_window() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT max(newest.bucket) FROM animal a CROSS JOIN LATERAL (
    SELECT w.bucket FROM posture_window w WHERE w.animal_id = a.id ORDER BY w.bucket DESC LIMIT 1) newest
$$;
COMMENT ON FUNCTION animov_last_window() IS 'Bucket of the newest window of the node, whosever it is: a sign of life, and no more.';
REVOKE EXECUTE ON FUNCTION animov_last_window() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_last_window() TO animov_app, animov_api;
"""

HEARD = """
CREATE VIEW farm_collar_heard WITH (security_barrier) AS
  SELECT c.farm_id, c.id AS collar_id,
         (SELECT max(e.bucket + length(rtrim(e.received::text, '0')) * interval '1 s') FROM evidence e
          WHERE e.collar_id = c.id
            AND e.bucket = (SELECT n.bucket FROM evidence n WHERE n.collar_id = c.id ORDER BY n.bucket DESC LIMIT 1)
         ) AS heard_until
  FROM collar c WHERE c.farm_id = ANY ((SELECT animov_farms())::int[]);
COMMENT ON COLUMN farm_collar_heard.heard_until IS 'End of the latest second of which the collar sent anything.';
GRANT SELECT ON farm_collar_heard TO animov_api;
"""


def upgrade() -> None:
    op.execute(READINESS)
    op.execute(HEARD)
