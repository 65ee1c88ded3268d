"""Processes that share long work, and none of which outlives it."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar

from core.errors import UnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(work: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result]:
    """Yield the results of the work on each item, in order.

    If the caller stops asking, is interrupted or dies, however it dies, the processes end at once.

    Args:
        work: A function at the top of a module, or a partial of one.
        items: What to work on.
        jobs: Processes; with one there is none beside the caller's own.

    Raises:
        UnavailableError: the system ended one of the processes.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    context = get_context("spawn")
    watched, held = context.Pipe(duplex=False)
    with watched, ProcessPoolExecutor(jobs, context, _follow, (watched,)) as pool:
        try:
            with _interrupts_held_back():  # the workers start in here, and what comes from a keyboard is not for them
                results = [pool.submit(work, item) for item in items]
            for result in results:
                yield result.result()
        except BrokenProcessPool:
            raise UnavailableError("one of the processes that share the work was ended; is memory short?") from None
        except BaseException:
            held.close()  # nothing is cancelled: a pool that breaks fails on work that was, in a thread of its own
            raise
        pool.shutdown()
        held.close()


def _follow(watched: Connection) -> None:
    """End this process when nobody holds the other end of the pipe, whatever it is busy with."""
    threading.Thread(target=_end_at_eof, args=(watched,), name="lifeline", daemon=True).start()


def _end_at_eof(watched: Connection) -> None:
    watched.poll(None)
    os._exit(1)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Block SIGINT for the block, after which it comes if it came; processes that are started in it never see one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
