"""Files that a user names on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import ConflictError, NotFoundError, UnavailableError


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Tell in a sentence why a file can't be opened, read or written."""
    try:
        yield
    except FileExistsError:
        raise ConflictError(f"{path} exists already; choose another name") from None
    except FileNotFoundError:
        raise NotFoundError("file or folder", path) from None
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror or error}") from error
