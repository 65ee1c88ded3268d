"""A whole database in one file and back, by PostgreSQL's own programs."""

import subprocess
from pathlib import Path

from core.errors import ConflictError, UnavailableError
from storage.embedded import program


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

    Args:
        url: The database, as its owner; it holds no tables yet.
        file: What `backup` wrote.

    Raises:
        UnavailableError: it failed, with PostgreSQL's words; the database is as it was.
    """
    _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={url}", str(file))


def _run(name: str, *words: str) -> None:
    done = subprocess.run((str(program(name)), *words), capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise UnavailableError(f"{name} failed: {' '.join(done.stderr.split())}")
