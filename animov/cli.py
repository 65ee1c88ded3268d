"""`animov`: one command line for the whole node.

Exit codes: 0 done, 1 refused or failed with one clear line on standard error, 2 wrong usage.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from core.errors import AnimovError

if TYPE_CHECKING:
    import typer

_VARIABLES: Final = {
    # our matrices are small: with more threads the same sums cost twice the processor; read when NumPy is loaded
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # we have no plugins, and to look for some takes the metadata of all that is installed; read by the first model
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}


def main() -> None:
    """Run the command line; what AniMOV refuses is told in one line."""
    for name, value in _VARIABLES.items():
        os.environ.setdefault(name, value)
    refusals: list[str] = []
    try:
        _line(sys.argv[1:])()
    except* AnimovError as refused:  # also what a group of tasks wraps around it
        refusals = list(_sentences(refused))
    if refusals:
        sys.stderr.write("".join(f"animov: {sentence}\n" for sentence in refusals))
        sys.exit(1)


def _line(arguments: Sequence[str]) -> "typer.Typer":
    """Return all commands; for a process of a node, which is to start quickly, only those of its kind."""
    from animov.commands import node  # noqa: PLC0415 - the variables are read meanwhile
    from animov.commands.line import line  # noqa: PLC0415 - as above

    if node.has(*arguments[:1]):
        few = line()
        node.add_to(few)
        return few
    from animov.commands.whole import app  # noqa: PLC0415 - twenty files

    return app


def _sentences(refused: BaseExceptionGroup[AnimovError]) -> Iterator[str]:
    for error in refused.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _sentences(error)
        else:
            yield str(error)
