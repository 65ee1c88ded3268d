"""What the API may say of alerts, who is told and how, messages tried again, live news, a farm that leaves."""

from alembic import op

revision = "0024"
down_revision = "0023"

MANAGED = "ANY ((SELECT animov_managed_farms())::int[])"
ADMINISTERED = "ANY ((SELECT animov_administered_farms())::int[])"

JUDGED = f"""
GRANT UPDATE (judgement, note) ON alert TO animov_api;
CREATE POLICY judged ON alert FOR UPDATE TO animov_api USING (farm_id = {MANAGED}) WITH CHECK (farm_id = {MANAGED});
GRANT INSERT (alert_id, at, state, by_user, note) ON alert_change TO animov_api;
CREATE POLICY judged ON alert_change FOR INSERT TO animov_api
  WITH CHECK (alert_id IN (SELECT id FROM alert WHERE farm_id = {MANAGED}));
"""  # noqa: S608 - our own words


def upgrade() -> None:
    for statements in (JUDGED,):
        op.execute(statements)
