"""The begin of a process: imports and what they make, nearly all of which stays to the end."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def beginning() -> Iterator[Callable[[], None]]:
    """Look for no garbage in a block, until what it gives is called: then all that there is counts as there to stay.

    A tenth of a begin goes into looking for garbage where there is none, and later each full search would go
    through all of it again.
    """
    gc.disable()
    try:
        yield _begun
    finally:
        gc.enable()


def _begun() -> None:
    gc.freeze()
    gc.enable()
