"""Membership in a group of workers, by Faust, which this file alone knows.

Faust is asked for membership, assignment and life cycle only. It neither acknowledges nor commits offsets by itself
(`acks=False`), and its streams are passed by: they cost 100 to 200 µs a record, two tasks and two queues, so what one
fetch has brought is handed over whole, partition by partition. Faust fetches in a thread of its own, so members may
change while a fetch waits; what was fetched before then is dropped, and read again from what is committed.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import faust
from faust.transport.consumer import ensure_TP
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP

from core.kafka_login import NOBODY, KafkaLogin

_FETCH_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Which records a worker shares with whom.

    Attributes:
        brokers: Some of the cluster's, `host:port` separated by commas.
        topic: Of packed readings.
        group: Name that all workers of a node have in common.
        open_bytes: Bytes of records taken and not committed above which no more are taken.
        patience_s: How long this worker may stand still.
        session_s: How long Kafka waits for a worker that was killed before others get its partitions.
        login: Who asks.
    """

    brokers: str
    topic: str
    group: str
    open_bytes: int = 33_554_432
    patience_s: float = 120
    session_s: float = 15
    login: KafkaLogin = NOBODY


class Record(Protocol):
    """One record as Kafka's client has it; `timestamp` is when Kafka got it, in milliseconds since 1970."""

    offset: int
    timestamp: int
    value: bytes | None


class Taker(Protocol):
    """What records are handed to; it is told its group before the first come."""

    group: "Group"

    async def room(self) -> None:
        """Wait until more may be taken."""
        ...

    async def take(self, generation: int, partition: int, records: Sequence[Record]) -> None:
        """Take records of a partition, in order.

        Args:
            generation: Of the membership: another one assigns the partitions anew.
            partition: Of all of them.
            records: At least one.
        """
        ...

    def give_up(self, error: BaseException) -> None:
        """End the worker."""
        ...


class Group:
    """The group as one member sees it; made by `joined`."""

    def __init__(self, membership: Membership, app: faust.App) -> None:
        self._topic, self._app = membership.topic, app

    def committed(self, partition: int) -> int:
        """Return the offset where reading a partition began; 0 if Kafka knew of none."""
        return self._consumer._committed_offset.get(TP(self._topic, partition)) or 0  # noqa: SLF001 - told nowhere else

    async def commit(self, offsets: Mapping[int, int]) -> bool:
        """Commit offsets of partitions that are ours now; tell whether Kafka has taken them."""
        at = {TP(self._topic, partition): offset for partition, offset in offsets.items()}
        return bool(await self._consumer._commit(at))  # noqa: SLF001 - the open way goes by Faust's own book

    async def earliest(self, partition: int) -> int:
        """Return the offset of the first record that Kafka still has."""
        at = TP(self._topic, partition)
        return int((await self._consumer.earliest_offsets(at))[at])

    async def ends(self) -> dict[int, int]:
        """Return for each partition of ours the offset that its next record will have.

        Kafka is asked, also by a member without partitions: that it returns tells that Kafka answers.
        """
        mine = {at for at in self._consumer.assignment() if at.topic == self._topic}
        ends = await self._consumer.highwaters(*(mine or {TP(self._topic, 0)}))
        return {at.partition: end or 0 for at, end in ends.items() if at in mine}

    async def ended(self) -> str:
        """Wait until Faust has stopped and return its reason."""
        await self._app.wait_until_stopped()
        return str(self._app.crash_reason or "nobody said why")

    @property
    def _consumer(self) -> Any:
        return self._app.consumer


class _Consumer(Consumer):
    """Faust's, but what a fetch brings goes by no stream."""

    async def _drain_messages(self, fetcher: Any) -> None:
        """Fetch for ever; Faust's fetcher calls this."""
        taker = cast("_Transport", self.transport).taker
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._fetch(taker)
        except asyncio.CancelledError:
            if not fetcher.should_stop:  # an ordinary end, which Faust would call a crash while members change
                raise
        except self.consumer_stopped_errors as error:
            if not self.app.should_stop:
                taker.give_up(error)
        except Exception as error:  # noqa: BLE001 - Faust would fetch on behind the records that failed
            taker.give_up(error)

    async def _fetch(self, taker: Taker) -> None:
        await self._let_members_change()
        generation = self.app.consumer_generation_id
        fetched, _ = await self._wait_next_records(_FETCH_S)
        for at, records in (fetched or {}).items():
            await taker.room()
            if self.should_stop:
                return
            if not self.flow_active or generation != self.app.consumer_generation_id:
                await self._rewind()
                return
            await taker.take(generation, at.partition, records)
            self._read_offset[ensure_TP(at)] = records[-1].offset

    async def _rewind(self) -> None:
        """Read again from what is committed, or from the beginning where nothing is."""
        await self._let_members_change()
        if not self.assignment():
            return
        known = await self.seek_to_committed()
        for at in self.assignment():
            if not known.get(at):  # aiokafka stays where it is then
                await self._seek(at, 0)

    async def _let_members_change(self) -> None:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]


class _Transport(Transport):
    Consumer = _Consumer
    taker: Taker


@asynccontextmanager
async def joined(membership: Membership, taker: Taker) -> AsyncIterator[None]:
    """Be a member for the time of the block, and hand over the records of one's partitions."""
    with tempfile.TemporaryDirectory(prefix="animov-worker-") as folder:
        app = _app(membership, folder)
        app.transport = transport = _Transport(app.conf.broker_consumer, app, loop=app.loop)
        transport.taker = taker
        taker.group = Group(membership, app)
        app.topics.add(app.topic(membership.topic, key_serializer="raw", value_serializer="raw", acks=False))
        app.finalize()
        await app.start()
        try:
            yield
        finally:
            await app.stop()


def _app(membership: Membership, folder: str) -> faust.App:
    return faust.App(
        membership.group,
        broker_credentials=_credentials(membership.login),
        broker=[f"kafka://{broker.strip()}" for broker in membership.brokers.split(",")],
        loop=asyncio.get_running_loop(),
        datadir=folder,
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,
        broker_session_timeout=membership.session_s,
        broker_heartbeat_interval=membership.session_s / 5,
    )


def _credentials(login: KafkaLogin) -> Any:
    if login.user is not None:
        return faust.SASLCredentials(
            username=login.user, password=login.password, ssl_context=login.tls, mechanism=login.mechanism
        )
    return None if login.tls is None else faust.SSLCredentials(context=login.tls)
