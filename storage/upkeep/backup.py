"""A whole database in one file and back, by PostgreSQL's own programs."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

import psycopg
from psycopg.sql import SQL, Literal

from core.errors import ConflictError, UnavailableError
from storage.embedded import program

_UNKNOWN: Final = b"SET transaction_timeout = 0;\n"
"""What our `pg_restore` says at the beginning and servers before PostgreSQL 17 refuse; it is the default."""

_HEADER_LINES: Final = 50


def backup(url: str, file: Path) -> None:
    """Write a consistent copy of a database while it is used; the file appears when it is whole.

    Args:
        url: The database, as its owner.
        file: Where to; it must not exist.

    Raises:
        ConflictError: the file exists.
        UnavailableError: the copy failed, with PostgreSQL's words.
    """
    if file.exists():
        raise ConflictError(f"{file} exists already; a backup never replaces another")
    draft = file.with_name(file.name + ".part")
    try:
        _run("pg_dump", "--format=custom", "--no-owner", f"--file={draft}", f"--dbname={url}")
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)


def restore(url: str, file: Path) -> None:
    """Fill an empty database from a backup, all or nothing.

    A backup with TimescaleDB's tables asks for the same version of the extension, and for a superuser.

    Args:
        url: The database, as its owner; it holds no tables yet.
        file: What `backup` wrote.

    Raises:
        UnavailableError: it failed, with PostgreSQL's words; the database is as it was.
    """
    version = _timescaledb_of(file)
    if version is None:
        _fill(url, file)
        return
    try:
        with _restoring(url, version):
            _fill(url, file)
    except psycopg.Error as error:
        raise UnavailableError(f"the backup is of a database with TimescaleDB {version}: {error}") from error


def _timescaledb_of(file: Path) -> str | None:
    """Return the version of the extension that wrote what is in a backup; `None` if it had none."""
    if "EXTENSION - timescaledb" not in _run("pg_restore", "--list", str(file)):
        return None
    where = ("--data-only", "--schema=_timescaledb_catalog", "--table=metadata", "--file=-")
    rows = _run("pg_restore", *where, str(file)).splitlines()
    return next((row.split("\t")[1] for row in rows if row.startswith("timescaledb_version\t")), None)


@contextmanager
def _restoring(url: str, version: str) -> Iterator[None]:
    """Keep TimescaleDB from having a say in what is written, its own tables among it; leave nothing if that fails."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("CREATE EXTENSION timescaledb VERSION {}").format(Literal(version)))
        try:
            connection.execute("SELECT timescaledb_pre_restore()")
            yield
        except BaseException:
            connection.execute("SELECT timescaledb_post_restore()")
            connection.execute("DROP EXTENSION timescaledb")
            raise
        connection.execute("SELECT timescaledb_post_restore()")


def _fill(url: str, file: Path) -> None:
    """Have everything written in one transaction, which ends with its connection if the file ends too early."""
    reading = (str(program("pg_restore")), "--no-owner", "--file=-", str(file))
    writing = (str(program("psql")), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    with (
        TemporaryFile() as read_errors,
        TemporaryFile() as write_errors,
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=read_errors) as reader,  # noqa: S603 - our own
        subprocess.Popen(  # noqa: S603 - our own
            (*writing, f"--dbname={url}"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=write_errors
        ) as writer,
    ):
        with suppress(BrokenPipeError):  # the writer has given up, and says why
            _copy(reader.stdout, writer.stdin)
        if writer.poll() is not None:
            reader.kill()
        elif reader.wait():
            writer.kill()
            raise _failure("pg_restore", read_errors)
        writer.communicate()
        if writer.returncode:
            raise _failure("psql", write_errors)


def _copy(source: IO[bytes] | None, target: IO[bytes] | None) -> None:
    if source is None or target is None:
        return
    target.writelines(line for line in islice(source, _HEADER_LINES) if line != _UNKNOWN)
    shutil.copyfileobj(source, target)
    target.flush()


def _failure(name: str, errors: IO[bytes]) -> UnavailableError:
    errors.seek(0)
    return UnavailableError(f"{name} failed: {' '.join(errors.read().decode(errors='replace').split())}")


def _run(name: str, *words: str) -> str:
    done = subprocess.run((str(program(name)), *words), capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise UnavailableError(f"{name} failed: {' '.join(done.stderr.split())}")
    return done.stdout
