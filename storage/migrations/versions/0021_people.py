"""People and machines that may write: roles that end, sessions, API keys, invitations, and the record of what they did."""

from alembic import op

revision = "0021"
down_revision = "0020"

SCOPE = """
CREATE FUNCTION animov_managed_farms() RETURNS int[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_to_array(nullif(current_setting('animov.managed_farms', true), ''), ',')::int[], '{}')
$$;
COMMENT ON FUNCTION animov_managed_farms() IS 'Ids of the farms whose herd and settings this transaction may change.';
CREATE FUNCTION animov_administered_farms() RETURNS int[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_to_array(nullif(current_setting('animov.administered_farms', true), ''), ',')::int[], '{}')
$$;
COMMENT ON FUNCTION animov_administered_farms() IS 'Ids of the farms whose people and keys this transaction may change.';
CREATE FUNCTION animov_platform() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(current_setting('animov.platform', true), '') = 'on'
$$;
COMMENT ON FUNCTION animov_platform() IS 'Whether this transaction is a platform administrator''s, who may make farms and people.';
"""

PEOPLE = """
ALTER TABLE app_user ADD COLUMN platform boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN app_user.platform IS 'Whether this is a platform administrator: makes farms and people, and is administrator of every farm.';
COMMENT ON COLUMN app_user.password_hash IS 'Argon2; empty, which lets nobody in, until somebody invited has chosen a password.';
REVOKE SELECT ON app_user FROM animov_api;  -- hashes of passwords are read one at a time, through animov_login
GRANT SELECT (id, name, platform, created_at), INSERT, UPDATE (platform), DELETE ON app_user TO animov_api;

CREATE FUNCTION animov_guard_platform() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'animov_api' AND NOT animov_platform() THEN
    RAISE insufficient_privilege USING MESSAGE = 'only a platform administrator makes another';
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION animov_guard_platform() IS 'Trigger: through the API only a platform administrator makes another.';
CREATE TRIGGER guard_platform BEFORE INSERT OR UPDATE OF platform ON app_user
  FOR EACH ROW WHEN (NEW.platform) EXECUTE FUNCTION animov_guard_platform();

ALTER TABLE app_user_farm ADD COLUMN until timestamptz;
COMMENT ON COLUMN app_user_farm.until IS 'The role counts before this instant of the wall clock; null: until it is taken away.';
ALTER TABLE app_user_farm ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON app_user_farm TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON app_user_farm FOR SELECT TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
CREATE POLICY administered ON app_user_farm TO animov_api
  USING (farm_id = ANY ((SELECT animov_administered_farms())::int[]))
  WITH CHECK (farm_id = ANY ((SELECT animov_administered_farms())::int[]));
GRANT INSERT, UPDATE (role, until), DELETE ON app_user_farm TO animov_api;

DROP POLICY own_farms ON farm;
CREATE POLICY own_farms ON farm FOR SELECT TO animov_api
  USING (id = ANY ((SELECT animov_farms())::int[]) OR (SELECT animov_platform()));

CREATE FUNCTION animov_login(wanted text) RETURNS TABLE (user_id int, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT u.id, u.password_hash FROM app_user u WHERE u.name = wanted
$$;
COMMENT ON FUNCTION animov_login(text) IS 'What a login by this name is checked against.';

CREATE FUNCTION animov_roles(person int, at timestamptz) RETURNS TABLE (farm_id int, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.farm_id, r.role FROM app_user_farm r JOIN app_user u ON u.id = r.user_id
  WHERE r.user_id = person AND NOT u.platform AND (r.until IS NULL OR at < r.until)
  UNION ALL SELECT f.id, 'administrator' FROM app_user u, farm f WHERE u.id = person AND u.platform
$$;
COMMENT ON FUNCTION animov_roles(int, timestamptz) IS 'What somebody may do at an instant of the wall clock, by farm.';

CREATE FUNCTION animov_answers_for(person int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT animov_platform() OR EXISTS (
    SELECT FROM app_user u JOIN app_user_farm r ON r.user_id = u.id WHERE u.id = person AND NOT u.platform
    HAVING bool_and(r.farm_id = ANY (animov_administered_farms())))
$$;
COMMENT ON FUNCTION animov_answers_for(int) IS 'Whether somebody belongs to no farm but those that this transaction administers, so that it may reset the password.';
REVOKE EXECUTE ON FUNCTION animov_login(text), animov_roles(int, timestamptz), animov_answers_for(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_login(text), animov_roles(int, timestamptz), animov_answers_for(int) TO animov_app, animov_api;
"""

