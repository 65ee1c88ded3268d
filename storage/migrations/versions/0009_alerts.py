"""Alerts of every kind and who said what of them; the windows that were watched and the rule they were held to."""

from alembic import op

revision = "0009"
down_revision = "0008"

ALERTS = """
CREATE TABLE alert (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  farm_id int NOT NULL REFERENCES farm ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('deviation', 'motionless', 'restless', 'lying_long', 'collar_silent', 'battery', 'coverage', 'skill_lost', 'lag')),
  group_id int REFERENCES animal_group ON DELETE CASCADE,
  animal_id int REFERENCES animal ON DELETE CASCADE,
  collar_id int REFERENCES collar ON DELETE CASCADE,
  series_id int REFERENCES series ON DELETE CASCADE,
  since timestamptz NOT NULL,
  opened_at timestamptz NOT NULL,
  last_evidence_at timestamptz NOT NULL,
  until timestamptz,
  ended_by text NOT NULL DEFAULT '',
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  evidence jsonb NOT NULL, expected jsonb NOT NULL,
  causes jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(causes) = 'array'),
  judgement text CHECK (judgement IN ('seen', 'dismissed', 'confirmed')),
  note text NOT NULL DEFAULT '',
  state text NOT NULL GENERATED ALWAYS AS (CASE WHEN judgement IN ('dismissed', 'confirmed') THEN judgement
    WHEN until IS NOT NULL THEN 'closed' ELSE coalesce(judgement, 'open') END) STORED,
  CHECK (num_nonnulls(group_id, animal_id, collar_id, series_id) <= 1),
  CHECK (since <= opened_at AND until >= since),
  CHECK ((until IS NULL) = (ended_by = '')),
  CHECK (note <> '' OR judgement IS NULL OR judgement = 'seen'));
CREATE UNIQUE INDEX alert_going_on ON alert (farm_id, kind, group_id, animal_id, collar_id, series_id) NULLS NOT DISTINCT
  WHERE until IS NULL;
CREATE INDEX alert_farm ON alert (farm_id, id);
CREATE INDEX alert_series ON alert (series_id, until) WHERE series_id IS NOT NULL;
COMMENT ON TABLE alert IS 'Something that people should look at: one that goes on for each kind and subject. With no subject it is about the farm.';
COMMENT ON COLUMN alert.kind IS 'deviation: a series is outside the band that was expected; the others as they are called.';
COMMENT ON COLUMN alert.since IS 'Start of what it is about.';
COMMENT ON COLUMN alert.opened_at IS 'When enough was known to raise it, on the node''s clock.';
COMMENT ON COLUMN alert.last_evidence_at IS 'End of the latest evidence for it.';
COMMENT ON COLUMN alert.until IS 'When it was over; null while it goes on, whatever people have said of it.';
COMMENT ON COLUMN alert.ended_by IS 'Why it is over, a stable code such as inside, no_data, undone; empty while it goes on.';
COMMENT ON COLUMN alert.severity IS 'info, warning or critical.';
COMMENT ON COLUMN alert.evidence IS 'The numbers that raised it.';
COMMENT ON COLUMN alert.expected IS 'What was expected in their place.';
COMMENT ON COLUMN alert.causes IS 'Likely causes, the likeliest first: [{"code": text, "weight": 0 to 1, numbers}].';
COMMENT ON COLUMN alert.judgement IS 'What people said of it last; null as long as nobody has.';
COMMENT ON COLUMN alert.note IS 'Why it was dismissed, or what was found.';
COMMENT ON COLUMN alert.state IS 'open, seen, dismissed, confirmed or closed: follows from judgement and until.';

CREATE TABLE alert_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alert_id bigint NOT NULL REFERENCES alert ON DELETE CASCADE,
  at timestamptz NOT NULL,
  state text NOT NULL,
  by_user text NOT NULL DEFAULT '',
  note text NOT NULL DEFAULT '');
CREATE INDEX alert_change_alert ON alert_change (alert_id, id);
COMMENT ON TABLE alert_change IS 'Append-only: each state that an alert came into.';
COMMENT ON COLUMN alert_change.at IS 'When, on the node''s clock.';
COMMENT ON COLUMN alert_change.state IS 'The state that it came into.';
COMMENT ON COLUMN alert_change.by_user IS 'Who said so; empty where it follows from the data.';
COMMENT ON COLUMN alert_change.note IS 'Why it was dismissed, what was found, or by what it ended.';
REVOKE UPDATE, DELETE ON alert_change FROM animov_app;
"""

WATCHED = """
CREATE TABLE watched_window (
  series_id int NOT NULL REFERENCES series ON DELETE CASCADE,
  target timestamptz NOT NULL,
  issued_at timestamptz NOT NULL,
  mean real NOT NULL, lower95 real NOT NULL, upper95 real NOT NULL,
  standing_ratio real, known_share real,
  PRIMARY KEY (series_id, target)) WITH (fillfactor = 80);
COMMENT ON TABLE watched_window IS 'What one forecast, a day ahead where there is one, expected of a window, beside what came of it.';
COMMENT ON COLUMN watched_window.target IS 'The window, by its first instant.';
COMMENT ON COLUMN watched_window.issued_at IS 'Of the forecast that the window is held to: chosen once.';
COMMENT ON COLUMN watched_window.mean IS 'Expected standing ratio, within the ends of the 95 % band.';
COMMENT ON COLUMN watched_window.standing_ratio IS 'What came; null where not enough is known.';
COMMENT ON COLUMN watched_window.known_share IS 'Share of the members'' seconds that are known; null without members.';

CREATE TABLE watch_rule (
  series_id int NOT NULL REFERENCES series ON DELETE CASCADE,
  day timestamptz NOT NULL,
  windows smallint NOT NULL CHECK (windows > 0),
  needed smallint NOT NULL CHECK (needed > 0),
  correlation real NOT NULL, outside_low real NOT NULL, outside_high real NOT NULL,
  allowed real NOT NULL, expected real NOT NULL,
  PRIMARY KEY (series_id, day));
COMMENT ON TABLE watch_rule IS 'How many windows of how many must lie outside the band on one side to raise a deviation, decided once a day.';
COMMENT ON COLUMN watch_rule.day IS 'First instant of the UTC day whose windows are held to it.';
COMMENT ON COLUMN watch_rule.windows IS 'The latest so many windows are looked at.';
COMMENT ON COLUMN watch_rule.needed IS 'So many of them must be outside; more than there are where no number is rare enough.';
COMMENT ON COLUMN watch_rule.correlation IS 'Of the errors of one window and the next, found in the days before.';
COMMENT ON COLUMN watch_rule.outside_low IS 'Probability of a window below the band, found in the days before.';
COMMENT ON COLUMN watch_rule.outside_high IS 'The same above the band.';
COMMENT ON COLUMN watch_rule.allowed IS 'False alarms a week that are allowed to this series.';
COMMENT ON COLUMN watch_rule.expected IS 'False alarms a week that the rule is expected to raise.';
"""

SCOPED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON {table} TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON {table} FOR SELECT TO animov_api USING ({condition});
GRANT SELECT ON {table} TO animov_api;
"""

CONDITIONS = {
    "alert": "farm_id = ANY ((SELECT animov_farms())::int[])",
    "alert_change": "alert_id IN (SELECT id FROM alert)",
    "watched_window": "series_id IN (SELECT id FROM series)",
    "watch_rule": "series_id IN (SELECT id FROM series)",
}


def upgrade() -> None:
    op.execute(ALERTS)
    op.execute(WATCHED)
    for table, condition in CONDITIONS.items():
        op.execute(SCOPED.format(table=table, condition=condition))
