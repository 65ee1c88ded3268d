"""The job queue: work that is asked for by name and done by whichever worker is free.

A job may run more than once (a worker dies, a job is swept), so each has its effect exactly once by a key of its own,
such as `forecast_cycle(farm_id, slot)`, and leaves its results in our own tables. Jobs stand in lanes, and a worker
does those of one lane: what hangs in one holds nothing up in another.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, cast, get_args

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, JobAborted, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.worker import Worker
from psycopg import AsyncConnection, Connection
from psycopg.errors import RaiseException
from psycopg_pool import AsyncConnectionPool

from core.logs import get_logger

log = get_logger(__name__)

STALLED_S: Final = 30
"""Seconds without a sign of life after which a worker counts as dead."""

KEPT_H: Final = 24
"""Hours that a job is kept which came to nothing."""

PATIENCE_S: Final = 5.0
"""Seconds to wait for a connection."""

LOOK_AGAIN_S: Final = 1.0
"""Seconds between two looks for new jobs, and for cancelled ones, should a notification be lost."""

UNTIL_CUT_OFF: Final = "animov_worker"
"""Name of the connection by which a worker learns that the database has ended its connections."""

RETRY: Final = RetryStrategy(max_attempts=5, exponential_wait=3)

Lane = Literal["cycle", "background", "training", "answer"]
"""`cycle` is what people wait for every quarter of an hour, `background` what may hang, `training` takes minutes, for
`answer` somebody waits at this moment."""

LANES: Final[tuple[Lane, ...]] = get_args(Lane)

_CONNECTIONS: Final = 3 * len(LANES)
"""A worker holds one to listen on, and needs others to fetch, to finish and to give signs of life."""

_LANELESS: Final = "default"
"""Where jobs stood before there were lanes; the background does what is left of them."""


class Queue:
    """The jobs of one database."""

    def __init__(self, app: App, url: str) -> None:
        self._app, self._url = app, url

    def offer(self, name: str, work: Callable[..., None]) -> None:
        """Let this process do jobs of a name; `work` is called in a thread with the job's arguments.

        What a job stumbles over because its farm, `farm_id`, was deleted meanwhile is no fault: there is nothing to do.
        """

        def run(**arguments: Any) -> None:
            try:
                work(**arguments)
            except Exception:
                if "farm_id" not in arguments or self._has_farm(arguments["farm_id"]):
                    raise
                log.info("job.farm_gone", job=name, farm=arguments["farm_id"])

        self._app.task(name=name, retry=RETRY)(run)

    def offer_cancellable(self, name: str, work: Callable[..., None]) -> None:
        """Let this process do jobs that can be cancelled: `work` is given `is_cancelled` beside its arguments.

        It asks this now and then; whatever it raises once the answer was true is its end, and it is not tried again.
        """

        def run(context: JobContext, /, **arguments: Any) -> None:
            try:
                work(is_cancelled=context.should_abort, **arguments)
            except Exception as error:
                if context.should_abort():
                    raise JobAborted from error
                raise

        self._app.task(name=name, retry=RETRY, pass_context=True)(run)

    async def ask(
        self,
        name: str,
        /,
        *,
        key: str,
        lane: Lane = "background",
        priority: int = 0,
        alone: bool = False,
        **arguments: Any,
    ) -> bool:
        """Ask for a job; false if one with this key is waiting already.

        Args:
            name: Under which somebody offers it.
            key: Tells it from other jobs.
            lane: Whose worker does it.
            priority: More goes first within a lane; equals go in the order of asking.
            alone: Not while one with this key is under way either.
            **arguments: What it is given.
        """
        if alone and await self._is_under_way(key):
            return False
        deferrer = self._app.configure_task(name, queue=lane, queueing_lock=key, priority=priority)
        try:
            await deferrer.defer_async(**arguments)
        except AlreadyEnqueued:
            return False
        return True

    async def cancel(self, key: str) -> bool:
        """Take the jobs of a key out of the queue, and tell one that is under way to stop; false if there was none."""
        manager = self._app.job_manager
        found = [job.id for job in await manager.list_jobs_async(queueing_lock=key) if job.id is not None]
        return any([await manager.cancel_job_by_id_async(job, abort=True) for job in found])

    async def work(self, lane: Lane) -> None:
        """Do the jobs of a lane as they come, one at a time, until cancelled.

        It also ends, with the error, when the database ends its connections: what a worker could not say of its jobs
        then is never said again, and they would be under way for as long as it lives.
        """
        worker = Worker(
            self._app,
            queues=[lane, _LANELESS] if lane == "background" else [lane],
            name=lane,
            install_signal_handlers=False,
            delete_jobs="successful",
            fetch_job_polling_interval=LOOK_AGAIN_S,
            abort_job_polling_interval=LOOK_AGAIN_S,
        )
        tasks = [asyncio.create_task(worker.run()), asyncio.create_task(self._until_cut_off())]  # type: ignore[no-untyped-call]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Before Python 3.12 a task may lose its cancellation in a library that waits by `asyncio.wait_for`.
            worker.stop()  # type: ignore[no-untyped-call]
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _until_cut_off(self) -> None:
        """Hold a connection until the database ends it, which is an error."""
        async with await AsyncConnection.connect(
            self._url, autocommit=True, application_name=UNTIL_CUT_OFF
        ) as connection:
            async for _ in connection.notifies():
                pass

    async def sweep(self) -> int:
        """Put the jobs of dead workers back into the queue, whatever their lane; return how many."""
        stalled = list(await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S))
        for job in stalled:
            await self._put_back(job)
            log.warning("job.swept", job=job.task_name, arguments=job.task_kwargs)
        return len(stalled)

    async def forget(self) -> None:
        """Delete the jobs that failed or were cancelled a day ago."""
        await self._app.job_manager.delete_old_jobs(
            KEPT_H, include_failed=True, include_cancelled=True, include_aborted=True
        )

    def _has_farm(self, farm_id: int) -> bool:
        with Connection.connect(self._url) as connection:
            query = "SELECT FROM farm WHERE id = %s AND NOT leaving"
            return connection.execute(query, (farm_id,)).fetchone() is not None

    async def _is_under_way(self, key: str) -> bool:
        return bool(list(await self._app.job_manager.list_jobs_async(queueing_lock=key, status=Status.DOING.value)))

    async def _put_back(self, job: Job) -> None:
        manager = self._app.job_manager
        try:
            await manager.retry_job(job)
        except UniqueViolation:  # somebody has asked again meanwhile
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)
        except ConnectorException as error:
            if not isinstance(error.__cause__, RaiseException):
                raise
            log.info("job.not_stalled", job=job.task_name)  # its worker was slow, not dead, and has done it meanwhile


class _Pool(AsyncConnectionPool):
    """Psycopg's, but it never gives a connection to who was cancelled.

    It waits by `asyncio.wait_for`, which before Python 3.12 returns in place of a cancellation that comes in the same
    turn of the loop: a ticker that was told to end went on for ever.
    """

    async def getconn(self, timeout: float | None = None) -> AsyncConnection:  # noqa: ASYNC109 - as psycopg has it
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        asked = task.cancelling()
        connection = await super().getconn(timeout)
        if task.cancelling() > asked:
            await self.putconn(connection)
            raise asyncio.CancelledError
        return connection


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Queue]:
    """Open the queue of a database for the time of the block."""
    connector = PsycopgConnector(
        conninfo=url, timeout=PATIENCE_S, min_size=1, max_size=_CONNECTIONS, pool_factory=_Pool
    )
    app = App(connector=connector)
    async with app.open_async():
        yield Queue(app, url)
