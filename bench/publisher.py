"""A publisher that costs next to nothing: packets encoded beforehand, one socket, a window kept by its PUBACKs.

What was not acknowledged when a connection is lost is sent again over the next one, so a receiver sees every message
at least once.
"""

import select
import socket
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from ingest.mqtt.testing import connect, publish

RETRY_S: Final = 0.05
_CHUNK: Final = 65_536
_TICK_S: Final = 0.001
_CONNACK: Final = b"\x20\x02\x00\x00"
_PUBACK: Final = b"\x40\x02"
_IDS: Final = 65_535


class Packets(NamedTuple):
    """Messages as they go over the wire.

    Attributes:
        stream: All PUBLISH packets, QoS 1, one after the other.
        edges: Where each packet begins, and last where the stream ends.
        pubacks: The acknowledgements that belong to them, four bytes each.
    """

    stream: bytes
    edges: list[int]
    pubacks: bytes

    @property
    def messages(self) -> int:
        """How many there are."""
        return len(self.edges) - 1


class Acknowledged(NamedTuple):
    """A moment at which PUBACKs came.

    Attributes:
        at: Seconds on the monotonic clock.
        messages: How many were acknowledged by then, since the beginning.
    """

    at: float
    messages: int


def encode(messages: Iterable[tuple[str, bytes]]) -> Packets:
    """Encode topics and payloads."""
    stream, edges, pubacks = bytearray(), [0], bytearray()
    for number, (topic, payload) in enumerate(messages):
        packet_id = number % _IDS + 1
        stream += publish(topic, payload, qos=1, packet_id=packet_id)
        edges.append(len(stream))
        pubacks += _PUBACK + packet_id.to_bytes(2, "big")
    return Packets(bytes(stream), edges, bytes(pubacks))


class RawPublisher:
    """Publishes packets in order, over as many connections as that takes.

    Attributes:
        sent: Messages handed to the system and not lost with a connection since.
        acknowledged: The first so many messages are acknowledged.
        connections: Times that the endpoint has let us in.
        losses: Unacknowledged messages at each loss of a connection.
        history: When what was acknowledged.
    """

    def __init__(
        self, port: int, packets: Packets, *, window: int, rate: float | None = None, client_id: str = "bench"
    ) -> None:
        """Prepare.

        Args:
            port: Of the endpoint, on 127.0.0.1.
            packets: What to publish.
            window: Most messages that are not acknowledged; less than 65,535.
            rate: Messages a second; `None` is as fast as the window allows.
            client_id: MQTT client id.
        """
        self.sent = self.acknowledged = self.connections = 0
        self.losses: list[int] = []
        self.history: list[Acknowledged] = []
        self.begun_at = 0.0
        self._port, self._packets, self._window, self._rate = port, packets, window, rate
        self._client_id = client_id
        self._given_up = threading.Event()

    @property
    def unacknowledged(self) -> int:
        """Messages handed over and not yet acknowledged."""
        return self.sent - self.acknowledged

    def run(self) -> None:
        """Publish until everything is acknowledged."""
        self.begun_at = time.perf_counter()
        while self.acknowledged < self._packets.messages and not self._given_up.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port)) as opened:
                    self._converse(opened)
            except OSError:
                self._lose()
                self._given_up.wait(RETRY_S)

    def give_up(self) -> None:
        """End `run` at the next loss of a connection, or now if there is none."""
        self._given_up.set()

    def latencies(self) -> list[float]:
        """Return for each message the seconds from when it was due to its PUBACK; for a run at a fixed rate."""
        rate = self._rate or 0.0
        found: list[float] = []
        for at, count in self.history:
            found += [at - self.begun_at - number / rate for number in range(len(found), count)]
        return found

    def _lose(self) -> None:
        if self.unacknowledged:
            self.losses.append(self.unacknowledged)
        self.sent = self.acknowledged

    def _converse(self, opened: socket.socket) -> None:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.sendall(connect(self._client_id))
        if opened.recv(4, socket.MSG_WAITALL) != _CONNACK:
            raise ConnectionError
        self.connections += 1
        opened.setblocking(False)
        read = self._reader(opened)
        stream, edges, count = memoryview(self._packets.stream), self._packets.edges, self._packets.messages
        at = edges[self.sent]
        while self.acknowledged < count and not self._given_up.is_set():
            due = min(self._due(), self.acknowledged + self._window)
            limit = edges[max(due, self.sent)]
            readable, writable, _ = select.select([opened], [opened] if at < limit else [], [], self._patience(due))
            if writable:
                at += opened.send(stream[at : min(limit, at + _CHUNK)])
                self.sent = bisect_right(edges, at) - 1
            if readable:
                self.acknowledged += read()
                self.history.append(Acknowledged(time.perf_counter(), self.acknowledged))

    def _due(self) -> int:
        count = self._packets.messages
        if self._rate is None:
            return count
        return min(int((time.perf_counter() - self.begun_at) * self._rate) + 1, count)

    def _patience(self, due: int) -> float | None:
        return _TICK_S if self._rate is not None and due < self._packets.messages else 0.5

    def _reader(self, opened: socket.socket) -> Callable[[], int]:
        """Return what reads PUBACKs, tells how many came, and holds that they come in the order of the messages."""
        rest = b""

        def read() -> int:
            nonlocal rest
            came = opened.recv(_CHUNK)
            if not came:
                raise ConnectionError
            rest += came
            whole = len(rest) // 4 * 4
            first = 4 * self.acknowledged
            if rest[:whole] != self._packets.pubacks[first : first + whole]:
                raise AssertionError("an answer is not the PUBACK of the next message")
            rest = rest[whole:]
            return whole // 4

        return read
