"""What people are told of alerts, by whom it is sent, and when a farm wants to be left alone."""

from alembic import op

revision = "0016"
down_revision = "0015"

FARMS = """
CREATE TABLE notice_rule (
  farm_id int PRIMARY KEY REFERENCES farm ON DELETE CASCADE,
  language text NOT NULL CHECK (language IN ('fr', 'en')),
  quiet_from time, quiet_until time,
  critical_anytime boolean NOT NULL,
  digest_at time,
  CHECK (num_nulls(quiet_from, quiet_until) <> 1), CHECK (quiet_from <> quiet_until));
COMMENT ON TABLE notice_rule IS 'How a farm wants to be told of alerts; a farm that has said nothing has no row and is told by the defaults.';
COMMENT ON COLUMN notice_rule.quiet_from IS 'On the farm''s wall clock: from then on nothing is sent; null if it may always be.';
COMMENT ON COLUMN notice_rule.quiet_until IS 'When what was held back is sent; the day after where it is earlier in the day.';
COMMENT ON COLUMN notice_rule.critical_anytime IS 'Whether critical alerts break the quiet.';
COMMENT ON COLUMN notice_rule.digest_at IS 'When the daily digest is sent, on the farm''s wall clock, if there is something to say; null for none.';

CREATE TABLE notice_channel (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('mail', 'webhook')),
  address text NOT NULL CHECK (address <> ''),
  secret text NOT NULL DEFAULT '' CHECK ((secret = '') = (kind = 'mail')),
  failures int NOT NULL DEFAULT 0, error text NOT NULL DEFAULT '', retry_at timestamptz,
  sent_at timestamptz,
  UNIQUE (farm_id, address));
COMMENT ON TABLE notice_channel IS 'Who is told of a farm''s alerts.';
COMMENT ON COLUMN notice_channel.address IS 'Of a mailbox, or the URL of a webhook.';
COMMENT ON COLUMN notice_channel.secret IS 'Key by which a webhook knows that it is us.';
COMMENT ON COLUMN notice_channel.failures IS 'Attempts in a row that failed.';
COMMENT ON COLUMN notice_channel.error IS 'Why the last one did; empty after one that did not.';
COMMENT ON COLUMN notice_channel.retry_at IS 'Not before then it is tried again, on the wall.';
COMMENT ON COLUMN notice_channel.sent_at IS 'Of the last message on its own that was taken, digests aside: on the node''s clock, when it was written.';
"""

OUTBOX = """
CREATE TABLE notification (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key uuid NOT NULL DEFAULT gen_random_uuid(),
  channel_id int NOT NULL REFERENCES notice_channel ON DELETE CASCADE,
  at timestamptz NOT NULL,
  made_at timestamptz NOT NULL,
  digest boolean NOT NULL,
  subject text NOT NULL, body text NOT NULL,
  state text NOT NULL DEFAULT 'sending' CHECK (state IN ('sending', 'sent', 'refused')),
  error text NOT NULL DEFAULT '' CHECK ((error <> '') = (state = 'refused')));
CREATE INDEX notification_channel ON notification (channel_id, id);
CREATE UNIQUE INDEX notification_sending ON notification (channel_id) WHERE state = 'sending';
COMMENT ON TABLE notification IS 'Messages that were sent, or may have been: written before the attempt, so that another attempt sends the same.';
COMMENT ON COLUMN notification.key IS 'By which a reader knows it again: Message-ID of a mail, webhook-id of a call.';
COMMENT ON COLUMN notification.at IS 'When it was written, on the node''s clock.';
COMMENT ON COLUMN notification.made_at IS 'The same on the wall.';
COMMENT ON COLUMN notification.body IS 'Text of a mail, JSON of a webhook.';
COMMENT ON COLUMN notification.state IS 'sending: nobody knows yet whether it arrived; sent; refused for good.';
COMMENT ON COLUMN notification.error IS 'Why it was refused.';

CREATE TABLE notice (
  alert_id bigint NOT NULL REFERENCES alert ON DELETE CASCADE,
  event text NOT NULL CHECK (event IN ('opened', 'ended')),
  channel_id int NOT NULL REFERENCES notice_channel ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT animov_now(),
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled text NOT NULL DEFAULT '' CHECK (settled IN ('', 'told', 'judged', 'undone', 'unheard', 'no_digest')),
  notification_id bigint REFERENCES notification ON DELETE SET NULL,
  PRIMARY KEY (alert_id, event, channel_id));
CREATE INDEX notice_waiting ON notice (channel_id) WHERE settled = '';
CREATE INDEX notice_notification ON notice (notification_id);
COMMENT ON TABLE notice IS 'That an alert began or ended, to be told once to each who is told of its farm; written with the change.';
COMMENT ON COLUMN notice.at IS 'Since when it waits, on the node''s clock.';
COMMENT ON COLUMN notice.made_at IS 'The same on the wall.';
COMMENT ON COLUMN notice.settled IS 'What came of it. Empty: it waits. told: in a message. None was sent: somebody had judged the alert before (judged), later data undid it (undone), its beginning was not heard of (unheard), it was for a digest and the farm wants none (no_digest).';
COMMENT ON COLUMN notice.notification_id IS 'The message.';

CREATE FUNCTION animov_note_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.state = 'open' THEN
    INSERT INTO notice (alert_id, event, channel_id)
    SELECT a.id, 'opened', c.id FROM alert a JOIN notice_channel c ON c.farm_id = a.farm_id
    WHERE a.id = NEW.alert_id AND (a.until IS NULL OR a.until > animov_now() - interval '1 day')
    ON CONFLICT DO NOTHING;
  ELSIF NEW.state = 'closed' THEN
    INSERT INTO notice (alert_id, event, channel_id)
    SELECT n.alert_id, 'ended', n.channel_id FROM notice n WHERE n.alert_id = NEW.alert_id AND n.event = 'opened'
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION animov_note_notice() IS 'Notes what is to be told of an alert''s new state. Not of one that was over for a day when it was found, as in recordings; of an end only to whom the beginning is told.';
CREATE TRIGGER noted AFTER INSERT ON alert_change FOR EACH ROW EXECUTE FUNCTION animov_note_notice();
"""

SCOPED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON {table} TO animov_app USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute(FARMS)
    op.execute(OUTBOX)
    for table in ("notice_rule", "notice_channel", "notification", "notice"):
        op.execute(SCOPED.format(table=table))
