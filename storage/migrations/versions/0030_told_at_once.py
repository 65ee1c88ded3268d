"""What people wait for is told to MLflow when it is done, not with the next slot."""

from alembic import op

revision = "0030"
down_revision = "0029"

ASKING = """
CREATE FUNCTION animov_ask_to_tell() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = 'forecast.track' AND j.status = 'todo') THEN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('background', 'forecast.track', 0, NULL, 'forecast.track',
      '{}'::jsonb, NULL)::procrastinate_job_to_defer_v1]);
  END IF;
  RETURN NULL;
EXCEPTION WHEN unique_violation THEN  -- somebody asked at the same moment
  RETURN NULL;
END $$;
COMMENT ON FUNCTION animov_ask_to_tell() IS 'Asks for what MLflow has to be told, in the transaction that put it down; what a job that begins just then leaves is told with the next slot.';
REVOKE EXECUTE ON FUNCTION animov_ask_to_tell() FROM PUBLIC;

CREATE TRIGGER ask_to_tell AFTER INSERT ON tracking FOR EACH ROW
  WHEN (NEW.kind <> 'cycle') EXECUTE FUNCTION animov_ask_to_tell();
"""


def upgrade() -> None:
    op.execute(ASKING)
