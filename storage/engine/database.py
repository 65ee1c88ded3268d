"""Connections to the database, one role each, and the migrations that shape it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from core.errors import UnavailableError
from storage.engine.ending import keep_nothing_after
from storage.engine.trust import trust_for_a_while
from storage.schema import exported, hypertables
from storage.schema.guarding import GUARD, may_do_anything

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = [
    "Connection",
    "Engine",
    "as_role",
    "current_version",
    "engine_for",
    "newest_version",
    "plain_url",
    "scoped_to",
    "see_farms",
    "session_options",
    "upgrade",
]

MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"
OLDEST_POSTGRESQL: Final = 150000

_SESSION: Final = "-c timezone=UTC -c jit=off -c timescaledb.max_tuples_decompressed_per_dml_transaction=0"
"""No statement of ours is long enough to be worth compiling, and one whose cost is guessed too high, as all are that
may not loop, would be compiled for seconds by a server that can: the embedded one can't, one of a distribution does.
What is late or replayed may unpack as much of tables stored in columns as it touches, for transactions are bounded
otherwise. PostgreSQL without the extension takes it for nobody's setting."""


def engine_for(url: str, *, pool_size: int = 5, patience: timedelta | None = None) -> Engine:
    """Return an engine on a `postgresql://` URL; connections are opened when they are first needed, in UTC.

    Args:
        url: Of the database.
        pool_size: Connections that are kept open.
        patience: A statement that takes longer is given up; `None` waits for ever.
    """
    given_up = "" if patience is None else f" -c statement_timeout={patience // timedelta(milliseconds=1)}"
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=pool_size,
        pool_use_lifo=True,  # the connection used last has its plans, and its server's memory is warm
        connect_args={"options": session_options(url) + given_up, "application_name": "animov"},
    )
    trust_for_a_while(engine)
    keep_nothing_after(engine)
    return engine


def session_options(url: str) -> str:
    """Return what a URL says of its sessions, with what everything here takes for granted: UTC, for one."""
    return f"{conninfo_to_dict(url).get('options', '')} {_SESSION}".strip()


def plain_url(engine: Engine) -> str:
    """Return the `postgresql://` URL that an engine was made with."""
    address, question, query = (
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False).partition("?")
    )
    return address + question + query.replace("+", "%20")  # which libpq would take for a plus


def as_role(url: str, role: str) -> str:
    """Return a URL whose sessions become a role that its user is a member of."""
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}options={quote(f'-c role={role}')}"


def upgrade(engine: Engine) -> str:
    """Bring the database to the newest version and return that version; with TimescaleDB, make its hypertables.

    A superuser also guards it against who only reads.

    Raises:
        UnavailableError: no connection, or PostgreSQL is older than 15.
    """
    from alembic import command  # noqa: PLC0415 - heavy, and most processes never migrate
    from alembic.util.exc import CommandError  # noqa: PLC0415 - as above

    try:
        with engine.begin() as connection:
            _refuse_old(connection)
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('animov migrations'))"))
            version = newest_version()
            exported.withdraw(connection, version)
            command.upgrade(_config(connection), "head")
            hypertables.adopt(connection)
            exported.show(connection, version)
            if may_do_anything(connection):
                connection.execute(text(GUARD))
    except OperationalError as error:
        raise UnavailableError(f"the database does not answer: {error.orig}") from error
    except CommandError as error:
        raise UnavailableError(f"the tables are of a version that this AniMOV does not know: {error}") from error
    return newest_version()


def current_version(connection: Connection) -> str | None:
    """Return the version that the database is at; `None` before the first migration."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - as above

    return MigrationContext.configure(connection).get_current_revision()


def newest_version() -> str:
    """Return the version that this code wants."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    return ScriptDirectory(str(MIGRATIONS)).as_revision_number("head")  # type: ignore[return-value]


@contextmanager
def scoped_to(engine: Engine, farms: Sequence[int]) -> Iterator[Connection]:
    """Open a transaction that sees these farms only, whatever the query; committed at the end."""
    with engine.begin() as connection:
        see_farms(connection, farms)
        yield connection


def see_farms(
    connection: Connection,
    farms: Sequence[int],
    managed: Sequence[int] = (),
    *,
    administered: Sequence[int] = (),
    platform: bool = False,
) -> None:
    """Limit the scoped views and row-level security of this transaction to these farms.

    Args:
        connection: In a transaction.
        farms: Ids of the farms that are seen.
        managed: Those of which herd and settings may be changed.
        administered: Those of which people and keys may be changed.
        platform: Whether farms and people may be made.
    """
    values = {"farms": farms, "managed": managed, "administered": administered}
    named = {name: ",".join(str(farm) for farm in ids) for name, ids in values.items()}
    connection.execute(_SCOPE, {**named, "platform": "on" if platform else ""})


_SCOPE: Final = text(
    """SELECT set_config('animov.farms', :farms, true), set_config('animov.managed_farms', :managed, true),
    set_config('animov.administered_farms', :administered, true), set_config('animov.platform', :platform, true)"""
)


def _refuse_old(connection: Connection) -> None:
    version = connection.execute(text("SELECT current_setting('server_version_num')::int")).scalar_one()
    if version < OLDEST_POSTGRESQL:
        raise UnavailableError(f"PostgreSQL is {version // 10000}; AniMOV needs 15 or newer")


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
