"""A worker of the cluster: the group gives it partitions and their records, the runner commits what they say.

An offset is committed to Kafka after the transaction that holds everything before it; `Progress` keeps the book.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from core.delivery import Batch
from core.errors import AnimovError
from core.logs import get_logger
from core.readings import Message
from stream.cluster.group import Group, Membership, Record, joined
from stream.cluster.progress import Progress, Taken
from stream.cluster.records import open_record
from stream.cluster.watchdog import Signs, Watchdog
from stream.runner import Runner

log = get_logger(__name__)

_LOOK_S: Final = 10.0
_ANSWER_S: Final = 60.0  # Kafka's client itself gives up after 90, in many words
_LEAVE_S: Final = 10.0
_COMMIT_PAUSE_S: Final = 0.05
_BATCH: Final = 500  # messages that are settled together


class WorkerError(AnimovError):
    """This worker can't go on; its partitions go to others, or to its next life."""


@dataclass(slots=True)
class WorkerCounts:
    """What a worker has done since it began; `lag` is in records by partition, as last asked."""

    records: int = 0
    messages: int = 0
    offset_commits: int = 0
    lag: Mapping[int, int] = field(default_factory=dict)


class Worker:
    """One member of the group; made by `working`.

    Args:
        membership: Which records.
        runner: Commits what they say; it runs already.
        monotonic: Clock of the watchdog, in seconds.

    Attributes:
        counts: What it has done.
    """

    group: Group

    def __init__(self, membership: Membership, runner: Runner, monotonic: Callable[[], float]) -> None:
        self.counts = WorkerCounts()
        self._membership, self._runner, self._monotonic = membership, runner, monotonic
        self._answered_at = monotonic()
        self._watchdog = Watchdog(membership.patience_s)
        self._progress, self._generation = Progress(), -1
        self._open_bytes = 0
        self._leaving = False
        self._settled, self._advanced = asyncio.Event(), asyncio.Event()
        self._committing = asyncio.Lock()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Work until something fails; to be cancelled.

        Raises:
            WorkerError: Faust gave up, or Kafka does not answer.
            StuckError: nothing was committed for too long.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fail())
            tasks.create_task(self._look_for_the_end())
            tasks.create_task(self._commit_offsets())
            tasks.create_task(self._watch())

    async def room(self) -> None:
        """Wait until more may be taken."""
        while self._leaving or self._open_bytes > self._membership.open_bytes:
            self._settled.clear()
            await self._settled.wait()

    async def take(self, generation: int, partition: int, records: Sequence[Record]) -> None:
        """Take records of a partition, in order.

        Raises:
            WorkerError: one was passed over.
        """
        if generation != self._generation:
            self._progress.forget()
            self._generation = generation
        await self._refuse_gaps(partition, records)
        first, size, messages = records[0].offset, 0, list[Message]()
        for record in records:
            value = record.value or b""
            size += len(value)
            messages += open_record(
                value, topic=self._membership.topic, partition=partition, received_at=record.timestamp
            )
            if len(messages) >= _BATCH or record is records[-1]:
                taken = self._progress.take(partition, first, record.offset + 1)
                self._hand_over(messages, partial(self._settle, taken, size), size)
                first, size, messages = record.offset + 1, 0, []
        self.counts.records += len(records)

    def ailments(self) -> Iterator[str]:
        """Yield a sentence for each thing that keeps records from the database."""
        silent_s = self._monotonic() - self._answered_at
        if silent_s > self._membership.patience_s:
            yield f"Kafka at {self._membership.brokers} has not answered for {silent_s:.0f} s"
        if self._runner.counts.delayed:
            yield "the database does not take what was read; it is tried again"
        elif self._watchdog.still_s > self._membership.patience_s / 4:
            yield f"records wait, and none was committed for {self._watchdog.still_s:.0f} s"

    def give_up(self, error: BaseException) -> None:
        """End the worker."""
        if not self._failed.done():
            self._failed.set_exception(error)

    async def leave(self) -> None:
        """Take no more, and wait a while until what was taken is committed here and there."""
        self._leaving = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                await self._runner.drained()
                await self._commit_safe()

    def _hand_over(self, messages: list[Message], settle: Callable[[], None], size: int) -> None:
        self.counts.messages += len(messages)
        self._open_bytes += size
        if messages:
            self._runner.intake(Batch(messages, settle))
        else:
            settle()

    async def _refuse_gaps(self, partition: int, records: Sequence[Record]) -> None:
        """See to it that no record was passed over but those that Kafka has deleted."""
        expected = self._following(partition)
        first, last = records[0].offset, records[-1].offset
        if first <= expected and last - first < len(records):
            return
        earliest = await self.group.earliest(partition)
        for record in records:
            if record.offset > max(expected, earliest):
                raise WorkerError(f"records {expected} to {record.offset - 1} of {partition} were passed over")
            if record.offset > expected:
                log.warning("worker.records_deleted", partition=partition, first=expected, next=record.offset)
            expected = record.offset + 1

    def _following(self, partition: int) -> int:
        following = self._progress.following(partition)
        return self.group.committed(partition) if following is None else following

    def _settle(self, taken: Taken, size: int) -> None:
        self._open_bytes -= size
        self._progress.settle(taken)
        self._settled.set()
        self._advanced.set()

    async def _commit_offsets(self) -> None:
        while True:
            await self._advanced.wait()
            self._advanced.clear()
            await self._commit_safe()
            await asyncio.sleep(_COMMIT_PAUSE_S)

    async def _commit_safe(self) -> None:
        async with self._committing:  # whoever leaves waits for a commit that is under way
            safe = self._progress.safe()
            if safe:
                self.counts.offset_commits += await self.group.commit(safe)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(min(_LOOK_S, self._membership.patience_s / 4))
            ends = await self._ends()
            self._answered_at = self._monotonic()
            self.counts.lag = lag = {at: max(end - self._following(at), 0) for at, end in ends.items()}
            waiting = self._progress.open + sum(lag.values())
            self._watchdog.look(Signs(waiting, self._progress.advances, self._runner.counts.retries), self._monotonic())

    async def _ends(self) -> Mapping[int, int]:
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await self.group.ends()
        except TimeoutError as silent:
            brokers = self._membership.brokers
            raise WorkerError(f"Kafka at {brokers} has not answered for {_ANSWER_S:g} s; this worker ends") from silent

    async def _look_for_the_end(self) -> None:
        self.give_up(WorkerError(f"the Faust worker has ended: {await self.group.ended()}"))

    async def _fail(self) -> None:
        await self._failed


@asynccontextmanager
async def working(membership: Membership, runner: Runner) -> AsyncIterator[Worker]:
    """Be a member of the group for the time of the block; at the end what was taken is committed.

    Raises:
        BaseExceptionGroup: the worker can't go on, or stands still.
    """
    worker = Worker(membership, runner, asyncio.get_running_loop().time)
    async with joined(membership, worker), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(worker.run(), name="worker")
        try:
            yield worker
            await worker.leave()
        finally:
            task.cancel()
