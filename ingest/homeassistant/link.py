"""The connection to the broker of Home Assistant: keeps there what is to be shown, through every loss of it.

Home Assistant subscribes when it starts and is given what the broker keeps. It asks who describes devices to do so
again at its birth message as well, and the will says that the node is away: "Birth and last will messages" of
https://www.home-assistant.io/integrations/mqtt/#birth-and-last-will-messages.
"""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from core.backoff import next_delay
from core.logs import get_logger
from ingest.broker import Broker
from ingest.homeassistant.mirror import Mirror, Retained
from ingest.homeassistant.topics import Topics

log = get_logger(__name__)

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
"""What Home Assistant takes by default for being there and away, of others and of itself."""

WINDOW: Final = 20
"""Messages under way at a time: a birth is not answered by a thousand at once."""

_KEEP_ALIVE_S: Final = 30
_LEAVE_S: Final = 2.0
"""For how long the end waits for the broker to hear of it."""


class Link:
    """A node's presence at a broker; made by `linked`.

    Paho's thread hears; everything else happens in the event loop. Each connection has a client of its own, for what
    one has not got rid of it would send again over the next, behind what is newer.
    """

    def __init__(self, broker: Broker, topics: Topics, tls: ssl.SSLContext | None) -> None:
        """Prepare in the running event loop; nothing is sent yet."""
        self._broker, self._topics, self._tls = broker, topics, tls
        self._loop = asyncio.get_running_loop()
        self._mirror = Mirror()
        self._client: Client | None = None
        self._let_in = False
        self._numbers: dict[int, str] = {}  # topics by the packet identifier of what is under way
        self._ended, self._settled = asyncio.Event(), asyncio.Event()
        self._shown = asyncio.Event()
        self._complaint: tuple[str, str] | None = None
        self._looked_through = False  # all that the broker had kept of ours has come

    def show(self, messages: Mapping[str, bytes], again: Iterable[str] = ()) -> None:
        """Have these kept at the broker and no other of ours, at once or as soon as it is there.

        Args:
            messages: By topic.
            again: Topics of which it is published once more, though it has not changed: else it would expire.
        """
        self._mirror.show({**messages, self._topics.status: ONLINE})
        self._mirror.again(again)
        self._shown.set()
        self._go_on()

    async def settled(self) -> None:
        """Wait until the broker keeps what is shown, and nothing of ours from earlier."""
        await self._settled.wait()

    async def clear(self) -> None:
        """Wait until the broker keeps nothing of ours, neither of now nor from earlier."""
        self._mirror.show({})
        self._shown.set()
        self._go_on()
        await self.settled()

    async def leave(self) -> None:
        """Say that the node is away, if it ever said that it is there, and the broker is there to hear it."""
        if self._let_in and self._mirror.wants(self._topics.status):
            self._mirror.put(Retained(self._topics.status, OFFLINE))
            self._go_on()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_S):
                    await self.settled()

    async def stay(self) -> None:
        """Connect once there is something to show, and again whenever the connection is lost, for ever.

        Not before: what the broker keeps from earlier would be taken for what is not to be shown any longer, and Home
        Assistant would forget what people have made of the entities.
        """
        await self._shown.wait()
        delay_s = None
        while True:
            began = self._loop.time()
            await self._live()
            delay_s = next_delay(delay_s, self._loop.time() - began)
            await asyncio.sleep(delay_s)

    async def _live(self) -> None:
        self._ended.clear()
        client = self._client = self._new_client()
        try:
            await asyncio.to_thread(self._connect, client)
            client.loop_start()
            await self._ended.wait()
        except (OSError, UnicodeError) as error:  # of an address, or of a name that can be none of a machine
            self._complain("homeassistant.unreachable", str(error))
        finally:
            self._client = None
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)

    def _connect(self, client: Client) -> None:
        client.connect(self._broker.host, self._broker.port, _KEEP_ALIVE_S)
        if client is not self._client:  # we have left meanwhile, and a thread can't be called back from connecting
            client.disconnect()

    def _new_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, f"animov-{secrets.token_hex(8)}", reconnect_on_failure=False)
        client.will_set(self._topics.status, OFFLINE, qos=1, retain=True)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _go_on(self) -> None:
        """Publish what is due, as far as there is room."""
        if self._client is not None and self._let_in:
            for topic, payload in self._mirror.next(WINDOW):
                self._numbers[self._client.publish(topic, payload, qos=1, retain=True).mid] = topic
        if self._looked_through and self._mirror.settled:
            self._settled.set()
        else:
            self._settled.clear()

    def _complain(self, event: str, reason: str) -> None:
        """Log what is wrong, once as long as it stays the same: a broker may be away for days."""
        if (event, reason) != self._complaint:
            self._complaint = event, reason
            log.warning(event, broker=str(self._broker), reason=reason)

    # -- in the event loop, of what paho's thread told

    def _begin(self, client: Client) -> None:
        log.info("homeassistant.connected", broker=str(self._broker))
        self._let_in, self._complaint = True, None
        filters = (*self._topics.kept, *sorted(self._topics.births), self._topics.mark)
        client.subscribe([(one, 1) for one in filters])
        client.publish(self._topics.mark, qos=1)  # comes back behind all that was kept
        self._go_on()

    def _end(self, reason: str) -> None:
        self._complain("homeassistant.disconnected" if self._let_in else "homeassistant.not_let_in", reason)
        self._let_in = self._looked_through = False
        self._numbers.clear()
        self._mirror.lost()
        self._go_on()
        self._ended.set()

    def _hear_taken(self, number: int) -> None:
        topic = self._numbers.pop(number, None)
        if topic is not None:
            self._mirror.acknowledged(topic)
            self._go_on()

    def _hear(self, topic: str, payload: bytes, *, is_kept: bool) -> None:
        if topic == self._topics.mark:
            self._looked_through = True
        elif topic in self._topics.births and payload == ONLINE:
            log.info("homeassistant.born", broker=str(self._broker))
            self._mirror.again()
        elif is_kept and self._topics.is_ours(topic):
            self._mirror.found(Retained(topic, payload))
        elif topic == self._topics.status and payload != ONLINE:
            self._mirror.again([topic])  # the will of a connection of ours that the broker has only now given up
        self._go_on()

    # -- in paho's thread

    def _tell(self, client: Client, what: Callable[[], None]) -> None:
        def told() -> None:
            if client is self._client:
                what()

        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(told)

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if not reason.is_failure:
            self._tell(client, partial(self._begin, client))

    def _on_disconnect(self, client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._tell(client, partial(self._end, str(reason)))

    def _on_publish(self, client: Client, _data: Any, number: int, _reason: ReasonCode, _properties: Any) -> None:
        self._tell(client, partial(self._hear_taken, number))

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        told = partial(self._hear, message.topic, bytes(message.payload), is_kept=message.retain)
        self._tell(client, told)


@asynccontextmanager
async def linked(broker: Broker, topics: Topics, tls: ssl.SSLContext | None = None) -> AsyncIterator[Link]:
    """Keep at a broker what is shown, as long as the block lasts; a broker that is away is waited for.

    Args:
        broker: Where.
        topics: Of this node.
        tls: How to judge the broker's certificate; by the system's authorities if not given.
    """
    judged = tls or ssl.create_default_context() if broker.tls else None
    link = Link(broker, topics, judged)
    async with asyncio.TaskGroup() as tasks:
        staying = tasks.create_task(link.stay(), name="homeassistant")
        try:
            yield link
        finally:
            await link.leave()
            staying.cancel()
