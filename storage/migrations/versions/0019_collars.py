"""What collars said of their batteries, day by day; alerts about clocks."""

from alembic import op

revision = "0019"
down_revision = "0018"

BATTERY = """
CREATE TABLE battery_day (
  collar_id int NOT NULL REFERENCES collar ON DELETE CASCADE,
  day date NOT NULL,
  least_v real NOT NULL,
  PRIMARY KEY (collar_id, day));
COMMENT ON TABLE battery_day IS 'The least that a collar said of its battery in a day: what tells how fast it falls.';
COMMENT ON COLUMN battery_day.day IS 'In UTC, by the collar''s own clock.';
COMMENT ON COLUMN battery_day.least_v IS 'Volts.';

ALTER TABLE battery_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON battery_day TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON battery_day FOR SELECT TO animov_api USING (collar_id IN (SELECT id FROM collar));
GRANT SELECT ON battery_day TO animov_api;
"""

CLOCK = """
ALTER TABLE alert DROP CONSTRAINT alert_kind_check;
ALTER TABLE alert ADD CONSTRAINT alert_kind_check CHECK (kind IN ('deviation', 'motionless', 'restless', 'lying_long', 'collar_silent', 'battery', 'coverage', 'skill_lost', 'lag', 'clock'));
"""


def upgrade() -> None:
    for statement in (BATTERY, CLOCK):
        op.execute(statement)
