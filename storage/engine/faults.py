"""What a failed statement means for whoever has to go on: try again later, or look for the row at fault."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


class TransientFaultError(Exception):
    """The same work may succeed later: connection, conflict, resources, operator, system."""


class PoisonFaultError(Exception):
    """A row of the work itself is refused: a value or a constraint."""


@contextmanager
def told_apart() -> Iterator[None]:
    """Turn errors of the database into the two kinds that callers act on; others, our own mistakes, pass through."""
    try:
        yield
    except OSError as error:
        raise TransientFaultError(str(error)) from error
    except Exception as error:
        cause = _cause_of(error)
        if cause is None:
            raise
        said = " ".join(str(cause).split())
        if is_transient(cause):
            raise TransientFaultError(said) from error
        if cause.sqlstate is not None and cause.sqlstate[:2] in {"22", "23"}:
            raise PoisonFaultError(f"{cause.sqlstate}: {said}") from error
        raise


def _cause_of(error: BaseException | None) -> psycopg.Error | None:
    """Return psycopg's own error, also from within the wrappers of SQLAlchemy and procrastinate."""
    while error is not None and not isinstance(error, psycopg.Error):
        error = error.__cause__
    return error


def is_transient(error: psycopg.Error) -> bool:
    """Tell whether an error lies outside the statement that met it."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate[:2] in {"08", "40", "53", "55", "57", "58"}