SESSIONS = """
CREATE TABLE user_session (
  id uuid PRIMARY KEY,
  user_id int NOT NULL REFERENCES app_user ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('tokens', 'browser', 'single')),
  family_hash bytea UNIQUE, secret_hash bytea, earlier_hash bytea, renewed_at timestamptz,
  made_at timestamptz NOT NULL, used_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
  CHECK ((kind = 'single') = (family_hash IS NULL)), CHECK ((kind = 'tokens') = (secret_hash IS NOT NULL)),
  CHECK (expires_at <= ends_at));
CREATE INDEX user_session_user ON user_session (user_id);
CREATE INDEX user_session_expires ON user_session (expires_at);
COMMENT ON TABLE user_session IS 'Logins that still count, on the wall clock; whoever logs out, or whose password changes, has none left.';
COMMENT ON COLUMN user_session.id IS 'Claim sid of its access tokens.';
COMMENT ON COLUMN user_session.kind IS 'tokens: access and refresh tokens; browser: a cookie; single: one access token and nothing after it.';
COMMENT ON COLUMN user_session.family_hash IS 'sha256 of the cookie, or of the part that all refresh tokens of the login share.';
COMMENT ON COLUMN user_session.secret_hash IS 'sha256 of the part that only the latest refresh token has.';
COMMENT ON COLUMN user_session.earlier_hash IS 'The same of the one before it: shown once more at once it is an accident, later a theft.';
COMMENT ON COLUMN user_session.renewed_at IS 'When the latest refresh token took the place of the one before it.';
COMMENT ON COLUMN user_session.used_at IS 'Last use of a cookie, to the minute; of tokens, when they were last renewed.';
COMMENT ON COLUMN user_session.expires_at IS 'It counts before then; each use moves this on.';
COMMENT ON COLUMN user_session.ends_at IS 'Never later than this.';
GRANT SELECT, INSERT, UPDATE, DELETE ON user_session TO animov_api;

CREATE TABLE invitation (
  hash bytea PRIMARY KEY,
  user_id int NOT NULL UNIQUE REFERENCES app_user ON DELETE CASCADE,
  expires_at timestamptz NOT NULL);
COMMENT ON TABLE invitation IS 'Codes with which somebody invited, or whose password was reset, chooses a password: once.';
COMMENT ON COLUMN invitation.hash IS 'sha256 of the code, which is random and long.';
COMMENT ON COLUMN invitation.expires_at IS 'It counts before then, on the wall clock.';
GRANT SELECT, INSERT, UPDATE, DELETE ON invitation TO animov_api;

CREATE TABLE login_attempt (
  key bytea PRIMARY KEY,
  until timestamptz NOT NULL);
CREATE INDEX login_attempt_until ON login_attempt (until);
COMMENT ON TABLE login_attempt IS 'How often passwords were tried lately, over all workers: one row for each name and each address.';
COMMENT ON COLUMN login_attempt.key IS 'sha256 of the kind and of the name or address.';
COMMENT ON COLUMN login_attempt.until IS 'When all tries are forgotten: each moves this on, by the time that one try takes to be forgotten.';
GRANT SELECT, INSERT, UPDATE, DELETE ON login_attempt TO animov_api;

CREATE TABLE signing_key (
  kid text PRIMARY KEY,
  algorithm text NOT NULL CHECK (algorithm IN ('HS256', 'EdDSA')),
  made_at timestamptz NOT NULL);
COMMENT ON TABLE signing_key IS 'Keys of access tokens by name; each follows from its name and the node''s secret, which is not in the database.';
COMMENT ON COLUMN signing_key.kid IS 'Random; header kid of the tokens.';
COMMENT ON COLUMN signing_key.made_at IS 'The newest signs; one before it checks tokens as long as any that it signed may count.';
GRANT SELECT, INSERT, DELETE ON signing_key TO animov_api;
"""

