"""The other side of the endpoint, for tests: a client's packets, a transport without a socket, an intake that keeps."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from core.delivery import Batch
from core.readings import Message
from ingest.mqtt.access import Authenticate, anyone
from ingest.mqtt.connection import Connection
from ingest.mqtt.endpoint import Endpoint
from ingest.mqtt.packets import Kind, frame
from ingest.mqtt.reasons import V3, V5
from ingest.mqtt.shared import Limits
from ingest.mqtt.wire import packet, string

NOW_MS = 1_790_000_000_000


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds that nobody announces."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.002)


class LastWords(NamedTuple):
    """A will as a client sends it; `properties` are those of MQTT 5.0, encoded and without their length."""

    topic: str
    payload: bytes
    properties: bytes = b""


def connect(
    client_id: str = "c",
    *,
    version: int = V3,
    clean: bool = True,
    keep_alive_s: int = 0,
    user: str | None = None,
    password: bytes | None = None,
    will: LastWords | None = None,
    properties: bytes = b"",
) -> bytes:
    """Encode CONNECT; `properties` are those of MQTT 5.0, encoded and without their length."""
    flags = clean << 1 | (will is not None) << 2 | (password is not None) << 6 | (user is not None) << 7
    body = string("MQTT") + bytes((version, flags)) + keep_alive_s.to_bytes(2, "big")
    body += _sized(properties, version) + string(client_id)
    if will:
        body += _sized(will.properties, version) + string(will.topic) + _binary(will.payload)
    body += b"" if user is None else string(user)
    body += b"" if password is None else _binary(password)
    return packet(Kind.CONNECT << 4, body)


def publish(
    topic: str,
    payload: bytes = b"",
    *,
    qos: int = 0,
    packet_id: int = 1,
    again: bool = False,
    retain: bool = False,
    version: int = V3,
    properties: bytes = b"",
) -> bytes:
    """Encode PUBLISH; `again` is its flag DUP."""
    body = string(topic) + (packet_id.to_bytes(2, "big") if qos else b"") + _sized(properties, version)
    return packet(Kind.PUBLISH << 4 | again << 3 | qos << 1 | retain, body + payload)


def pubrel(packet_id: int) -> bytes:
    """Encode PUBREL."""
    return b"\x62\x02" + packet_id.to_bytes(2, "big")


def _sized(properties: bytes, version: int) -> bytes:
    return bytes((len(properties),)) + properties if version == V5 else b""


def _binary(raw: bytes) -> bytes:
    return len(raw).to_bytes(2, "big") + raw


def split(stream: bytes) -> Iterator[bytes]:
    """Yield the packets of a stream of whole packets."""
    position = 0
    while position < len(stream):
        found = frame(stream, position, len(stream))
        assert not isinstance(found, int), "the endpoint wrote half a packet"  # noqa: S101
        yield stream[position : found.stop]
        position = found.stop


class Ledger:
    """An intake that keeps its batches and settles them at once, or when it is told to."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.batches: list[Batch] = []
        self._at_once = at_once

    def __call__(self, batch: Batch) -> None:
        """Take a batch."""
        self.batches.append(batch)
        if self._at_once:
            batch.settle()

    @property
    def messages(self) -> list[Message]:
        """Everything that was taken, in order."""
        return [message for batch in self.batches for message in batch.messages]

    def settle(self) -> None:
        """Settle every batch in order."""
        for batch in self.batches:
            batch.settle()


class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.paused = self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep what is sent."""
        self.written += data

    def pause_reading(self) -> None:
        """Stop reading."""
        self.paused = True

    def resume_reading(self) -> None:
        """Read again."""
        self.paused = False

    def can_write_eof(self) -> bool:
        """Closing goes by `write_eof`, as over TCP."""
        return True

    def write_eof(self) -> None:
        """End what is sent."""
        self.closed = True

    def close(self) -> None:
        """Close."""
        self.closed = True

    def abort(self) -> None:
        """Close at once."""
        self.closed = True

    def is_closing(self) -> bool:
        """Tell whether nothing more can be sent."""
        return self.closed

    def packets(self) -> list[bytes]:
        """Return what was written since the last call."""
        written, self.written = bytes(self.written), bytearray()
        return list(split(written))


class Client:
    """A client without a socket."""

    def __init__(self, connection: Connection) -> None:
        """Open the connection."""
        self.wire = Wire()
        self.connection = connection
        connection.connection_made(self.wire)

    async def send(self, *reads: bytes) -> list[bytes]:
        """Let the endpoint read these bytes, each in a read of its own or more, and return its answers."""
        for read in reads:
            await self._send(memoryview(read))
        await self._turn()
        return self.wire.packets()

    async def _send(self, left: memoryview) -> None:
        while left and not self.wire.closed:
            await self._turn()
            if self.wire.paused:
                return
            buffer = self.connection.get_buffer(-1)
            count = min(len(buffer), len(left))
            buffer[:count] = left[:count]
            self.connection.buffer_updated(count)
            left = left[count:]

    async def _turn(self) -> None:
        for _ in range(3):  # a task for the question, its callback, and what that calls
            await asyncio.sleep(0)

    def vanish(self) -> None:
        """Lose the connection."""
        self.wire.closed = True
        self.connection.connection_lost(None)


class House:
    """An endpoint without sockets, whose time stands still until it is told."""

    def __init__(
        self,
        ledger: Ledger | None = None,
        *,
        authenticate: Authenticate = anyone,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self.ledger = ledger or Ledger()
        self.seconds = 0.0
        self.endpoint = Endpoint(
            limits=limits,
            intake=self.ledger,
            authenticate=authenticate,
            now_ms=lambda: NOW_MS,
            monotonic=lambda: self.seconds,
        )

    def client(self) -> Client:
        """Return a client that has not sent anything yet."""
        return Client(self.endpoint.connection())

    async def guest(self, packets: bytes | None = None) -> Client:
        """Return a client that was let in."""
        client = self.client()
        await client.send(packets or connect())
        return client

    def pass_time(self, seconds: float) -> None:
        """Let loop time go on, and the endpoint look at what is overdue."""
        self.seconds += seconds
        self.endpoint.sweep(self.seconds)


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut a stream at places in any order; those outside of it do not count."""
    inside = sorted({place for place in places if 0 < place < len(stream)})
    return [stream[a:b] for a, b in zip([0, *inside], [*inside, len(stream)], strict=True)]
