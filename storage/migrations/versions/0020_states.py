"""Bouts as rows, and what is said of each animal."""

from alembic import op

revision = "0020"
down_revision = "0019"

BOUTS = """
CREATE TABLE bout (
  animal_id int NOT NULL REFERENCES animal ON DELETE CASCADE,
  start timestamptz NOT NULL, until timestamptz NOT NULL CHECK (start < until),
  lying boolean NOT NULL,
  open_start boolean NOT NULL, open_end boolean NOT NULL,
  PRIMARY KEY (animal_id, start)) WITH (fillfactor = 90);
COMMENT ON TABLE bout IS 'Bouts of standing and lying, kept up with the daily sheets; each belongs to the local day in which it begins.';
COMMENT ON COLUMN bout.start IS 'First second, inclusive.';
COMMENT ON COLUMN bout.until IS 'Exclusive; a bout is followed for 24 h beyond the day in which it began, and told as open if it goes on.';
COMMENT ON COLUMN bout.lying IS 'Whether it lies; else it stands.';
COMMENT ON COLUMN bout.open_start IS 'It may have begun earlier: what came before is not known.';
COMMENT ON COLUMN bout.open_end IS 'It may have gone on: what comes after is not known.';
DELETE FROM day_basis;  -- bouts are made with the sheets: all are made anew
"""

STATES = """
CREATE TABLE animal_state (
  animal_id int NOT NULL REFERENCES animal ON DELETE CASCADE,
  since timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('none', 'normal', 'watch', 'look_now', 'improving')),
  reason text NOT NULL CHECK (reason IN ('', 'not enough days', 'not enough heard') AND (reason = '') = (state <> 'none')),
  looked_at timestamptz NOT NULL CHECK (since <= looked_at),
  heard_at timestamptz, calm_since timestamptz, peak double precision NOT NULL,
  score double precision, days int NOT NULL,
  standing_h double precision, standing_h_low double precision, standing_h_high double precision,
  lying_bouts double precision, lying_bouts_low double precision, lying_bouts_high double precision,
  interruptions double precision, interruptions_low double precision, interruptions_high double precision,
  longest_lying_h double precision, longest_lying_h_low double precision, longest_lying_h_high double precision,
  PRIMARY KEY (animal_id, since)) WITH (fillfactor = 50);
COMMENT ON TABLE animal_state IS 'What was said of each animal and since when: a row each time that it changes, the last one brought up to date every hour.';
COMMENT ON COLUMN animal_state.since IS 'Hour at which that began.';
COMMENT ON COLUMN animal_state.state IS 'normal; watch: off its habit as healthy animals are now and then; look_now; improving: was look_now and is calm; none: nothing is said.';
COMMENT ON COLUMN animal_state.reason IS 'Why nothing is said; empty if something is.';
COMMENT ON COLUMN animal_state.looked_at IS 'End of the 24 hours that the measures tell of.';
COMMENT ON COLUMN animal_state.heard_at IS 'Last look at which enough was known for a score; null if there was none.';
COMMENT ON COLUMN animal_state.calm_since IS 'First look of the calm that has lasted until now; null if it is not calm.';
COMMENT ON COLUMN animal_state.peak IS 'Highest score since then.';
COMMENT ON COLUMN animal_state.score IS 'How much these 24 hours speak for illness, as a share of the level of look_now; null if too little is known.';
COMMENT ON COLUMN animal_state.days IS 'Days that its habit is made of.';
COMMENT ON COLUMN animal_state.standing_h IS 'Hours standing in 24; null if too little is known, as are all measures.';
COMMENT ON COLUMN animal_state.standing_h_low IS 'From where on they are usual for it, the group''s own deviation of the day left out; null with too few days. So are the other bands.';
COMMENT ON COLUMN animal_state.standing_h_high IS 'Up to where they are usual.';
COMMENT ON COLUMN animal_state.lying_bouts IS 'Times that it lay down in 24 hours.';
COMMENT ON COLUMN animal_state.interruptions IS 'Times that it stood for 5 minutes at most between two lying bouts, in 24 hours.';
COMMENT ON COLUMN animal_state.longest_lying_h IS 'Hours of the longest lying bout.';
"""

REOPENED = """
CREATE OR REPLACE FUNCTION animov_note_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.state = 'open' THEN
    INSERT INTO notice AS n (alert_id, event, channel_id)
    SELECT a.id, 'opened', c.id FROM alert a JOIN notice_channel c ON c.farm_id = a.farm_id
    WHERE a.id = NEW.alert_id AND (a.until IS NULL OR a.until > animov_now() - interval '1 day')
    ON CONFLICT (alert_id, event, channel_id) DO UPDATE SET settled = '', at = excluded.at, made_at = excluded.made_at
    WHERE n.settled = 'undone';
  ELSIF NEW.state = 'closed' THEN
    INSERT INTO notice AS n (alert_id, event, channel_id)
    SELECT o.alert_id, 'ended', o.channel_id FROM notice o WHERE o.alert_id = NEW.alert_id AND o.event = 'opened'
    ON CONFLICT (alert_id, event, channel_id) DO UPDATE SET settled = '', at = excluded.at, made_at = excluded.made_at
    WHERE n.settled = 'undone';
  END IF;
  RETURN NULL;
END $$;
"""

SCOPED = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON {table} TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON {table} FOR SELECT TO animov_api USING (animal_id IN (SELECT id FROM animal));
GRANT SELECT ON {table} TO animov_api;
"""


def upgrade() -> None:
    op.execute(BOUTS)
    op.execute(STATES)
    op.execute(REOPENED)  # one that was undone before anybody was told, and goes on after all, is told
    for table in ("bout", "animal_state"):
        op.execute(SCOPED.format(table=table))
