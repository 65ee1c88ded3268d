"""Work in a process of its own: one thread, a peak of memory of its own, nothing left over from what ran before."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import active_children, get_context
from typing import Final, ParamSpec, TypeVar

from bench.processes import memory_bytes

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""Read by the numeric libraries when they are loaded, so only a new process can be held to them."""


def alone(work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> tuple[Result, int]:
    """Return the result of some work, and the most memory in bytes that a process which did nothing else took.

    If this process is interrupted, the other is ended.

    Args:
        work: A function of a module.
        *args: Of the work; they travel to the process, as its result travels back.
        **kwargs: The same.
    """
    os.environ.update(ONE_THREAD)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        done = pool.submit(_with_peak, partial(work, *args, **kwargs))
        try:
            return done.result()
        except KeyboardInterrupt:
            for process in active_children():
                process.terminate()
            raise


def _with_peak(work: Callable[[], Result]) -> tuple[Result, int]:
    result = work()
    return result, memory_bytes(os.getpid(), peak=True)
