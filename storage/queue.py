"""The job queue: work that is asked for by name and done by whichever worker is free.

A job may run more than once (a worker dies, a job is swept), so each has its effect exactly once by a key of its own,
such as `forecast_cycle(farm_id, slot)`, and leaves its results in our own tables.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued

from core.logs import get_logger

log = get_logger(__name__)

STALLED_S: Final = 30
"""Seconds without a sign of life after which a worker counts as dead."""

PATIENCE_S: Final = 5.0
"""Seconds to wait for a connection."""

RETRY: Final = RetryStrategy(max_attempts=5, exponential_wait=3)


class Queue:
    """The jobs of one database."""

    def __init__(self, app: App) -> None:
        self._app = app

    def offer(self, name: str, work: Callable[..., None]) -> None:
        """Let this process do jobs of a name; `work` is called in a thread with the job's arguments."""
        self._app.task(name=name, retry=RETRY)(work)

    async def ask(self, name: str, *, key: str, **arguments: Any) -> bool:
        """Ask for a job; false if one with this key is waiting already."""
        try:
            await self._app.configure_task(name, queueing_lock=key).defer_async(**arguments)
        except AlreadyEnqueued:
            return False
        return True

    async def work(self) -> None:
        """Do jobs as they come, one at a time, until cancelled."""
        await self._app.run_worker_async(
            install_signal_handlers=False, delete_jobs="successful", fetch_job_polling_interval=1.0
        )

    async def sweep(self) -> int:
        """Put the jobs of dead workers back into the queue; return how many."""
        stalled = list(await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S))
        for job in stalled:
            await self._app.job_manager.retry_job(job)
            log.warning("job.swept", job=job.task_name, arguments=job.task_kwargs)
        return len(stalled)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Queue]:
    """Open the queue of a database for the time of the block."""
    app = App(connector=PsycopgConnector(conninfo=url, timeout=PATIENCE_S))
    async with app.open_async():
        yield Queue(app)
