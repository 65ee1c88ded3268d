"""Which days neck collars and ear tags alone told, so that habits compare days of one kind."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute("""
ALTER TABLE animal_day ADD COLUMN inferred boolean NOT NULL DEFAULT false;
ALTER TABLE animal_day ALTER COLUMN inferred DROP DEFAULT;
COMMENT ON COLUMN animal_day.inferred IS 'Whether neck collars and ear tags alone told most of it; they count no interruptions.';
DELETE FROM day_basis;  -- all sheets are made anew
""")
