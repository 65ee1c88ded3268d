"""Filling the database of a node in bulk, past what watches over what people write."""

from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, text

from core.errors import UnavailableError
from storage import embedded
from storage.embedded import secrets
from storage.upkeep import provision


def in_bulk(data_dir: Path) -> str:
    """Return how the superuser reaches the database, with nothing checked that is known to be right."""
    address = embedded.find_running(data_dir)
    if address is None:
        raise UnavailableError(f"the database in {data_dir} has gone")
    url = address.url(embedded.SUPERUSER, secrets.load(data_dir).superuser, provision.DATABASE)
    options = "-c session_replication_role=replica -c synchronous_commit=off -c wal_compression=off"
    return f"{url}&options={quote(options)}"


def tidy(engine: Engine) -> None:
    """Let the database know what it holds, as it would have learnt in weeks, and have all of it on the disk."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))
