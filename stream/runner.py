"""The in-process runner: takes batches, merges them at once, commits as soon as the last commit is done.

No timer and no state but what is waiting: a batch is settled after the commit that holds all its messages.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from core.clock import WALL
from core.delivery import Batch, Decode
from core.logs import get_logger
from core.readings import CollarName, Message, Rejected
from storage.engine.faults import PoisonFaultError, TransientFaultError, told_apart
from storage.evidence import registry as registries
from storage.evidence import sink
from storage.evidence.flush_minutes import MINUTE_MS, FlushMinute
from storage.evidence.registry import Registry
from storage.evidence.sink import AsyncConnection, Unit
from stream.minutes import noted, over
from stream.units import Ears, Gathering, add, gather, halves, remade

log = get_logger(__name__)

LONGEST_WAIT_S = 5.0
"""Longest pause between two attempts while the database is away."""


@dataclass(slots=True)
class FlushCounts:
    """What a runner has done since it started; seconds are wall time, dropped are messages of deleted farms.

    `delayed` tells that the database could not take what it was last given, which is tried again.
    """

    flushes: int = 0
    messages: int = 0
    rejected: int = 0
    dropped: int = 0
    keys: int = 0
    retries: int = 0
    seconds: float = 0.0
    delayed: bool = False


MakeDecoder = Callable[[Registry], Decode]
"""Builds the decoder for a registry's device aliases."""


class Runner:
    """One connection, one flush at a time, everything in the order of arrival.

    Args:
        url: The database, as the role that may write evidence.
        make_decoder: Called with each registry that is loaded.
        most_keys: Evidence rows above which a unit is closed.
        now_ms: The node's clock, in milliseconds since 1970, for the minutes that are told how long flushes took.
    """

    def __init__(
        self, url: str, make_decoder: MakeDecoder, *, most_keys: int, now_ms: Callable[[], int] = WALL.now_ms
    ) -> None:
        self.counts = FlushCounts()
        self._url = url
        self._make_decoder = make_decoder
        self._most_keys = most_keys
        self._now_ms = now_ms
        self._minutes: list[FlushMinute] = []
        self._ears = Ears(make_decoder(registries.EMPTY))
        self._connection: AsyncConnection | None = None
        self._waiting: list[Gathering] = []
        self._arrived = asyncio.Event()
        self._loaded = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def intake(self, batch: Batch) -> None:
        """Take a batch; it is merged now and committed with the next flush."""
        gather(self._waiting, batch, self._ears, self._most_keys)
        self._idle.clear()
        self._arrived.set()

    async def run(self) -> None:
        """Flush for ever; whatever the database can't do now is tried again, with acknowledgements held back."""
        await self._with_retries(self._reload)
        self._loaded.set()
        while True:
            await self._arrived.wait()
            while self._waiting:
                gathering = self._waiting.pop(0)
                await self._flush(gathering)
                for settle in gathering.settle:
                    settle()
            self._arrived.clear()
            self._idle.set()

    def take_registry(self, registry: Registry) -> None:
        """Listen by another registry from now on; units made with the old one are checked when they are committed."""
        self._ears = Ears(self._make_decoder(registry), registry)

    async def loaded(self) -> None:
        """Wait until the registry is known; before that, messages of devices of a network server are all unmapped."""
        await self._loaded.wait()

    async def drained(self) -> None:
        """Wait until everything that was taken in is committed and settled."""
        await self._idle.wait()

    async def close(self) -> None:
        """Close the connection; `run` must have ended."""
        if self._connection is not None:
            await self._connection.close()

    async def _flush(self, gathering: Gathering) -> None:
        started = time.perf_counter()
        pending = deque([gathering])
        while pending:
            part = pending.popleft()
            try:
                await self._with_retries(partial(self._commit, part))
            except sink.StaleRegistryError:
                await self._with_retries(self._reload)
                pending.appendleft(remade(part.messages, self._ears))
            except PoisonFaultError as error:
                pending.extendleft(reversed(list(self._divided(part, error))))
        self.counts.flushes += 1
        self.counts.messages += len(gathering.messages)
        self.counts.rejected += len(gathering.unit.rejected)
        self.counts.keys += len(gathering.unit.evidence)
        took_s = time.perf_counter() - started
        self.counts.seconds += took_s
        self._minutes = noted(self._minutes, self._minute(), len(gathering.messages), took_s)
        log.debug("flush.committed", messages=len(gathering.messages), keys=len(gathering.unit.evidence))

    async def _commit(self, gathering: Gathering) -> None:
        connection = await self._connected()
        if gathering.unknown:
            await self._meet(connection, gathering)
        unit = gathering.told()
        unit.minutes = over(self._minutes, self._minute())
        await sink.commit(connection, unit)
        self._minutes = [one for one in self._minutes if one not in unit.minutes]
        self.counts.dropped += gathering.dropped

    def _minute(self) -> int:
        return self._now_ms() // MINUTE_MS

    async def _meet(self, connection: AsyncConnection, gathering: Gathering) -> None:
        await self._reload()
        strangers: set[CollarName] = gathering.unknown - self._ears.registry.collars.keys()
        if strangers:
            await registries.create_collars(connection, strangers)
            log.info("collar.first_heard", collars=sorted(map(str, strangers)))
            await self._reload()
        postponed, gathering.postponed, gathering.unknown = gathering.postponed, [], set()
        for message in postponed:
            add(gathering, message, self._ears)

    def _divided(self, part: Gathering, error: PoisonFaultError) -> list[Gathering]:
        if len(part.messages) > 1:
            return [remade(half, self._ears) for half in halves(part.messages)]
        log.warning("message.refused_by_database", error=str(error))
        self.counts.rejected += 1
        return [_refused(part.messages[0], error)]

    async def _reload(self) -> None:
        registry, before = registries.EMPTY, None
        while self._ears is not before:  # if another was taken meanwhile, nobody knows which of the two is older
            before = self._ears
            registry = await registries.load(await self._connected())
        self.take_registry(registry)

    async def _connected(self) -> AsyncConnection:
        if self._connection is None or self._connection.closed:
            self._connection = await sink.connect(self._url)
            log.info("database.connected")
        return self._connection

    async def _with_retries(self, work: Callable[[], Awaitable[None]]) -> None:
        wait = 0.05
        while True:
            try:
                with told_apart():
                    await work()
            except TransientFaultError as error:
                self.counts.retries += 1
                self.counts.delayed = True
                log.warning("flush.delayed", error=str(error), wait_s=wait)
                await self._disconnect()
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
            else:
                self.counts.delayed = False
                return

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _refused(message: Message, error: PoisonFaultError) -> Gathering:
    reason = Rejected("refused_by_database", f"the database refused it, {error}")
    return Gathering(unit=Unit(rejected=[(message, reason)]), messages=[message])


@asynccontextmanager
async def running(runner: Runner) -> AsyncIterator[Runner]:
    """Run a runner in the background; at the end what was taken in is committed before the connection closes.

    Raises:
        BaseExceptionGroup: the runner failed on something that trying again can't cure.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(runner.run(), name="flush")
            try:
                yield runner
                await runner.drained()
            finally:
                task.cancel()
    finally:
        await runner.close()
