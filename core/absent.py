"""Libraries that others would take because they happen to be installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Let what is imported in a block find no library of this name, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # which is how Python remembers that there is none
    try:
        yield
    finally:
        del sys.modules[name]
