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
from functools import partial
from threading import Condition
from typing import Any, Final, NamedTuple

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from core.backoff import next_delay
from core.delivery import Batch, Intake
from core.readings import Message
from ingest.broker import Broker
from ingest.mqtt.acknowledgements import Acknowledgements, Debt
from ingest.subscription import DROPPED, EVERYTHING, Account, SubscriberStatistics, Subscription

_KEEP_ALIVE_S: Final = 60
_BATCH: Final = 500
_ONLY_NEW: Final = 1  # retained messages come with a new subscription, not with each connection


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
        self._broker, self._subscription = broker, subscription
        self._account = Account(broker, subscription)
        self._intake, self._now_ms = intake, now_ms
        self._loop = asyncio.get_running_loop()
        self._room = Condition()
        self._asked: int | None = None  # packet identifier of our SUBSCRIBE
        self._arrived: list[_Arrived] = []
        self._held = self._held_bytes = 0  # arrived and not settled
        self._closing = False
        self._owed = Acknowledgements()
        self._ended, self._settled = asyncio.Event(), asyncio.Event()
        self._tls = tls
        self._client = self._new_client()

    @property
    def statistics(self) -> SubscriberStatistics:
        """What it has seen so far."""
        return self._account.seen

    def _new_client(self) -> Client:
        client = _client(self._broker, self._subscription, self._tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    # -- in the event loop

    async def subscribed(self) -> None:
        """Wait until the broker has taken our subscription for the first time: from then on it keeps what comes."""
        await self._account.taken.wait()

    async def stay(self) -> None:
        """Connect, and connect again whenever the connection is lost, until `close`.

        What was delivered is settled before the next connection: the broker sends it again there if it was not, so
        memory stays bounded by one window.
        """
        delay_s = None
        while not self._closing:
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

    async def _live(self) -> None:
        self._ended.clear()
        self._account.tried()
        client = self._client = self._new_client()  # one for each: `loop_start` leaves an earlier one's sockets open
        try:
            await asyncio.to_thread(self._connect, client)
            client.loop_start()
            await self._ended.wait()
        except OSError as error:
            self._account.failed(str(error))
        finally:
            await asyncio.to_thread(client.loop_stop)

    def _connect(self, client: Client) -> None:
        client.reconnect()
        if self._closing:  # a thread can't be called back from connecting
            client.disconnect()

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
        self._account.heard(len(messages))
        size = sum(len(each.payload) for each in arrived)
        self._intake(Batch(messages, partial(self._settle, debt, len(messages), size)))

    def _settle(self, debt: Debt, count: int, size: int) -> None:
        if debt.settled:
            return
        paid = self._owed.settle(debt)
        with self._room:
            self._held -= count
            self._held_bytes -= size
            self._room.notify_all()
        for packet_id in [packet_id for each in paid for packet_id in each.packet_ids]:
            self._client.ack(packet_id, 1)
        self._account.settled(count)
        self._settled.set()

    def _note_disconnected(self, reason: str) -> None:
        self._account.disconnected(reason)
        self._ended.set()

    def _note_subscribed(self, reasons: Sequence[ReasonCode]) -> None:
        asked = zip(self._subscription.filters, reasons, strict=True)
        refused = {topic: str(reason) for topic, reason in asked if reason.is_failure}
        self._account.subscribed(refused)

    # -- in paho's thread

    def _tell(self, what: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(what)

    def _on_connect(
        self, client: Client, _userdata: Any, flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._account.not_let_in(str(reason))
            return
        _, self._asked = client.subscribe([(topic, self._options(1)) for topic in self._subscription.filters])
        client.subscribe([(DROPPED, self._options(0))])
        self._tell(partial(self._account.connected, kept=flags.session_present))

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

    def _has_room(self) -> bool:
        return self._held < self._subscription.window and self._held_bytes < self._subscription.window_bytes

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        if message.topic == DROPPED:
            self._tell(partial(self._account.dropped, int(message.payload)))
            return
        with self._room:
            self._room.wait_for(lambda: self._closing or self._has_room())
            if self._closing:
                return
            self._held += 1
            self._held_bytes += len(message.payload)
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
    subscription: Subscription = EVERYTHING,
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
