"""Being told to stop, in an event loop."""

import asyncio
import signal
import sys


def ended_by_signals() -> asyncio.Event:
    """Return an event of the running loop that SIGINT and SIGTERM set from now on, in place of ending the process.

    Whoever waits for `say_ready` may end the process at once, so this comes before it.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(told.set))
        else:
            loop.add_signal_handler(number, told.set)
    return told
