"""Whether anything was taken from people or keys, for whoever goes on telling them what they asked for once."""

from alembic import op

revision = "0029"
down_revision = "0028"

RIGHTS = """
CREATE TABLE rights_version (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  version bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO rights_version (version) VALUES (0);
COMMENT ON TABLE rights_version IS 'One row: which state the rights of all people and keys are in.';
COMMENT ON COLUMN rights_version.single IS 'Always true: there is one row.';
COMMENT ON COLUMN rights_version.version IS 'Moves on with each transaction that changes roles, or ends sessions or keys; not with what ends by itself at its time.';
GRANT SELECT ON rights_version TO animov_app, animov_api;

CREATE FUNCTION animov_rights_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM changed) THEN
    UPDATE rights_version SET version = version + 1;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION animov_rights_changed() IS 'Moves on the version of everybody''s rights.';
"""

TRIGGER = """
CREATE TRIGGER rights_{event} AFTER {event} ON {table} REFERENCING {which} TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION animov_rights_changed();
"""

WATCHED = (
    ("app_user", "UPDATE", "NEW"),
    ("app_user_farm", "INSERT", "NEW"),
    ("app_user_farm", "UPDATE", "NEW"),
    ("app_user_farm", "DELETE", "OLD"),
    ("user_session", "DELETE", "OLD"),
    ("api_key", "DELETE", "OLD"),
)


def upgrade() -> None:
    op.execute(RIGHTS)
    for table, event, which in WATCHED:
        op.execute(TRIGGER.format(table=table, event=event, which=which))
