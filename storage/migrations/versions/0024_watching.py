"""What the API may say of alerts, who is told and how, messages tried again, live news, a farm that leaves."""

from alembic import op

revision = "0024"
down_revision = "0023"

MANAGED = "ANY ((SELECT animov_managed_farms())::int[])"
ADMINISTERED = "ANY ((SELECT animov_administered_farms())::int[])"

JUDGED = f"""
GRANT UPDATE (judgement, note) ON alert TO animov_api;
CREATE POLICY judged ON alert FOR UPDATE TO animov_api USING (farm_id = {MANAGED}) WITH CHECK (farm_id = {MANAGED});
GRANT INSERT (alert_id, at, state, by_user, note) ON alert_change TO animov_api;
CREATE POLICY judged ON alert_change FOR INSERT TO animov_api
  WITH CHECK (alert_id IN (SELECT id FROM alert WHERE farm_id = {MANAGED}));
"""  # noqa: S608 - our own words


RETRIED = """
ALTER TABLE rejected_message ADD COLUMN retry_asked_at timestamptz, ADD COLUMN retried_at timestamptz;
COMMENT ON COLUMN rejected_message.retry_asked_at IS 'When somebody asked last, on the wall clock, that it be tried again; null if nobody did.';
COMMENT ON COLUMN rejected_message.retried_at IS 'When it was tried again last, in vain, on the wall clock.';
CREATE FUNCTION animov_retry_rejected(wanted bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  label text := 'rejected:' || encode(wanted, 'hex');
BEGIN
  UPDATE rejected_message SET retry_asked_at = clock_timestamp()
  WHERE key = wanted AND farm_id = ANY (animov_managed_farms());
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = label AND j.status = 'todo') THEN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('answer', 'rejected.retry', 0, NULL, label,
      jsonb_build_object('key', encode(wanted, 'hex')), NULL)::procrastinate_job_to_defer_v1]);
  END IF;
  RETURN true;
EXCEPTION WHEN unique_violation THEN  -- somebody asked at the same moment
  RETURN true;
END $$;
COMMENT ON FUNCTION animov_retry_rejected(bytea) IS 'Asks the workers to try a rejected message again; false if there is none, or not for this transaction to ask.';
REVOKE EXECUTE ON FUNCTION animov_retry_rejected(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_retry_rejected(bytea) TO animov_app, animov_api;
"""

NOTICES = f"""
ALTER TABLE notice_channel ADD COLUMN trial_asked_at timestamptz, ADD COLUMN trial_ended_at timestamptz,
  ADD COLUMN trial_error text NOT NULL DEFAULT '';
COMMENT ON COLUMN notice_channel.trial_asked_at IS 'When somebody asked last for a test message, on the wall clock.';
COMMENT ON COLUMN notice_channel.trial_ended_at IS 'When its server had answered, on the wall clock; null as long as the message is to be sent.';
COMMENT ON COLUMN notice_channel.trial_error IS 'Why the test message was not taken; empty if it was, or none was sent.';

GRANT SELECT, INSERT, UPDATE ON notice_rule TO animov_api;
CREATE POLICY own_farms ON notice_rule FOR SELECT TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
CREATE POLICY managed ON notice_rule TO animov_api USING (farm_id = {MANAGED}) WITH CHECK (farm_id = {MANAGED});

GRANT SELECT (id, farm_id, kind, address, failures, error, retry_at, sent_at, trial_asked_at, trial_ended_at, trial_error),
  INSERT (farm_id, kind, address, secret), UPDATE (trial_asked_at, trial_ended_at, trial_error), DELETE
  ON notice_channel TO animov_api;
CREATE POLICY managed ON notice_channel FOR SELECT TO animov_api USING (farm_id = {MANAGED});
CREATE POLICY administered ON notice_channel TO animov_api
  USING (farm_id = {ADMINISTERED}) WITH CHECK (farm_id = {ADMINISTERED});
GRANT SELECT ON notification, notice TO animov_api;
CREATE POLICY managed ON notification FOR SELECT TO animov_api USING (channel_id IN (SELECT id FROM notice_channel));
CREATE POLICY managed ON notice FOR SELECT TO animov_api USING (channel_id IN (SELECT id FROM notice_channel));
"""  # noqa: S608 - our own words


def upgrade() -> None:
    for statements in (JUDGED, RETRIED, NOTICES):
        op.execute(statements)
