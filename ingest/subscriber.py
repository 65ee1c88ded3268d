"""The subscriber for an existing broker: paho-mqtt with a persistent session, acknowledging after the commit.

What a broker has acknowledged to a collar can still be lost there, and no subscriber can help it:

- Mosquitto drops what exceeds `max_inflight_messages` (20) and `max_queued_messages` (1000) of a session, although
  it has acknowledged it: set them to 20000 and 1000000 (not 0, which drops QoS 0 in some 2.0 releases). A
  subscriber of MQTT 5.0 widens the first by its Receive Maximum.
- Mosquitto saves sessions every `autosave_interval` (1800 s) and when it ends in order; a power cut loses what
  came since.
- A session that is away for longer than the broker keeps it (`persistent_client_expiration`) is forgotten with
  its queue.

The first kind is seen where the broker publishes its count of dropped messages; the last when a session that should be
there is not. Both are logged.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import Condition
from typing import Any, Final, Literal, NamedTuple

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from core.backoff import next_delay
from core.delivery import Batch, Intake
from core.logs import get_logger
from core.readings import Message
from ingest.broker import Broker
from ingest.mqtt.acknowledgements import Acknowledgements, Debt

log = get_logger(__name__)

TOPICS: Final = ("animov/v1/+/+/+",)
DROPPED: Final = "$SYS/broker/publish/messages/dropped"
"""Where Mosquitto counts what it has thrown away, of all clients, since it began."""

_KEEP_ALIVE_S: Final = 60
_BATCH: Final = 500
_ONLY_NEW: Final = 1  # retained messages come with a new subscription, not with each connection

Version = Literal["3.1.1", "5"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to subscribe to, and how.

    Attributes:
        topics: Topic filters.
        client_id: Name of the session at the broker; each subscriber needs its own, and keeps it.
        group: Share the messages with the other subscribers of this group; `None` takes them all.
        version: Protocol; 5 lets us tell the broker our window.
        window: Messages that the broker may have unacknowledged here. With MQTT 3.1.1 the broker's own limit counts;
            if that is wider, reading stops at this number, and TCP stops the broker.
        session_s: Seconds that the broker is to keep the session while we are away (MQTT 5.0).
        drain_s: Seconds that closing waits for what was delivered to be settled.
    """

    topics: Sequence[str] = TOPICS
    client_id: str = "animov"
    group: str | None = None
    version: Version = "5"
    window: int = 20_000
    session_s: int = 604_800
    drain_s: float = 10

    @property
    def filters(self) -> list[str]:
        """Topic filters as the broker is to see them."""
        return [f"$share/{self.group}/{topic}" if self.group else topic for topic in self.topics]


class SubscriberStatistics(NamedTuple):
    """What a subscriber has seen.

    Attributes:
        attempts: Times that we tried to connect.
        connected: Whether the broker has let us in, and has not gone.
        subscribed: Whether it has also taken our subscription.
        session_kept: Whether it still had our session when it last let us in.
        connections: Times that it has let us in.
        messages: Delivered since the beginning.
        unsettled: Delivered and not yet committed.
        sessions_lost: Times that the broker had forgotten our session, and what it held for us.
        broker_dropped: Messages that the broker has dropped, for any client, since we first asked; `None` until it
            has told, and for ever where it does not count.
        refused: Topic filters that the broker has refused.
    """

    attempts: int = 0
    connected: bool = False
    subscribed: bool = False
    session_kept: bool = False
    connections: int = 0
    messages: int = 0
    unsettled: int = 0
    sessions_lost: int = 0
    broker_dropped: int | None = None
    refused: tuple[str, ...] = ()


class _Arrived(NamedTuple):
    topic: str
    payload: bytes
    packet_id: int  # 0 for QoS 0


