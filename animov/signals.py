"""Being told to stop, in an event loop."""

import asyncio
import signal
import sys


async def until_told() -> None:
    """Wait for SIGINT or SIGTERM, in place of being ended by it."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(told.set))
        else:
            loop.add_signal_handler(number, told.set)
    await told.wait()
