"""What the API may change of farms and herds, the farm's journal, and messages that came by HTTP."""

from alembic import op

revision = "0022"
down_revision = "0021"

MANAGED = "ANY ((SELECT animov_managed_farms())::int[])"

FARM = f"""
GRANT UPDATE (title, time_zone, latitude, longitude, events, species, animal_coverage, group_coverage, registry_version)
  ON farm TO animov_api;
CREATE POLICY managed ON farm FOR UPDATE TO animov_api USING (id = {MANAGED}) WITH CHECK (id = {MANAGED});
GRANT INSERT (name, title, time_zone, latitude, longitude, species) ON farm TO animov_api;
CREATE POLICY made ON farm FOR INSERT TO animov_api WITH CHECK ((SELECT animov_platform()));
"""

HERD = f"""
GRANT INSERT (farm_id, name), UPDATE (name), DELETE ON animal_group, animal TO animov_api;
GRANT INSERT (farm_id, name), UPDATE (name, generation, password_hash), DELETE ON collar TO animov_api;
CREATE POLICY managed ON animal_group TO animov_api USING (farm_id = {MANAGED}) WITH CHECK (farm_id = {MANAGED});
CREATE POLICY managed ON animal TO animov_api USING (farm_id = {MANAGED}) WITH CHECK (farm_id = {MANAGED});
CREATE POLICY managed ON collar TO animov_api USING (farm_id = {MANAGED}) WITH CHECK (farm_id = {MANAGED});

GRANT INSERT ON calibration TO animov_api;
CREATE POLICY managed ON calibration FOR INSERT TO animov_api
  WITH CHECK (collar_id IN (SELECT id FROM collar WHERE farm_id = {MANAGED}));
GRANT INSERT, UPDATE (collar_id), DELETE ON device_alias TO animov_api;
CREATE POLICY managed ON device_alias TO animov_api
  USING (collar_id IN (SELECT id FROM collar WHERE farm_id = {MANAGED}))
  WITH CHECK (collar_id IN (SELECT id FROM collar WHERE farm_id = {MANAGED}));

-- who manages two farms must not put a collar of one on an animal of the other, nor an animal into a foreign group
GRANT INSERT, DELETE ON assignment, membership TO animov_api;
CREATE POLICY managed ON assignment TO animov_api
  USING (animal_id IN (SELECT id FROM animal WHERE farm_id = {MANAGED}))
  WITH CHECK (EXISTS (SELECT FROM animal a JOIN collar c ON c.farm_id = a.farm_id
    WHERE a.id = animal_id AND c.id = collar_id AND a.farm_id = {MANAGED}));
CREATE POLICY managed ON membership TO animov_api
  USING (animal_id IN (SELECT id FROM animal WHERE farm_id = {MANAGED}))
  WITH CHECK (EXISTS (SELECT FROM animal a JOIN animal_group g ON g.farm_id = a.farm_id
    WHERE a.id = animal_id AND g.id = group_id AND a.farm_id = {MANAGED}));
"""  # noqa: S608 - our own words

# Windows follow from assignments in the transaction that changes these, by the very statements that the flush uses
# (storage/evidence/windows.py). The API runs them too, with the schema `managed` before `public` in its search path: there the
# same names are views of what belongs to the farms that it may change. A view and not row-level security, which a
# hypertable's columnstore excludes. That of evidence is no security barrier: behind one, a join could not look
# evidence up by its index and would read that of the whole farm; it saves from a forgotten condition, and whoever
# could plant a function that leaks could set the farms of the transaction as well. Both list their columns as they are
# now: a migration that adds some which are derived makes the view anew.
WINDOWS = f"""
CREATE SCHEMA managed;
GRANT USAGE ON SCHEMA managed TO animov_api;
COMMENT ON SCHEMA managed IS 'What windows are derived from and into, limited to the farms that a transaction of the API may change.';
CREATE VIEW managed.evidence AS SELECT * FROM public.evidence
  WHERE collar_id IN (SELECT id FROM public.collar WHERE farm_id = {MANAGED.replace("animov", "public.animov")});
COMMENT ON VIEW managed.evidence IS 'Evidence of the collars of the farms that a transaction may change.';
CREATE VIEW managed.posture_window WITH (security_barrier) AS SELECT * FROM public.posture_window
  WHERE animal_id IN (SELECT id FROM public.animal WHERE farm_id = {MANAGED.replace("animov", "public.animov")})
  WITH CHECK OPTION;
COMMENT ON VIEW managed.posture_window IS 'Windows of the animals of the farms that a transaction may change.';
GRANT SELECT ON managed.evidence TO animov_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON managed.posture_window TO animov_api;

ALTER TABLE changed_bucket ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON changed_bucket TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY managed ON changed_bucket TO animov_api USING (farm_id = {MANAGED}) WITH CHECK (farm_id = {MANAGED});
GRANT SELECT, INSERT, UPDATE (version) ON changed_bucket TO animov_api;
"""  # noqa: S608 - our own words

