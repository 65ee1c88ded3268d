"""The job queue's own tables, as procrastinate ships them."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # here and not above: whoever asks which version is the newest reads this file, the API too
    from procrastinate.schema import SchemaManager  # noqa: PLC0415

    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO animov_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO animov_app")
