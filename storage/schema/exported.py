"""The views of the schema `exported`: of each table the rows of the farms that a transaction administers, no secrets.

They follow from the tables as they are after the migrations, so they are made anew with each of these, and none has to
think of them.
"""

from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, text

from storage.schema.farm_tables import KEPT_BACK, OF_FARM

_FARM: Final = "ANY ((SELECT public.animov_administered_farms())::int[])"

_DIGEST: Final = text("SELECT obj_description(to_regnamespace('exported'), 'pg_namespace')")
_VIEWS: Final = text("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('exported') AND relkind = 'v'")
_COLUMNS: Final = text(
    """SELECT attname FROM pg_attribute
    WHERE attrelid = to_regclass('public.' || :table) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
)


def withdraw(connection: Connection, version: str) -> None:
    """Drop the views unless they are those of a version, so that no migration is held up by them."""
    if connection.execute(_DIGEST).scalar() == _digest(version):
        return
    for view in connection.execute(_VIEWS).scalars().all():
        connection.execute(text(f"DROP VIEW exported.{view}"))


def show(connection: Connection, version: str) -> None:
    """Make the views unless they are there, by the tables of a version."""
    if connection.execute(_DIGEST).scalar() == _digest(version):
        return
    for table, condition in OF_FARM.items():
        kept_back = KEPT_BACK.get(table, frozenset())
        names = [name for name in connection.execute(_COLUMNS, {"table": table}).scalars() if name not in kept_back]
        columns = ", ".join(f't."{name}"' for name in names)
        view = f"""CREATE VIEW exported.{table} WITH (security_barrier) AS
        SELECT {columns} FROM public.{table} t WHERE {condition.format(farm=_FARM)}"""  # noqa: S608 - our own words
        connection.execute(text(view.replace(":", "\\:")))
    connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA exported TO animov_app, animov_api"))
    connection.execute(text(f"COMMENT ON SCHEMA exported IS '{_digest(version)}'"))


def _digest(version: str) -> str:
    """Tell what the views are made of: the version of the tables, and what stands in `farm_tables`."""
    said = repr((version, list(OF_FARM.items()), {name: sorted(columns) for name, columns in KEPT_BACK.items()}))
    return f"Made with the tables of version {version}: {sha256(said.encode()).hexdigest()}"
