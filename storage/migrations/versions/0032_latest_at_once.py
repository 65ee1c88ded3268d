"""The latest forecast of a series by one look."""

from alembic import op

revision = "0032"
down_revision = "0031"

LATEST = """
CREATE FUNCTION animov_latest_issue(wanted int, until timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM series s WHERE s.id = wanted AND s.farm_id = ANY (animov_farms())) THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT f.issued_at FROM forecast f
    WHERE f.series_id = wanted AND f.issued_at <= coalesce(until, 'infinity'::timestamptz)
    ORDER BY f.issued_at DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION animov_latest_issue(int, timestamptz) IS 'When the latest forecast of a series was issued, or the latest until an instant; null if there is none, or not for this transaction to see. Through the view farm_forecast, which is planned by itself, it takes all that are kept.';
REVOKE EXECUTE ON FUNCTION animov_latest_issue(int, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_latest_issue(int, timestamptz) TO animov_app, animov_api;
"""


def upgrade() -> None:
    op.execute(LATEST)