KEYS = """
CREATE TABLE api_key (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  name text NOT NULL CHECK (name <> ''),
  prefix text NOT NULL, hash bytea NOT NULL UNIQUE,
  scopes text[] NOT NULL CHECK (scopes <@ '{read,write,readings}'::text[] AND cardinality(scopes) > 0),
  made_by text NOT NULL, made_at timestamptz NOT NULL,
  expires_at timestamptz, used_at timestamptz,
  UNIQUE (farm_id, name));
COMMENT ON TABLE api_key IS 'Keys with which machines ask the API, each for one farm.';
COMMENT ON COLUMN api_key.name IS 'What it is for.';
COMMENT ON COLUMN api_key.prefix IS 'Its first characters, by which people know it again.';
COMMENT ON COLUMN api_key.hash IS 'sha256 of the key, which is random and long.';
COMMENT ON COLUMN api_key.scopes IS 'read: see the farm; write: change it too; readings: send what a collar would.';
COMMENT ON COLUMN api_key.made_by IS 'Who made it.';
COMMENT ON COLUMN api_key.expires_at IS 'It counts before then, on the wall clock; null: until it is revoked.';
COMMENT ON COLUMN api_key.used_at IS 'Last use, to the minute.';
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON api_key TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON api_key FOR SELECT TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
CREATE POLICY used ON api_key FOR UPDATE TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
CREATE POLICY made ON api_key FOR INSERT TO animov_api
  WITH CHECK (farm_id = ANY ((SELECT animov_administered_farms())::int[]));
CREATE POLICY revoked ON api_key FOR DELETE TO animov_api
  USING (farm_id = ANY ((SELECT animov_administered_farms())::int[]));
GRANT SELECT (id, farm_id, name, prefix, scopes, made_by, made_at, expires_at, used_at), INSERT, DELETE ON api_key TO animov_api;
GRANT UPDATE (used_at) ON api_key TO animov_api;

CREATE FUNCTION animov_key(wanted bytea)
RETURNS TABLE (id int, farm_id int, name text, prefix text, scopes text[], expires_at timestamptz, used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.id, k.farm_id, k.name, k.prefix, k.scopes, k.expires_at, k.used_at FROM api_key k WHERE k.hash = wanted
$$;
COMMENT ON FUNCTION animov_key(bytea) IS 'The API key of a hash.';
REVOKE EXECUTE ON FUNCTION animov_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_key(bytea) TO animov_app, animov_api;
"""

AUDIT = """
CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  farm_id int REFERENCES farm ON DELETE CASCADE,
  actor text NOT NULL,
  action text NOT NULL CHECK (action ~ '^[a-z_]+[.][a-z_]+$'),
  subject text NOT NULL,
  change jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(change) = 'object'));
CREATE INDEX audit_log_farm ON audit_log (farm_id, id);
CREATE INDEX audit_log_at ON audit_log USING brin (at);
COMMENT ON TABLE audit_log IS 'Append-only: what people and keys changed through the API, written in the transaction that changed it.';
COMMENT ON COLUMN audit_log.at IS 'When, on the wall clock.';
COMMENT ON COLUMN audit_log.farm_id IS 'Whose it is; null for what belongs to no farm.';
COMMENT ON COLUMN audit_log.actor IS 'The name of a person, or a key''s prefix and name.';
COMMENT ON COLUMN audit_log.action IS 'A stable code, subject and deed: animal.renamed.';
COMMENT ON COLUMN audit_log.subject IS 'What was changed, as people would say it.';
COMMENT ON COLUMN audit_log.change IS 'What it is now; nothing secret.';
REVOKE UPDATE ON audit_log FROM animov_app;
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON audit_log TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY administered ON audit_log FOR SELECT TO animov_api
  USING (farm_id = ANY ((SELECT animov_administered_farms())::int[]) OR (SELECT animov_platform()));
CREATE POLICY noted ON audit_log FOR INSERT TO animov_api
  WITH CHECK (farm_id IS NULL OR farm_id = ANY ((SELECT animov_farms())::int[]) OR (SELECT animov_platform()));
GRANT SELECT, INSERT ON audit_log TO animov_api;
"""


def upgrade() -> None:
    for statement in (SCOPE, PEOPLE, SESSIONS, KEYS, AUDIT):
        op.execute(statement)
