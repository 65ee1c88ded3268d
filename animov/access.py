"""How a command reaches the node's database: the one that runs, or one started for the duration."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from core.errors import ConflictError, UnavailableError
from core.settings import Settings
from storage import embedded
from storage.embedded import ServerAddress, secrets
from storage.engine.database import Engine, engine_for
from storage.upkeep import provision
from storage.upkeep.provision import Access


def running_access(settings: Settings) -> Access:
    """Return how to reach the database of a node that is up.

    Raises:
        UnavailableError: it is not.
    """
    access = provision.find_access(settings)
    if access is None:
        raise UnavailableError(
            f"no node is running on {settings.data_dir}; start it with 'animov up', or name another folder"
            " with --data-dir (the demo says where its data are)"
        )
    return access


RunServer = Callable[[Path], AbstractContextManager[ServerAddress]]
"""Gives the embedded server of a data directory for the time of a block."""


@contextmanager
def node_access(settings: Settings, run_server: RunServer = embedded.node_server) -> Iterator[Access]:
    """Give access to the node's database, its tables up to date, for the time of the block.

    Args:
        settings: Name somebody else's database, or the data directory of an embedded one.
        run_server: By default joins the server of the node that is up, or runs one where none is.
    """
    if settings.database_url is not None:
        access = provision.access_by_url(settings.database_url.get_secret_value())
        provision.prepare(access)
        yield access
        return
    with run_server(settings.data_dir) as address:
        folder = settings.data_dir.expanduser().resolve()
        yield provision.prepare_embedded(address, secrets.load(folder))


@contextmanager
def fresh_access(settings: Settings) -> Iterator[Access]:
    """Give access to a database without tables, for a restore.

    Raises:
        ConflictError: it holds tables already.
    """
    if settings.database_url is not None:
        yield _empty(provision.access_by_url(settings.database_url.get_secret_value()))
        return
    with embedded.node_server(settings.data_dir) as address:
        folder = settings.data_dir.expanduser().resolve()
        yield _empty(provision.create_embedded(address, secrets.load(folder)))


def _empty(access: Access) -> Access:
    if not provision.is_empty(access):
        raise ConflictError("this database holds data already; restore into a new data directory")
    return access


@contextmanager
def node_engine(settings: Settings) -> Iterator[Engine]:
    """Give an engine as the role that writes, on the node's database."""
    with node_access(settings) as access:
        engine = engine_for(access.app)
        try:
            yield engine
        finally:
            engine.dispose()
