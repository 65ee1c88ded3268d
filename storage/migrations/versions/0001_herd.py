"""Roles, farms, groups, animals, collars, and who wore what when."""

from alembic import op

revision = "0001"
down_revision = None

ROLES = """
DO $$
DECLARE wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['animov_app', 'animov_api'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', wanted);
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- roles belong to the whole server
    END;
  END LOOP;
END $$;
DO $$ BEGIN
  EXECUTE format('GRANT animov_app, animov_api TO %I', current_user);  -- so that one user may act as either
EXCEPTION WHEN invalid_grant_operation OR insufficient_privilege THEN NULL;  -- the roles log in by themselves
END $$;
GRANT USAGE ON SCHEMA public TO animov_app, animov_api;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO animov_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO animov_app;
"""

CLOCK = """
CREATE TABLE clock (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  wall_epoch double precision NOT NULL, sim_epoch double precision NOT NULL,
  speed double precision NOT NULL CHECK (speed > 0), ceiling double precision NOT NULL);
INSERT INTO clock VALUES (true, 0, 0, 1, 'infinity');
COMMENT ON TABLE clock IS 'The node''s time: least(sim_epoch + (wall - wall_epoch) * speed, ceiling), seconds since 1970.';
CREATE FUNCTION animov_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT to_timestamp(least(sim_epoch + (extract(epoch FROM clock_timestamp()) - wall_epoch) * speed, ceiling)) FROM clock
$$;
GRANT SELECT ON clock TO animov_api;
"""

HERD = """
CREATE TABLE farm (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9_-]{1,64}$'),
  title text NOT NULL DEFAULT '',
  time_zone text NOT NULL DEFAULT 'Europe/Paris',
  latitude double precision CHECK (latitude BETWEEN -90 AND 90),
  longitude double precision CHECK (longitude BETWEEN -180 AND 180),
  events jsonb NOT NULL DEFAULT '[]',
  animal_coverage real NOT NULL DEFAULT 0.5 CHECK (animal_coverage BETWEEN 0 AND 1),
  group_coverage real NOT NULL DEFAULT 0.5 CHECK (group_coverage BETWEEN 0 AND 1),
  registry_version bigint NOT NULL DEFAULT 1);
COMMENT ON COLUMN farm.events IS 'Daily events in local time: [{"name": "milking", "at": "06:30", "minutes": 60}].';
COMMENT ON COLUMN farm.registry_version IS 'Raised with each change of collars and calibrations; a flush checks it under the farm''s lock.';

CREATE TABLE animal_group (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  name text NOT NULL CHECK (name <> ''), UNIQUE (farm_id, name));

CREATE TABLE animal (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  name text NOT NULL CHECK (name <> ''), UNIQUE (farm_id, name));

CREATE TABLE collar (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{1,64}$'),
  generation smallint NOT NULL DEFAULT 0 CHECK (generation BETWEEN 0 AND 999),
  password_hash text,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (farm_id, name));
COMMENT ON COLUMN collar.generation IS 'The newest published generation; evidence of later ones is being recomputed and not yet read.';

CREATE TABLE calibration (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  collar_id int NOT NULL REFERENCES collar ON DELETE CASCADE,
  generation smallint NOT NULL CHECK (generation BETWEEN 0 AND 999),
  effective_from timestamptz NOT NULL,
  mount text NOT NULL CHECK (mount IN ('unknown', 'leg', 'collar', 'ear')),
  axes text NOT NULL CHECK (axes ~ '^-?(fwd|up|right),-?(fwd|up|right),-?(fwd|up|right)$'),
  hold_s smallint NOT NULL DEFAULT 1 CHECK (hold_s BETWEEN 1 AND 900),
  parameters jsonb NOT NULL DEFAULT '{}',
  made_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (collar_id, generation, effective_from));
COMMENT ON TABLE calibration IS 'Append-only: how samples of a collar are read, from an event time on, in one generation.';

CREATE TABLE device_alias (
  device text PRIMARY KEY,
  collar_id int NOT NULL REFERENCES collar ON DELETE CASCADE);
COMMENT ON TABLE device_alias IS 'Devices of network servers: tts:ID, chirpstack:EUI, senml:NAME.';

CREATE TABLE assignment (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  collar_id int NOT NULL REFERENCES collar ON DELETE CASCADE,
  animal_id int NOT NULL REFERENCES animal ON DELETE CASCADE,
  during tstzrange NOT NULL CHECK (NOT isempty(during)),
  -- the embedded server has no btree_gist, so the equality is written as an overlap of ranges of one number
  CONSTRAINT assignment_one_animal_at_a_time EXCLUDE USING gist (int4range(collar_id, collar_id, '[]') WITH &&, during WITH &&));
CREATE INDEX assignment_animal ON assignment (animal_id);
CREATE INDEX assignment_collar ON assignment (collar_id);

CREATE TABLE membership (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  animal_id int NOT NULL REFERENCES animal ON DELETE CASCADE,
  group_id int NOT NULL REFERENCES animal_group ON DELETE CASCADE,
  during tstzrange NOT NULL CHECK (NOT isempty(during)),
  CONSTRAINT membership_one_group_at_a_time EXCLUDE USING gist (int4range(animal_id, animal_id, '[]') WITH &&, during WITH &&));
CREATE INDEX membership_animal ON membership (animal_id);
CREATE INDEX membership_group ON membership (group_id);
"""

USERS = """
CREATE TABLE app_user (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (name <> ''),
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE app_user_farm (
  user_id int NOT NULL REFERENCES app_user ON DELETE CASCADE,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('viewer', 'manager', 'administrator')),
  PRIMARY KEY (user_id, farm_id));
GRANT SELECT ON app_user, app_user_farm TO animov_api;
GRANT UPDATE (password_hash) ON app_user TO animov_api;
"""

ROW_SECURITY = """
CREATE FUNCTION animov_farms() RETURNS int[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_to_array(nullif(current_setting('animov.farms', true), ''), ',')::int[], '{}')
$$;
COMMENT ON FUNCTION animov_farms() IS 'Ids of the farms that this transaction may see: SET LOCAL animov.farms = ''1,2''.';

ALTER TABLE farm ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON farm TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON farm FOR SELECT TO animov_api USING (id = ANY ((SELECT animov_farms())::int[]));
GRANT SELECT ON farm TO animov_api;
"""

SCOPED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON {table} TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON {table} FOR SELECT TO animov_api USING ({condition});
GRANT SELECT ON {table} TO animov_api;
"""

CONDITIONS = {
    "animal_group": "farm_id = ANY ((SELECT animov_farms())::int[])",
    "animal": "farm_id = ANY ((SELECT animov_farms())::int[])",
    "collar": "farm_id = ANY ((SELECT animov_farms())::int[])",  # its password_hash is not granted, see below
    "calibration": "collar_id IN (SELECT id FROM collar)",
    "device_alias": "collar_id IN (SELECT id FROM collar)",
    "assignment": "animal_id IN (SELECT id FROM animal)",
    "membership": "animal_id IN (SELECT id FROM animal)",
}


def upgrade() -> None:
    for statement in (ROLES, CLOCK, HERD, USERS, ROW_SECURITY):
        op.execute(statement)
    for table, condition in CONDITIONS.items():
        op.execute(SCOPED.format(table=table, condition=condition))
    op.execute("REVOKE SELECT ON collar FROM animov_api")
    op.execute("GRANT SELECT (id, farm_id, name, generation, created_at) ON collar TO animov_api")
