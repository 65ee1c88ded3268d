"""From an empty server to a node's database: roles, database, tables."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from core.errors import SettingsError
from core.settings import Settings
from storage import embedded
from storage.embedded import ServerAddress, secrets
from storage.embedded.secrets import Secrets
from storage.engine import database
from storage.schema.guarding import GUARD

DATABASE = "animov"
OWNER, APP, API = "animov_owner", "animov_app", "animov_api"


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one database in three roles, as `postgresql://` URLs.

    Attributes:
        owner: Owns the tables and migrates them.
        app: Writes: ingest, stream, forecast, commands.
        api: Reads what a transaction's farms allow, and nothing else.
    """

    owner: str
    app: str
    api: str


def access_to(address: ServerAddress, passwords: Secrets) -> Access:
    """Return how to reach the database of an embedded server."""
    return Access(
        owner=address.url(OWNER, passwords.owner, DATABASE),
        app=address.url(APP, passwords.app, DATABASE),
        api=address.url(API, passwords.api, DATABASE),
    )


def access_by_url(url: str) -> Access:
    """Return how to reach a database that somebody else runs: one user, who becomes the role that is meant.

    Raises:
        SettingsError: the URL is none of PostgreSQL.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError("ANIMOV_DATABASE_URL is no URL such as postgresql://user:password@host/database")
    return Access(owner=url, app=database.as_role(url, APP), api=database.as_role(url, API))


def prepare_embedded(address: ServerAddress, passwords: Secrets) -> Access:
    """Make roles and database on an embedded server where they are missing, and bring the tables up to date."""
    access = create_embedded(address, passwords)
    prepare(access)
    return access


def create_embedded(address: ServerAddress, passwords: Secrets) -> Access:
    """Make roles and database on an embedded server where they are missing; the database may be empty afterwards."""
    superuser = address.url(embedded.SUPERUSER, passwords.superuser, "postgres")
    with psycopg.connect(superuser, autocommit=True) as connection:
        _ensure_login(connection, OWNER, passwords.owner, "CREATEROLE")
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if found is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
        _ensure_login(connection, APP, passwords.app)
        _ensure_login(connection, API, passwords.api)
    with psycopg.connect(address.url(embedded.SUPERUSER, passwords.superuser, DATABASE)) as connection:
        connection.execute(GUARD)
    return access_to(address, passwords)


def prepare(access: Access) -> str:
    """Bring the tables up to date and return their version."""
    engine = database.engine_for(access.owner)
    try:
        return database.upgrade(engine)
    finally:
        engine.dispose()


def is_empty(access: Access) -> bool:
    """Tell whether a database holds no tables of ours yet."""
    with psycopg.connect(access.owner) as connection:
        return connection.execute("SELECT to_regclass('public.alembic_version')").fetchone() == (None,)


def find_access(settings: Settings) -> Access | None:
    """Return how to reach the database that the settings mean; `None` if it is an embedded one that is not running."""
    if settings.database_url is not None:
        return access_by_url(settings.database_url.get_secret_value())
    address = embedded.find_running(settings.data_dir)
    return None if address is None else access_to(address, secrets.load(settings.data_dir.expanduser().resolve()))


def _ensure_login(connection: psycopg.Connection, role: str, password: str, attributes: str = "") -> None:
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None
    statement = "ALTER ROLE {} LOGIN PASSWORD {} " if known else "CREATE ROLE {} LOGIN PASSWORD {} "
    connection.execute(sql.SQL(statement + attributes).format(sql.Identifier(role), sql.Literal(password)))
