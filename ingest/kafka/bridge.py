"""The bridge: takes batches, sends them to Kafka in packs, and settles each when Kafka has all of it.

Kafka has a record when every copy in step has it (`acks=all`); the producer is idempotent, so that what it sends again
by itself is not doubled. What a producer could not bring there before it failed is sent by the next one, maybe again:
the same message twice changes nothing behind. While Kafka is away nothing is settled, so the MQTT side stops by its own
bounds, and the broker or the collars keep what comes.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from core.backoff import next_delay
from core.delivery import Batch, Intake
from core.errors import ConflictError
from core.logs import get_logger
from ingest.kafka.lanes import Lanes, Limits, Pack, Share
from ingest.kafka.silence import Silence
from ingest.kafka.topic import FRAME_BYTES, Found, Topic, clients_of, ensured
from storage.evidence.packs import pack as packed

log = get_logger(__name__)

LINGER_S: Final = 0.05
"""Longest that a message waits for others to share its record, in seconds."""

PATIENCE_S: Final = 120.0
"""For how long Kafka may be silent before that is called an ailment, in seconds."""

_AT_A_TIME: Final = 16  # packs of one partition
_LOOK_S: Final = 10.0
_LEAVE_S: Final = 5.0
_LISTEN_S: Final = 1.0


@dataclass(slots=True)
class BridgeCounts:
    """What a bridge has done since it began.

    Attributes:
        messages: That Kafka has.
        records: That Kafka has.
        bytes: Of these records, before compression.
        refused: Messages too large for Kafka.
        failures: Times that a producer failed and another took its place.
        waiting: Records that Kafka has not acknowledged yet.
        waiting_bytes: Of these, about.
    """

    messages: int = 0
    records: int = 0
    bytes: int = 0
    refused: int = 0
    failures: int = 0
    waiting: int = 0
    waiting_bytes: int = 0


class Bridge:
    """Packs, and what brings them to Kafka; made by `bridging`.

    Args:
        topic: Where the records go.
        found: What the topic has.
        refuse: Takes messages that are too large, one in a batch, which is settled when that is noted.
        patience_s: For how long Kafka may be silent before that is an ailment.

    Attributes:
        counts: What it has done.
        largest_payload: Bytes above which a message is refused.
    """

    def __init__(self, topic: Topic, found: Found, refuse: Intake, patience_s: float = PATIENCE_S) -> None:
        self.counts = BridgeCounts()
        self.largest_payload = found.batch_bytes - FRAME_BYTES
        self._topic, self._found, self._refuse = topic, found, refuse
        self._loop = asyncio.get_running_loop()
        self._patience_s, self._answered_at = patience_s, self._loop.time()
        self._lanes = Lanes(found.partitions, Limits(size=min(Limits().size, self.largest_payload)), self._take_pack)
        self._queues: list[deque[Pack]] = [deque() for _ in range(found.partitions)]
        self._arrived = [asyncio.Event() for _ in self._queues]
        self._linger: asyncio.TimerHandle | None = None

    def intake(self, batch: Batch) -> None:
        """Take a batch; it is settled when Kafka has all its messages, or they are noted as refused."""
        if max(len(message.payload) for message in batch.messages) > self.largest_payload:
            self._take_apart(batch)
            return
        self._lanes.add(batch)
        if self._linger is None:
            self._linger = self._loop.call_later(LINGER_S, self._close_packs)

    def oldest_waiting_s(self) -> float:
        """Return for how long the oldest record has waited for Kafka, in seconds; 0 if none waits."""
        oldest = min((queue[0].closed_at for queue in self._queues if queue), default=None)
        return 0.0 if oldest is None else self._loop.time() - oldest

    def ailments(self) -> Iterator[str]:
        """Yield a sentence for each thing that keeps messages from Kafka."""
        silent_s, waited_s = self._loop.time() - self._answered_at, self.oldest_waiting_s()
        if silent_s > self._patience_s:
            yield f"Kafka at {self._topic.brokers} has not answered for {silent_s:.0f} s"
        if waited_s > self._patience_s:
            yield f"{self.counts.waiting} records wait for Kafka, the oldest for {waited_s:.0f} s"

    async def run(self) -> None:
        """Bring packs to Kafka for ever, with one producer after the other."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            await self._produce()

    async def _listen(self) -> None:
        silence = Silence()
        while True:
            silence.look(self.oldest_waiting_s(), self.counts.waiting, self._loop.time())
            await asyncio.sleep(_LISTEN_S)

    async def _produce(self) -> None:
        delay_s = None
        while True:
            began = self._loop.time()
            try:
                await self._one_producer()
            except* (KafkaError, OSError) as failed:
                self.counts.failures += 1
                delay_s = next_delay(delay_s, self._loop.time() - began)
                reasons = sorted({repr(error) for error in _leaves(failed)})
                log.warning("bridge.producer_failed", reasons=reasons, again_in_s=delay_s, waiting=self.counts.waiting)
            await asyncio.sleep(delay_s or 0)

    def _take_apart(self, batch: Batch) -> None:
        share = Share(batch.settle)
        for message in batch.messages:
            share.hold()
            if len(message.payload) > self.largest_payload:
                self.counts.refused += 1
                self._refuse(Batch([message], share.release))
            else:
                self.intake(Batch([message], share.release))
        share.release()

    def _close_packs(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._lanes.close_all()

    def _take_pack(self, pack: Pack) -> None:
        self.counts.waiting += 1
        self.counts.waiting_bytes += pack.size
        pack.closed_at = self._loop.time()
        self._queues[pack.partition].append(pack)
        self._arrived[pack.partition].set()

    async def _one_producer(self) -> None:
        producer = AIOKafkaProducer(
            **clients_of(self._topic),
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=self._found.batch_bytes,
            max_request_size=self._found.batch_bytes,
        )
        try:
            await producer.start()
            log.info("bridge.connected", brokers=self._topic.brokers, topic=self._topic.name)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._look_for_kafka(producer))
                for partition in range(self._found.partitions):
                    tasks.create_task(self._carry(producer, partition))
        finally:
            with suppress(TimeoutError, KafkaError):  # it would wait for what it can't bring there
                async with asyncio.timeout(_LEAVE_S):
                    await producer.stop()

    async def _look_for_kafka(self, producer: AIOKafkaProducer) -> None:
        """Ask for something small now and then: where no messages come, nothing else tells that Kafka is there."""
        while True:
            if await producer.client.force_metadata_update():
                self._answered_at = self._loop.time()
            await asyncio.sleep(min(_LOOK_S, self._patience_s / 4))

    async def _carry(self, producer: AIOKafkaProducer, partition: int) -> None:
        queue, arrived = self._queues[partition], self._arrived[partition]
        while True:
            await arrived.wait()
            while queue:
                group = list(islice(queue, _AT_A_TIME))
                for pack, size in zip(group, await self._send(producer, group), strict=True):
                    queue.popleft()
                    self._landed(pack, size)
            arrived.clear()

    async def _send(self, producer: AIOKafkaProducer, group: list[Pack]) -> list[int]:
        """Send packs of one partition and return the sizes of their records when Kafka has them all."""
        values = [packed(pack.messages) for pack in group]
        partition = group[0].partition
        sent = [await producer.send(self._topic.name, value, partition=partition) for value in values]
        await asyncio.gather(*sent)
        return [len(value) for value in values]

    def _landed(self, pack: Pack, size: int) -> None:
        counts = self.counts
        counts.messages += len(pack.messages)
        counts.records += 1
        counts.bytes += size
        counts.waiting -= 1
        counts.waiting_bytes -= pack.size
        pack.settle()


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _large_enough(topic: Topic, found: Found) -> Found:
    """Return what was found, if no message that is let in here is too large for it: what is refused is acknowledged."""
    wanted = topic.payload_bytes + FRAME_BYTES
    if found.batch_bytes < wanted:
        raise ConflictError(
            f"the topic {topic.name} has max.message.bytes={found.batch_bytes}, and payloads of "
            f"ANIMOV_MAX_PAYLOAD_BYTES={topic.payload_bytes} need {wanted}: raise the one or lower the other"
        )
    return found


@asynccontextmanager
async def bridging(topic: Topic, refuse: Intake, patience_s: float = PATIENCE_S) -> AsyncIterator[Bridge]:
    """Run a bridge for the time of the block, from when Kafka first answers.

    What is not settled at the end was not acknowledged to anybody: whoever fills the bridge waits for it, or does not.

    Args:
        topic: Where the records go; it is made if it is missing.
        refuse: As in `Bridge`.
        patience_s: As in `Bridge`.

    Raises:
        ConflictError: the topic is there and does not take the largest payload.
        RefusedByKafkaError: Kafka does not let us in, or can't make the topic.
    """
    bridge = Bridge(topic, _large_enough(topic, await ensured(topic)), refuse, patience_s)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(bridge.run(), name="bridge")
        try:
            yield bridge
        finally:
            task.cancel()
