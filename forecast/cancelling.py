"""Ending a long fit before its end: whoever starts it says how it learns that nobody waits any more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from core.errors import AnimovError


class CancelledError(AnimovError):
    """A fit or a forecast was ended before it was done."""

    def __init__(self) -> None:
        super().__init__("cancelled before the end; nothing was kept")


def _never() -> bool:
    return False


_CANCELLED: Final[ContextVar[Callable[[], bool]]] = ContextVar("cancelled", default=_never)


@contextmanager
def cancellable(cancelled: Callable[[], bool]) -> Iterator[None]:
    """Let the fits and forecasts of the block, in this thread, end with a `CancelledError` once this is true.

    Args:
        cancelled: Asked before each fit and between the steps of its search, up to some hundred times a second.
    """
    token = _CANCELLED.set(cancelled)
    try:
        yield
    finally:
        _CANCELLED.reset(token)


def stop_if_cancelled() -> None:
    """Return at once, or not at all.

    Raises:
        CancelledError: the block is cancelled.
    """
    if _CANCELLED.get()():
        raise CancelledError
