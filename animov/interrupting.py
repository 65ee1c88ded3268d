"""Being told to stop, in a command that works by itself."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from forecast.cancelling import CancelledError


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGINT and SIGTERM end the block, which must be in the main thread, with one sentence.

    Raises:
        CancelledError: one of them came.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise CancelledError from None
    finally:
        signal.signal(signal.SIGTERM, before)
