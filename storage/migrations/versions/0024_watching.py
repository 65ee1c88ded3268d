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


NEWS = """
CREATE SEQUENCE news_place;
CREATE TABLE news (
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('windows', 'forecast', 'alert')),
  subject bigint NOT NULL,
  written_in xid8 NOT NULL,
  place bigint NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (farm_id, kind, subject)) WITH (fillfactor = 50);
COMMENT ON TABLE news IS 'What changed last, once for each thing: what live listeners are told of, in the order of transactions and then of places.';
COMMENT ON COLUMN news.subject IS 'Of windows and forecasts the bucket or slot, in seconds since 1970; of an alert its id.';
COMMENT ON COLUMN news.written_in IS 'The transaction that changed it: what is older than all that are under way is told, so nothing is passed over.';
COMMENT ON COLUMN news.place IS 'Tells changes of one transaction apart.';
COMMENT ON COLUMN news.at IS 'When, on the wall clock.';
ALTER TABLE news ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON news TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON news FOR SELECT TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
GRANT SELECT ON news TO animov_api;

CREATE FUNCTION animov_tell(farm int, what text, number bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO news AS n (farm_id, kind, subject, written_in, place, at)
  VALUES (farm, what, number, pg_current_xact_id(), nextval('news_place'), clock_timestamp())
  ON CONFLICT (farm_id, kind, subject) DO UPDATE
    SET written_in = excluded.written_in, place = excluded.place, at = excluded.at
    WHERE n.written_in <> excluded.written_in;
  SELECT pg_notify('animov_news', '');
$$;
COMMENT ON FUNCTION animov_tell(int, text, bigint) IS 'Notes that something of a farm changed, and wakes those who tell live listeners.';
REVOKE EXECUTE ON FUNCTION animov_tell(int, text, bigint) FROM PUBLIC;

CREATE FUNCTION animov_tell_windows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.bucket > animov_now() - interval '2 days' THEN  -- an import of years is no news
    PERFORM animov_tell(NEW.farm_id, 'windows', extract(epoch FROM NEW.bucket)::bigint);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION animov_tell_windows() IS 'Tells of changed windows of the last two days.';
CREATE TRIGGER told AFTER INSERT OR UPDATE ON changed_bucket FOR EACH ROW EXECUTE FUNCTION animov_tell_windows();

CREATE FUNCTION animov_tell_forecast() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM animov_tell(NEW.farm_id, 'forecast', extract(epoch FROM NEW.slot)::bigint);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION animov_tell_forecast() IS 'Tells of the forecasts of a slot.';
CREATE TRIGGER told AFTER INSERT ON forecast_cycle FOR EACH ROW EXECUTE FUNCTION animov_tell_forecast();

CREATE FUNCTION animov_tell_alert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM animov_tell((SELECT farm_id FROM alert WHERE id = NEW.alert_id), 'alert', NEW.alert_id);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION animov_tell_alert() IS 'Tells of the state that an alert came into.';
CREATE TRIGGER told AFTER INSERT ON alert_change FOR EACH ROW EXECUTE FUNCTION animov_tell_alert();
"""


def upgrade() -> None:
    for statements in (JUDGED, RETRIED, NOTICES, NEWS):
        op.execute(statements)