JOURNAL = f"""
CREATE TABLE journal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  group_id int REFERENCES animal_group ON DELETE CASCADE,
  animal_id int REFERENCES animal ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('kidding', 'treatment', 'ration', 'move', 'other')),
  start timestamptz NOT NULL, until timestamptz CHECK (start < until),
  note text NOT NULL, author text NOT NULL, written_at timestamptz NOT NULL,
  CHECK (num_nonnulls(group_id, animal_id) <= 1));
CREATE INDEX journal_start ON journal (farm_id, start, id);
COMMENT ON TABLE journal IS 'What people write down of an animal, a group or, with neither, the whole farm; kept for ever.';
COMMENT ON COLUMN journal.start IS 'When it happened or began, inclusive.';
COMMENT ON COLUMN journal.until IS 'When it ended, exclusive; null: it took no time, or its end is not known.';
COMMENT ON COLUMN journal.note IS 'In people''s own words; may be empty.';
COMMENT ON COLUMN journal.author IS 'Who wrote it, or changed it last.';
COMMENT ON COLUMN journal.written_at IS 'When, on the node''s clock.';
ALTER TABLE journal ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON journal TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON journal FOR SELECT TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
CREATE POLICY managed ON journal TO animov_api USING (farm_id = {MANAGED}) WITH CHECK (farm_id = {MANAGED}
  AND (group_id IS NULL OR EXISTS (SELECT FROM animal_group g WHERE g.id = group_id AND g.farm_id = journal.farm_id))
  AND (animal_id IS NULL OR EXISTS (SELECT FROM animal a WHERE a.id = animal_id AND a.farm_id = journal.farm_id)));
GRANT SELECT, INSERT, UPDATE, DELETE ON journal TO animov_api;
"""  # noqa: S608 - our own words

POSTED = """
CREATE FUNCTION animov_heard_farms() RETURNS int[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_to_array(nullif(current_setting('animov.heard_farms', true), ''), ',')::int[], '{}')
$$;
COMMENT ON FUNCTION animov_heard_farms() IS 'Ids of the farms whose collars this transaction may speak for.';
CREATE TABLE posted_message (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  received_at timestamptz NOT NULL,
  topic text NOT NULL, payload bytea NOT NULL,
  posted_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX posted_message_farm ON posted_message (farm_id);
COMMENT ON TABLE posted_message IS 'Messages that came by HTTP and were acknowledged, until the edge has committed what they say.';
COMMENT ON COLUMN posted_message.received_at IS 'On the node''s clock: what admission goes by, however late the edge reads it.';
COMMENT ON COLUMN posted_message.posted_at IS 'On the wall: tells whether an edge is there to read it.';
ALTER TABLE posted_message ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON posted_message TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY heard ON posted_message TO animov_api
  USING (farm_id = ANY ((SELECT animov_heard_farms())::int[]))
  WITH CHECK (farm_id = ANY ((SELECT animov_heard_farms())::int[]));
GRANT SELECT (id, farm_id, posted_at), INSERT (farm_id, received_at, topic, payload) ON posted_message TO animov_api;
"""


def upgrade() -> None:
    for statement in (FARM, HERD, WINDOWS, JOURNAL, POSTED):
        op.execute(statement)
