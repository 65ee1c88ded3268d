"""Being told to stop, in a command that works by itself."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from forecast.cancelling import CancelledError


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Let SIGINT and SIGTERM end the block, which must be in the main thread, with one sentence.

    What is given tells whether one of them came, for work in which their exception got lost: foreign code may swallow
    it. A signal that this process was started to ignore stays ignored.

    Raises:
        CancelledError: one of them came.
    """
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        came.append(number)
        signal.default_int_handler(number, frame)

    heard = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, stop) for one in heard}
    try:
        yield lambda: bool(came)
    except KeyboardInterrupt:
        raise CancelledError from None
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
