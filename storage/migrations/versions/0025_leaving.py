"""Farms that leave: deleted everywhere, whatever still speaks for them; and what is exported of a farm."""

from alembic import op

revision = "0025"
down_revision = "0026"

LEAVING = """
ALTER TABLE farm ADD COLUMN leaving boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN farm.leaving IS 'Whether it is being deleted: nobody sees it any longer, its name is free, and its rows go in steps.';

CREATE TABLE farm_deletion (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  farm_id int NOT NULL UNIQUE,
  name_hash bytea UNIQUE CHECK (length(name_hash) = 32),
  by_user int,
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  emptied_at timestamptz, finished_at timestamptz,
  to_forget jsonb,
  CHECK (emptied_at IS NOT NULL OR finished_at IS NULL),
  CHECK ((to_forget IS NULL) = (finished_at IS NOT NULL)));
COMMENT ON TABLE farm_deletion IS 'Farms that were deleted or are being deleted; what is left of one names neither the farm nor a person. Kept for ever: a row a farm.';
COMMENT ON COLUMN farm_deletion.id IS 'Random: who knows it may follow the deletion.';
COMMENT ON COLUMN farm_deletion.farm_id IS 'Id that the farm had; no other gets it.';
COMMENT ON COLUMN farm_deletion.name_hash IS 'sha256 of the farm''s name, whose messages are dropped; null once somebody made a farm of this name.';
COMMENT ON COLUMN farm_deletion.by_user IS 'Id of the person who asked; null for a command.';
COMMENT ON COLUMN farm_deletion.asked_at IS 'When, on the wall clock, as the two times beside it.';
COMMENT ON COLUMN farm_deletion.emptied_at IS 'When the last row of the farm was gone.';
COMMENT ON COLUMN farm_deletion.finished_at IS 'When MLflow had forgotten it too.';
COMMENT ON COLUMN farm_deletion.to_forget IS 'Name and numbers by which its messages and runs are found; null when all is done.';
ALTER TABLE farm_deletion ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON farm_deletion TO animov_app USING (true) WITH CHECK (true);

CREATE FUNCTION animov_lift_deletion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE farm_deletion SET name_hash = NULL WHERE name_hash = sha256(convert_to(NEW.name, 'UTF8'));
  IF FOUND THEN
    PERFORM pg_notify('animov_registry', '');
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION animov_lift_deletion() IS 'Trigger: who makes a farm of a name wants messages of that name.';
CREATE TRIGGER wanted_again AFTER INSERT ON farm FOR EACH ROW EXECUTE FUNCTION animov_lift_deletion();

DROP POLICY own_farms ON farm;
CREATE POLICY own_farms ON farm FOR SELECT TO animov_api
  USING (NOT leaving AND (id = ANY ((SELECT animov_farms())::int[]) OR (SELECT animov_platform())));
CREATE OR REPLACE FUNCTION animov_roles(person int, at timestamptz) RETURNS TABLE (farm_id int, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.farm_id, r.role FROM app_user_farm r JOIN app_user u ON u.id = r.user_id
  WHERE r.user_id = person AND NOT u.platform AND (r.until IS NULL OR at < r.until)
  UNION ALL SELECT f.id, 'administrator' FROM app_user u, farm f WHERE u.id = person AND u.platform AND NOT f.leaving
$$;
"""

# The locks are those of storage/evidence/sink.py: flushes of the farm, and whoever makes farms or keeps what was rejected by name.
ASKED = """
CREATE FUNCTION animov_delete_farm(wanted int, person int) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  made uuid;
  was text;
  members int[];
BEGIN
  IF wanted <> ALL (animov_administered_farms()) THEN
    RETURN NULL;
  END IF;
  PERFORM pg_advisory_xact_lock(24942, wanted);
  PERFORM pg_advisory_xact_lock(24942, 0);
  SELECT name INTO was FROM farm WHERE id = wanted AND NOT leaving FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  INSERT INTO farm_deletion (farm_id, name_hash, by_user, to_forget)
  VALUES (wanted, sha256(convert_to(was, 'UTF8')), person, jsonb_build_object('name', was, 'models',
    (SELECT coalesce(jsonb_agg(m.id ORDER BY m.id), '[]') FROM model m WHERE m.farm_id = wanted)))
  RETURNING id INTO made;
  UPDATE farm SET name = 'leaving-' || replace(made::text, '-', ''), title = '', leaving = true,
    registry_version = registry_version + 1 WHERE id = wanted;

  DELETE FROM api_key WHERE farm_id = wanted;
  SELECT array_agg(r.user_id) INTO members FROM app_user_farm r WHERE r.farm_id = wanted;
  DELETE FROM app_user_farm WHERE farm_id = wanted;
  SELECT array_agg(u.id) INTO members FROM app_user u WHERE u.id = ANY (members) AND NOT u.platform
    AND NOT EXISTS (SELECT FROM app_user_farm r WHERE r.user_id = u.id);
  DELETE FROM audit_log l USING app_user u
  WHERE u.id = ANY (members) AND l.farm_id IS NULL AND (l.actor = u.name OR l.subject = 'user ' || u.name);
  DELETE FROM app_user WHERE id = ANY (members);

  INSERT INTO audit_log (actor, action, subject)
  VALUES (coalesce('user ' || person, 'a command'), 'farm.deleted', 'farm ' || wanted);
  PERFORM pg_notify('animov_registry', '');
  BEGIN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('background', 'farm.delete', 0, NULL, 'farm.delete',
      '{}'::jsonb, NULL)::procrastinate_job_to_defer_v1]);
  EXCEPTION WHEN unique_violation THEN NULL;  -- it is asked for already
  END;
  RETURN made;
END $$;
COMMENT ON FUNCTION animov_delete_farm(int, int) IS 'Begins to delete a farm: from the end of the transaction on nobody sees it and its messages are dropped; returns the id of the deletion, null if there is no such farm, or not for this transaction to delete.';

CREATE FUNCTION animov_deletion(wanted uuid)
RETURNS TABLE (asked_at timestamptz, emptied_at timestamptz, finished_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT d.asked_at, d.emptied_at, d.finished_at FROM farm_deletion d WHERE d.id = wanted
$$;
COMMENT ON FUNCTION animov_deletion(uuid) IS 'How far a deletion has come, for whoever knows its id.';
REVOKE EXECUTE ON FUNCTION animov_delete_farm(int, int), animov_deletion(uuid), animov_lift_deletion() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_delete_farm(int, int), animov_deletion(uuid) TO animov_app, animov_api;
"""

EXPORTED = """
CREATE SCHEMA exported;
GRANT USAGE ON SCHEMA exported TO animov_app, animov_api;
"""


def upgrade() -> None:
    for statements in (LEAVING, ASKED, EXPORTED):
        op.execute(statements)
