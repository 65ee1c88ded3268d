"""One connection to a broker: bytes in, batches out, and their acknowledgements back, in order.

All that one read brings is parsed in one loop and handed over as one batch, and what is owed for it is written at
once. An acknowledgement is for a packet identifier of one connection: when that is lost, what is owed over it is
forgotten, and the broker sends again what it did not get.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, cast

from core.delivery import Batch, Intake
from ingest.mqtt.acknowledgements import Acknowledgements, Debt
from ingest.mqtt.packets import PUBACK, Frame, acknowledgement, frame, read_publish
from ingest.mqtt.publishes import Found, read_publishes
from ingest.mqtt.reasons import V5, Reason, RefusedError, told, violation
from ingest.mqtt.requests import (
    DISCONNECT,
    PINGREQ,
    Answer,
    Request,
    Welcome,
    connect,
    read_connack,
    read_suback,
    refuses,
    subscribe,
)
from ingest.mqtt.wire import string
from ingest.subscription import DROPPED, Account, Subscription

_KNOWN_TOPICS: Final = 200_000
_ANSWER_S: Final = 10.0
_UNANSWERED: Final = "the broker does not answer CONNECT: is this its address, and TLS right for this port?"
_ASKED, _ASKED_DROPPED = 1, 2  # packet identifiers of our two SUBSCRIBEs
_ONLY_NEW: Final = 1 << 4  # retained messages come with a new subscription, not with each connection


class Line(asyncio.Protocol):
    """A protocol of asyncio; made for one connection and of no use after it.

    Args:
        request: What CONNECT asks for.
        subscription: What to subscribe to once we are let in.
        account: Is told what happens.
        intake: Takes batches.
        now_ms: The node's clock, in milliseconds since 1970.

    Attributes:
        held: Messages handed over and not settled.
        ended: Done when the connection is over.
        idle: Set while nothing is held.
    """

    def __init__(
        self,
        request: Request,
        subscription: Subscription,
        account: Account,
        *,
        intake: Intake,
        now_ms: Callable[[], int],
    ) -> None:
        self.held = self._held_bytes = 0
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.idle = asyncio.Event()
        self.idle.set()
        self._request, self._subscription, self._account = request, subscription, account
        self._intake, self._now_ms = intake, now_ms
        self._v5 = request.version == V5
        self._open = self._closing = self._full = self._paused = False
        self._parts: list[bytes] = []
        self._size = self._needed = 0
        self._known: dict[bytes, str] = {}
        self._owed = Acknowledgements()
        self._why = "the broker has gone"
        self._keep_alive_s = float(request.keep_alive_s)
        self._heard_at = self._loop.time()

    # -- asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to be let in."""
        self._transport = cast("asyncio.Transport", transport)
        self._timer = self._loop.call_later(_ANSWER_S, self._end, _UNANSWERED)
        self._transport.write(connect(self._request))

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._heard_at = self._loop.time()
        self._parts.append(data)
        self._size += len(data)
        if self._size >= self._needed:
            self._take()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what is owed; it comes again."""
        self._timer.cancel()
        self._parts.clear()
        self._owed.cancel()
        if self._open:
            self._account.disconnected(str(exc or self._why))
            if not (exc or self._closing):
                self._account.ended_without_a_word(self._loop.time())
        elif not self._closing:
            self._account.failed(f"{exc or self._why}, without an answer to CONNECT: is TLS right for this port?")
        self._closing = True
        if not self.ended.done():
            self.ended.set_result(None)

    # -- the subscriber calls these

    def hush(self) -> None:
        """Take no more; what was taken can still be acknowledged."""
        self._closing = True
        self._transport.pause_reading()

    def leave(self) -> None:
        """Say goodbye; the session stays."""
        self._closing = True
        self._why = "we have left"
        if self._open and not self._transport.is_closing():
            self._transport.write(DISCONNECT)
        self._transport.close()

    # -- reading

    def _take(self) -> None:
        if self._closing:
            return
        chunk = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        found = Found()
        self._needed, self._full = 0, False
        try:
            used = self._read(chunk, found)
        except RefusedError as refusal:
            self._end(f"it does not speak MQTT as we do: {refusal}")
            return
        self._parts = [chunk[used:]] if used < len(chunk) else []
        self._size = len(chunk) - used
        if found.topics:
            self._hand_over(found, used)
        self._steer()

    def _read(self, chunk: bytes, found: Found) -> int:
        position, room = 0, self._room()
        while not self._closing:
            if self._open:
                position = read_publishes(
                    chunk, position, found, room=room - len(found.topics), known=self._known, v5=self._v5,
                    largest=self._request.largest,
                )  # fmt: skip
            packet = frame(chunk, position, self._request.largest)
            if isinstance(packet, int):
                self._needed = packet
                break
            if len(found.topics) >= room and self._must_wait(packet.first):
                self._full = True
                break
            self._handle(packet, chunk[packet.start : packet.stop], found)
            position = packet.stop
        return position

    def _room(self) -> int:
        return 0 if self._has_bytes_enough() else self._subscription.window - self.held

    def _has_bytes_enough(self) -> bool:
        return self._held_bytes >= self._subscription.window_bytes

    def _must_wait(self, first: int) -> bool:
        """Tell of the packet that begins so whether it waits for room: the window is for what is acknowledged."""
        publish, acknowledged = first >> 4 == Answer.PUBLISH, first & 0x06
        return publish and (bool(acknowledged) or self._has_bytes_enough())

    def _handle(self, packet: Frame, body: bytes, found: Found) -> None:
        kind = packet.first >> 4
        if self._open is (kind == Answer.CONNACK):
            raise violation(f"a packet of type {kind} comes out of turn")
        match kind:
            case Answer.PUBLISH:
                self._on_publish(packet.first & 0x0F, body, found)
            case Answer.CONNACK:
                self._on_connack(read_connack(body, self._request.version))
            case Answer.SUBACK:
                self._on_suback(*read_suback(body, self._request.version))
            case Answer.DISCONNECT:
                self._on_disconnect(body[0] if body else 0)
            case Answer.PINGRESP:
                pass
            case _:
                raise violation(f"a broker has no packets of type {kind} for us")

    def _on_publish(self, flags: int, body: bytes, found: Found) -> None:
        message = read_publish(flags, body, self._request.version)
        if message.topic == DROPPED:
            self._account.dropped(int(message.payload))
            return
        if message.qos > 1:
            raise violation(f"a message comes with QoS {message.qos}")
        if len(self._known) >= _KNOWN_TOPICS:
            self._known.clear()
        self._known[string(message.topic)] = message.topic
        found.add(message.topic, message.payload)
        if message.qos:
            found.replies.append(acknowledgement(PUBACK, message.packet_id))

    def _on_connack(self, welcome: Welcome) -> None:
        self._timer.cancel()
        if welcome.reason:
            self._account.not_let_in(told(welcome.reason, self._request.version))
            self._closing = True
            self._transport.abort()
            return
        self._open = True
        if welcome.keep_alive_s is not None:
            self._keep_alive_s = float(welcome.keep_alive_s)
        self._account.connected(kept=welcome.kept)
        asked, version = self._subscription, self._request.version
        only_new = _ONLY_NEW if self._v5 and not asked.group else 0
        self._transport.write(
            subscribe(_ASKED, asked.filters, 1 | only_new, version)
            + subscribe(_ASKED_DROPPED, [DROPPED], only_new, version)
        )
        self._ping_later()

    def _on_suback(self, packet_id: int, codes: list[int]) -> None:
        if packet_id != _ASKED:
            return
        asked = zip(self._subscription.filters, codes, strict=True)
        refused = {topic_filter: told(code, self._request.version) for topic_filter, code in asked if refuses(code)}
        self._account.subscribed(refused)

    def _on_disconnect(self, reason: int) -> None:
        if reason == Reason.TAKEN_OVER:
            self._account.taken_over(self._loop.time())
        self._end(f"it ends the connection: {told(reason, self._request.version)}")

    # -- from hand to hand

    def _hand_over(self, found: Found, size: int) -> None:
        count = len(found.topics)
        debt = self._owed.owe(found.replies, [])
        self.held += count
        self._held_bytes += size
        self.idle.clear()
        self._account.heard(count)
        self._intake(Batch(found.messages(self._now_ms()), partial(self._settle, debt, count, size)))

    def _settle(self, debt: Debt, count: int, size: int) -> None:
        if debt.settled:
            return
        payable = self._owed.settle(debt)
        self.held -= count
        self._held_bytes -= size
        self._account.settled(count)
        if payable and not self._transport.is_closing():
            self._transport.write(b"".join(paid.replies for paid in payable))
        if not self.held:
            self.idle.set()
        if self._paused:
            self._loop.call_soon(self._take)

    def _steer(self) -> None:
        """Read unless a message waits for room; the rest stays in the broker."""
        if self._full is self._paused or self._closing:
            return
        self._paused = self._full
        if self._paused:
            self._transport.pause_reading()
        else:
            self._heard_at = self._loop.time()
            self._transport.resume_reading()

    # -- ending

    def _ping_later(self) -> None:
        if self._keep_alive_s:
            self._timer = self._loop.call_later(self._keep_alive_s / 2, self._ping)

    def _ping(self) -> None:
        silent_s = self._loop.time() - self._heard_at
        if silent_s > 1.5 * self._keep_alive_s and not self._paused:
            self._end(f"the broker is silent for {silent_s:.0f} s")
            return
        self._transport.write(PINGREQ)
        self._ping_later()

    def _end(self, why: str) -> None:
        self._why, self._closing = why, True
        if not self._open:
            self._account.failed(why)
        self._transport.abort()
