"""What the connections of one endpoint have in common."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from core.delivery import Batch, Intake
from core.readings import Message
from ingest.mqtt.access import Authenticate
from ingest.mqtt.connect import Will
from ingest.mqtt.inbox import Inbox
from ingest.mqtt.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Limits:
    """What one endpoint takes.

    Attributes:
        max_payload_bytes: Largest payload.
        inbox_bytes: Bytes received and not settled above which reading pauses, over all connections.
        inbox_messages: The same in messages.
        connections: Most connections at a time.
        receive_maximum: Messages that a client of MQTT 5.0 may have unacknowledged: it then stops by itself before
            the inbox is full for everybody. A client of MQTT 3.1.1 is not told; TCP stops it when reading pauses.
        batch_messages: Most messages in a batch.
        connect_s: Seconds from the first byte of TCP to a whole CONNECT.
        drain_s: Seconds that closing waits for what was delivered to be settled.
    """

    max_payload_bytes: int = 262_144
    inbox_bytes: int = 33_554_432
    inbox_messages: int = 50_000
    connections: int = 10_000
    receive_maximum: int = 5_000
    batch_messages: int = 500
    connect_s: float = 10
    drain_s: float = 10

    @property
    def max_packet_bytes(self) -> int:
        """Largest packet: the largest payload, and room for topic and properties."""
        return self.max_payload_bytes + 4096


@dataclass(slots=True)
class Counters:
    """What happened since the endpoint began; `refused` and `forbidden` by the name of the reason."""

    accepted: int = 0
    messages: int = 0
    bytes: int = 0
    pauses: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Present(Protocol):
    """A client that is connected under its id."""

    def take_over(self) -> None:
        """Go, because another client of the same id has come."""
        ...


class Shared:
    """The common ground of all connections: limits, the bound on memory, sessions, who is present."""

    def __init__(
        self,
        *,
        limits: Limits,
        intake: Intake,
        authenticate: Authenticate,
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
        inbox_changed: Callable[[], None],
    ) -> None:
        """Begin without clients; `inbox_changed` as in `Inbox`, `monotonic` gives loop time."""
        self.limits = limits
        self.authenticate = authenticate
        self.now_ms = now_ms
        self.monotonic = monotonic
        self.inbox = Inbox(max_messages=limits.inbox_messages, max_bytes=limits.inbox_bytes, changed=inbox_changed)
        self.sessions = Sessions(self._deliver_will)
        self.present: dict[str, Present] = {}
        self.counters = Counters()
        self.closing = False
        self._intake = intake

    def deliver(self, messages: list[Message], size: int, settled: Callable[[], None]) -> None:
        """Count a batch of `size` bytes and hand it over; `settled` is called when it is committed, once."""
        self.counters.messages += len(messages)
        self.counters.bytes += size
        self.inbox.take(len(messages), size)
        self._intake(Batch(messages, _Once(partial(self._settled, len(messages), size, settled))))

    def _settled(self, count: int, size: int, settled: Callable[[], None]) -> None:
        settled()
        self.inbox.give(count, size)

    def _deliver_will(self, will: Will) -> None:
        self.deliver([Message(will.topic, self.now_ms(), will.payload)], len(will.payload), _nothing)


class _Once:
    """A call that does nothing the second time."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] = call

    def __call__(self) -> None:
        call, self._call = self._call, _nothing
        call()


def _nothing() -> None:
    """A message without acknowledgement was committed."""
