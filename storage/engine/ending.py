"""What a thread still works with while its engine ends is closed when the thread is done.

`Engine.dispose` closes the connections that nobody uses. One that somebody uses would be given back to a pool that
nobody knows any more, and would stay open, with a server's process of its own, until the garbage is collected.
"""

from typing import Any

from sqlalchemy import Engine, event


def keep_nothing_after(engine: Engine) -> None:
    """Have connections that come back after the engine was disposed of closed; it opens one for each use from then."""
    pool = engine.pool
    has_ended = False

    def end(_: Engine) -> None:
        nonlocal has_ended
        has_ended = True
        pool.dispose()  # of what came back since the engine did so

    def returned(_: Any, record: Any) -> None:
        if has_ended:
            record.invalidate()

    event.listen(engine, "engine_disposed", end)
    event.listen(engine, "checkin", returned)