class Subscriber:
    """One session at a broker; made by `subscribe`.

    Paho's thread hears; everything else happens in the event loop. `_room` guards what both touch. An acknowledgement
    is for a packet identifier of one connection: sent over a later one it might be taken for that of another message.
    So each connection has a client of its own, and begins when all that came over the last one is settled.
    """

    def __init__(
        self,
        broker: Broker,
        subscription: Subscription,
        *,
        intake: Intake,
        now_ms: Callable[[], int],
        tls: ssl.SSLContext | None,
    ) -> None:
        """Prepare a session in the running event loop; nothing is sent yet."""
        self.statistics = SubscriberStatistics()
        self._broker, self._subscription = broker, subscription
        self._intake, self._now_ms = intake, now_ms
        self._loop = asyncio.get_running_loop()
        self._room = Condition()
        self._asked: int | None = None  # packet identifier of our SUBSCRIBE
        self._arrived: list[_Arrived] = []
        self._held = 0  # arrived and not settled
        self._closing = False
        self._owed = Acknowledgements()
        self._dropped: int | None = None
        self._ended, self._settled = asyncio.Event(), asyncio.Event()
        self._tls = tls
        self._client = self._new_client()

    def _new_client(self) -> Client:
        client = _client(self._broker, self._subscription, self._tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    # -- in the event loop

    async def stay(self) -> None:
        """Connect, and connect again whenever the connection is lost, for ever.

        What was delivered is settled before the next connection: the broker sends it again there if it was not, so
        memory stays bounded by one window.
        """
        delay_s = None
        while True:
            began = self._loop.time()
            await self._live()
            delay_s = next_delay(delay_s, self._loop.time() - began)
            await asyncio.sleep(delay_s)
            await self._until_settled()

    async def close(self) -> None:
        """Take no more, wait until what was delivered is settled, and leave; the session stays."""
        with self._room:
            self._closing = True
            self._room.notify_all()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._subscription.drain_s):
                await self._until_settled()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def _live(self) -> None:
        self._ended.clear()
        self.statistics = self.statistics._replace(attempts=self.statistics.attempts + 1)
        self._client = self._new_client()  # one for each connection: `loop_start` leaves sockets of an earlier one open
        try:
            await asyncio.to_thread(self._client.reconnect)
        except OSError as error:
            log.warning("subscriber.unreachable", broker=str(self._broker), reason=str(error))
            return
        self._client.loop_start()
        await self._ended.wait()
        await asyncio.to_thread(self._client.loop_stop)

    async def _until_settled(self) -> None:
        while self._held:
            self._settled.clear()
            await self._settled.wait()

    def _hand_over(self) -> None:
        with self._room:
            arrived, self._arrived = self._arrived, []
        received_at = self._now_ms()
        for start in range(0, len(arrived), _BATCH):
            self._deliver(arrived[start : start + _BATCH], received_at)

    def _deliver(self, arrived: list[_Arrived], received_at: int) -> None:
        messages = [Message(each.topic, received_at, each.payload) for each in arrived]
        debt = self._owed.owe([], [each.packet_id for each in arrived if each.packet_id])
        seen = self.statistics
        self.statistics = seen._replace(
            messages=seen.messages + len(messages), unsettled=seen.unsettled + len(messages)
        )
        self._intake(Batch(messages, partial(self._settle, debt, len(messages))))

    def _settle(self, debt: Debt, count: int) -> None:
        if debt.settled:
            return
        paid = self._owed.settle(debt)
        with self._room:
            self._held -= count
            self._room.notify_all()
        for packet_id in [packet_id for each in paid for packet_id in each.packet_ids]:
            self._client.ack(packet_id, 1)
        self.statistics = self.statistics._replace(unsettled=self.statistics.unsettled - count)
        self._settled.set()

    def _note_connected(self, *, kept: bool) -> None:
        seen = self.statistics
        lost = seen.connections > 0 and not kept
        self.statistics = seen._replace(
            connected=True, session_kept=kept, connections=seen.connections + 1, sessions_lost=seen.sessions_lost + lost
        )
        log.info("subscriber.connected", broker=str(self._broker), window=self._subscription.window, session_kept=kept)
        if lost:
            log.warning("subscriber.session_lost", broker=str(self._broker), client=self._subscription.client_id)

    def _note_disconnected(self, reason: str) -> None:
        self.statistics = self.statistics._replace(connected=False, subscribed=False)
        log.info("subscriber.disconnected", broker=str(self._broker), reason=reason)
        self._ended.set()

    def _note_subscribed(self, reasons: Sequence[ReasonCode]) -> None:
        asked = zip(self._subscription.filters, reasons, strict=True)
        refused = {topic: str(reason) for topic, reason in asked if reason.is_failure}
        self.statistics = self.statistics._replace(subscribed=not refused, refused=tuple(refused))
        if refused:
            log.error("subscriber.refused", broker=str(self._broker), topics=refused)

    def _note_dropped(self, count: int) -> None:
        before, self._dropped = self._dropped, count
        grown = 0 if before is None else max(count - before, 0)  # a broker that began again counts from 0
        total = (self.statistics.broker_dropped or 0) + grown
        self.statistics = self.statistics._replace(broker_dropped=total)
        if not grown:
            return
        log.warning("subscriber.broker_dropped", broker=str(self._broker), messages=grown, total=total)

    # -- in paho's thread

    def _tell(self, what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(what)

    def _on_connect(
        self, client: Client, _userdata: Any, flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("subscriber.not_let_in", broker=str(self._broker), reason=str(reason))
            return
        _, self._asked = client.subscribe([(topic, self._options(1)) for topic in self._subscription.filters])
        client.subscribe([(DROPPED, self._options(0))])
        self._tell(partial(self._note_connected, kept=flags.session_present))

    def _options(self, qos: int) -> Any:
        if self._subscription.version == "3.1.1":
            return qos
        return SubscribeOptions(qos=qos, retainHandling=0 if self._subscription.group else _ONLY_NEW)

    def _on_subscribe(
        self, _client: Client, _userdata: Any, mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if mid == self._asked:
            self._tell(partial(self._note_subscribed, reasons))

    def _on_disconnect(
        self, _client: Client, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._tell(partial(self._note_disconnected, str(reason)))

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        if message.topic == DROPPED:
            self._tell(partial(self._note_dropped, int(message.payload)))
            return
        with self._room:
            self._room.wait_for(lambda: self._closing or self._held < self._subscription.window)
            if self._closing:
                return
            self._held += 1
            first = not self._arrived
            packet_id = message.mid if message.qos else 0
            self._arrived.append(_Arrived(message.topic, bytes(message.payload), packet_id))
        if first:
            self._tell(self._hand_over)


def _client(broker: Broker, subscription: Subscription, tls: ssl.SSLContext | None) -> Client:
    five = subscription.version == "5"
    client = Client(
        CallbackAPIVersion.VERSION2,
        subscription.client_id,
        clean_session=None if five else False,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        manual_ack=True,
        reconnect_on_failure=False,
    )
    if broker.user is not None:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls:
        client.tls_set_context(tls or ssl.create_default_context())
    if five:
        client.connect_async(
            broker.host, broker.port, _KEEP_ALIVE_S, clean_start=False, properties=_wishes(subscription)
        )
    else:
        client.connect_async(broker.host, broker.port, _KEEP_ALIVE_S)
    return client


def _wishes(subscription: Subscription) -> Properties:
    wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wishes.SessionExpiryInterval = subscription.session_s
    wishes.ReceiveMaximum = min(subscription.window, 65_535)
    return wishes


@asynccontextmanager
async def subscribe(
    broker: Broker,
    subscription: Subscription = Subscription(),
    *,
    intake: Intake,
    now_ms: Callable[[], int],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Subscriber]:
    """Subscribe as long as the block lasts; a broker that is away is waited for.

    Batches are handed to `intake` in this event loop, and are to be settled in it.

    Args:
        broker: Where.
        subscription: What.
        intake: Takes what arrives; it must not block.
        now_ms: The node's clock, in milliseconds since 1970.
        tls: How to judge the broker's certificate; by the system's authorities if not given.
    """
    subscriber = Subscriber(broker, subscription, intake=intake, now_ms=now_ms, tls=tls)
    staying = asyncio.create_task(subscriber.stay(), name="mqtt subscriber")
    try:
        yield subscriber
    finally:
        await subscriber.close()
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)
