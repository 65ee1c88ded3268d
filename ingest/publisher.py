"""A publisher that loses nothing: QoS 1, a bounded window, and again after every lost connection.

Drives the simulation, the replay and the tests. What was not acknowledged is sent again, the same bytes,
as soon as the broker is back, so a receiver sees every message at least once.
"""

import threading
from collections.abc import Callable, Hashable
from types import TracebackType
from typing import Any, Final, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from core.errors import AnimovError, ConflictError, UnavailableError
from ingest.broker import Broker, parse_broker
from ingest.client import RefusedByBrokerError, connect, make_client

WINDOW: Final = 1000
CONNECT_S: Final = 10.0
RECONNECT_S: Final = (1, 4)
"""Shortest and longest wait before the next attempt to connect."""

_PASSING: Final = frozenset({"Server unavailable", "Server busy"})
"""Refusals that a broker takes back by itself."""


class Publisher:
    """One connection to a broker, fed by one thread at a time.

    Attributes:
        broker: Where the messages go.
        published: Messages handed over so far.
        acknowledged: Messages that the broker has acknowledged so far.
        connected: Whether the broker has taken the connection and it has not been lost since.
    """

    def __init__(
        self,
        url: str | Broker,
        client_id: str,
        *,
        window: int = WINDOW,
        connect_s: float = CONNECT_S,
        on_acknowledged: Callable[[Hashable], None] | None = None,
    ) -> None:
        """Connect.

        Args:
            url: `mqtt://[user[:password]@]host[:port]`.
            client_id: MQTT client id; a second client of the same id takes over.
            window: Most messages that are not yet acknowledged, 1 to 65,535.
            connect_s: Seconds to wait for the broker's answer.
            on_acknowledged: Called with the tag of each acknowledged message, on the network's thread.

        Raises:
            UnavailableError: nobody answers.
            RefusedByBrokerError: the broker says no, for instance to the credentials.
        """
        self.broker = parse_broker(url) if isinstance(url, str) else url
        self.published = 0
        self.acknowledged = 0
        self.connected = False
        self._window = window
        self._on_acknowledged = on_acknowledged
        self._tags: dict[int, Hashable] = {}
        self._overtaken: set[int] = set()  # acknowledged before `publish` learned the packet id
        self._error: AnimovError | None = None
        self._changed = threading.Condition()
        self._client = self._start(client_id)
        self._await_connection(connect_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def unacknowledged(self) -> int:
        """Messages handed over and not yet acknowledged."""
        return self.published - self.acknowledged

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, tag: Hashable = None) -> None:
        """Hand over a message; blocks while the broker is away, and from a full window on until half is acknowledged.

        Raises:
            RefusedByBrokerError: the broker was away and now says no.
            ConflictError: the publisher was closed meanwhile.
        """
        with self._changed:
            self._changed.wait_for(self._may_publish)
            self._raise_error()
            self.published += 1
        packet_id = self._hand_over(topic, payload, retain=retain)
        with self._changed:
            self._tags[packet_id] = tag
            if packet_id in self._overtaken:
                self._overtaken.remove(packet_id)
                self._settle(packet_id)

    def drain(self, timeout_s: float | None = None) -> None:
        """Wait until every message is acknowledged.

        Raises:
            UnavailableError: some are not, after `timeout_s` seconds.
            RefusedByBrokerError: the broker was away and now says no.
        """
        with self._changed:
            done = self._changed.wait_for(lambda: self._error or not self.unacknowledged, timeout_s)
            self._raise_error()
            if not done:
                raise UnavailableError(
                    f"{self.broker} has not acknowledged {self.unacknowledged} messages after {timeout_s:g} s"
                )

    def close(self) -> None:
        """Disconnect at once; what is not acknowledged is given up, and a blocked `publish` ends with an error."""
        self._fail(ConflictError("the publisher is closed"))
        self._client.disconnect()
        self._client.loop_stop()

    def _start(self, client_id: str) -> Client:
        client = make_client(self.broker, client_id)
        client.max_inflight_messages_set(0)  # no limit but our window: paho's own looks at all messages at each PUBACK
        client.reconnect_delay_set(*RECONNECT_S)
        client.on_connect = self._answered
        client.on_disconnect = self._lost
        client.on_publish = self._puback
        connect(client, self.broker)
        client.loop_start()
        return client

    def _await_connection(self, timeout_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._error or self.connected, timeout_s)
            error, connected = self._error, self.connected
        if not connected:
            self.close()
            raise error or UnavailableError(f"{self.broker} has not accepted the connection after {timeout_s:g} s")

    def _may_publish(self) -> bool:
        return self._error is not None or (self.connected and self.unacknowledged < self._window)

    def _raise_error(self) -> None:
        if self._error:
            raise self._error

    def _hand_over(self, topic: str, payload: bytes, *, retain: bool) -> int:
        while True:
            info = self._client.publish(topic, payload, qos=1, retain=retain)
            if info.rc != MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:  # that packet id is still in use: the next one
                return info.mid

    def _settle(self, packet_id: int) -> None:
        tag = self._tags.pop(packet_id)
        self.acknowledged += 1
        if self._on_acknowledged:
            self._on_acknowledged(tag)
        if self.unacknowledged <= self._window // 2:  # not at every PUBACK: waking a thread costs more than it does
            self._changed.notify_all()

    def _fail(self, error: AnimovError) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    def _answered(self, client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if not reason.is_failure:
            with self._changed:
                self.connected = True
                self._changed.notify_all()
        elif str(reason) not in _PASSING:
            self._fail(RefusedByBrokerError(self.broker, str(reason)))
            client.disconnect()

    def _lost(self, _client: Client, _data: Any, _flags: Any, _reason: ReasonCode, _properties: Any) -> None:
        self.connected = False

    def _puback(self, _client: Client, _data: Any, packet_id: int, _reason: ReasonCode, _properties: Any) -> None:
        with self._changed:
            if packet_id in self._tags:
                self._settle(packet_id)
            else:
                self._overtaken.add(packet_id)
