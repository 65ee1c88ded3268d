"""What the rows of tried passwords are, now that tries count by name and address together."""

from alembic import op

revision = "0033"
down_revision = "0032"

COMMENTS = """
COMMENT ON TABLE login_attempt IS 'How often passwords were tried lately, over all workers: one row for each name, each address and each name at an address; and one for each address from which the right password of a name came.';
COMMENT ON COLUMN login_attempt.key IS 'sha256 of the kind, and of the name, the address, or both.';
COMMENT ON COLUMN login_attempt.until IS 'When all tries are forgotten: each moves this on, by the time that one try takes to be forgotten. Of an address known for a name: when it no longer is.';
"""


def upgrade() -> None:
    op.execute(COMMENTS)
