"""What the passwords of collars are kept as: from now on as Mosquitto wants them."""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.execute(
        "COMMENT ON COLUMN collar.password_hash IS 'Of the password for MQTT, which is random and long, in the form of"
        " Mosquitto''s password file: PBKDF2-HMAC-SHA512; sha256 of those made before. None if it has no password.'"
    )
