"""Devices of network servers through the API: those unheard of, whose they are; notices told again; the record of commands."""

from alembic import op

revision = "0027"
down_revision = "0025"

MANAGED = "ANY (animov_managed_farms())"
ADMINISTERED = "ANY ((SELECT animov_administered_farms())::int[])"

DEVICES = f"""
ALTER TABLE device_alias ADD COLUMN id int GENERATED ALWAYS AS IDENTITY UNIQUE;
COMMENT ON COLUMN device_alias.id IS 'By which paths name it: a device''s own name may hold any character.';
CREATE INDEX device_alias_collar ON device_alias (collar_id);

ALTER TABLE rejected_message ADD COLUMN device text;
COMMENT ON COLUMN rejected_message.device IS 'The device that was no collar''s, as device_alias names it; null where something else was wrong.';
UPDATE rejected_message SET device = substring(detail FROM '^no collar is known by the alias ''(.*)''$')
  WHERE code = 'unmapped_device';
CREATE INDEX rejected_message_device ON rejected_message (device) WHERE device IS NOT NULL;

CREATE FUNCTION animov_unknown_devices(farm int)
RETURNS TABLE (device text, topic text, first_received timestamptz, last_received timestamptz, messages bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.device, (array_agg(r.topic ORDER BY r.last_received DESC, r.key))[1], min(r.first_received),
    max(r.last_received), sum(r.count)::bigint
  FROM rejected_message r
  WHERE r.device IS NOT NULL AND NOT EXISTS (SELECT FROM device_alias a WHERE a.device = r.device)
    AND farm = {MANAGED} AND (animov_platform() OR (SELECT count(*) FROM farm) = 1)
  GROUP BY r.device
$$;
COMMENT ON FUNCTION animov_unknown_devices(int) IS 'Devices that are no collar''s, for whoever manages the only farm of the node, or all: nothing tells which farm a device belongs to.';

CREATE FUNCTION animov_retry_device(wanted text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  asked bigint;
BEGIN
  UPDATE rejected_message SET retry_asked_at = clock_timestamp() WHERE device = wanted AND EXISTS (
    SELECT FROM device_alias a JOIN collar c ON c.id = a.collar_id WHERE a.device = wanted AND c.farm_id = {MANAGED});
  GET DIAGNOSTICS asked = ROW_COUNT;
  IF asked > 0 THEN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('background', 'rejected.retry', 0, NULL, 'rejected:' || wanted,
      jsonb_build_object('device', wanted), NULL)::procrastinate_job_to_defer_v1]);
  END IF;
  RETURN asked;
EXCEPTION WHEN unique_violation THEN  -- it is to be tried again already
  RETURN asked;
END $$;
COMMENT ON FUNCTION animov_retry_device(text) IS 'Asks the workers to try again what a device sent before it was a collar''s; returns how many messages.';
REVOKE EXECUTE ON FUNCTION animov_unknown_devices(int), animov_retry_device(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_unknown_devices(int), animov_retry_device(text) TO animov_app, animov_api;
"""  # noqa: S608 - our own words

RESENT = f"""
GRANT UPDATE (settled, notification_id) ON notice TO animov_api;
CREATE POLICY told_again ON notice FOR UPDATE TO animov_api
  USING (channel_id IN (SELECT id FROM notice_channel WHERE farm_id = {ADMINISTERED}))
  WITH CHECK (channel_id IN (SELECT id FROM notice_channel WHERE farm_id = {ADMINISTERED}));
GRANT DELETE ON notification TO animov_api;
CREATE POLICY told_again ON notification FOR DELETE TO animov_api
  USING (channel_id IN (SELECT id FROM notice_channel WHERE farm_id = {ADMINISTERED}));
GRANT UPDATE (retry_at) ON notice_channel TO animov_api;
"""  # noqa: S608 - our own words

RECORD = """
COMMENT ON TABLE audit_log IS 'Append-only: what people, keys and commands changed, written in the transaction that changed it.';
COMMENT ON COLUMN audit_log.actor IS 'The name of a person, a key''s prefix and name, or command line and the user of that machine.';
"""


def upgrade() -> None:
    for statements in (DEVICES, RESENT, RECORD):
        op.execute(statements)
