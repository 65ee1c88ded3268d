"""One client's conversation, from CONNECT to its end, as bytes in and bytes out; no sockets here."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Final, Protocol
from uuid import uuid4

from core.logs import get_logger
from ingest.mqtt.access import Principal
from ingest.mqtt.acknowledgements import Acknowledgements, Debt
from ingest.mqtt.connect import Connect, connack, read_connect, read_version
from ingest.mqtt.packets import (
    FLAGS,
    PINGRESP,
    PUBACK,
    PUBCOMP,
    PUBREC,
    Kind,
    Publish,
    acknowledgement,
    disconnect,
    frame,
    read_disconnect,
    read_publish,
    read_pubrel,
    read_subscribe,
    read_unsubscribe,
    suback,
    unsuback,
)
from ingest.mqtt.properties import Property
from ingest.mqtt.publishes import Found, read_publishes
from ingest.mqtt.reasons import V3, V5, Reason, RefusedError, malformed, violation
from ingest.mqtt.sessions import KEPT_S, Session
from ingest.mqtt.shared import Shared
from ingest.mqtt.wire import Reader, string

log = get_logger(__name__)

CONNECT_BYTES: Final = 131_072
"""Largest CONNECT; before it nobody is known, so nobody gets more memory."""

_KNOWN_TOPICS: Final = 4096
_NOT_SERVED: Final = "this endpoint takes messages and serves no subscriptions"


class State(Enum):
    """How far a conversation has come."""

    NEW = auto()
    ASKING = auto()  # whether the client may come in
    OPEN = auto()
    ENDED = auto()


class Link(Protocol):
    """The connection below a conversation."""

    def send(self, packets: bytes) -> None:
        """Write packets."""
        ...

    def answered(self) -> None:
        """Go on with what was read while the client was being judged."""
        ...

    def finish(self, packets: bytes) -> None:
        """Write last packets and close."""
        ...


class Conversation:
    """Takes what a client sent, in order, and answers.

    Attributes:
        state: How far it has come.
        version: Level of the protocol; 0 until CONNECT has told it.
        needed: Bytes that the packet at the end of the last read has at least.
        keep_alive_s: Longest silence in seconds that the client promised; 0 promises nothing.
        client_id: Empty until the client is let in.
    """

    def __init__(self, shared: Shared, link: Link, address: object) -> None:
        """Begin with a client of whom only the address is known."""
        self.state = State.NEW
        self.version = self.needed = self.keep_alive_s = 0
        self.client_id = ""
        self._address = address
        self._shared, self._link = shared, link
        self._connect: Connect | None = None
        self._principal: Principal | None = None
        self._session = Session("")
        self._asking: asyncio.Task[Principal | None] | None = None
        self._found, self._owed = Found(), Acknowledgements()
        self._known: dict[bytes, str] = {}
        self._forbidden: set[str] = set()
        self._answers: list[bytes] = []
        self._position = self._handed_over = self._received_at = 0

    # -- reading

    def take(self, chunk: bytes, received_at: int) -> int:
        """Handle every complete packet of a read and return the number of bytes that they are.

        Args:
            chunk: What is left of earlier reads, and what came now.
            received_at: Time of receipt, in milliseconds since 1970.
        """
        self._position = self._handed_over = self.needed = 0
        self._received_at = received_at
        try:
            self._read(chunk)
            self._hand_over()
            self._check_receive_maximum()
        except RefusedError as refusal:
            self._hand_over()
            self.refuse(refusal)
        self._send_answers()
        return len(chunk) if self.state is State.ENDED else self._position

    def _read(self, chunk: bytes) -> None:
        limits = self._shared.limits
        while self.state is State.NEW or self.state is State.OPEN:
            if self.state is State.OPEN:
                self._position = read_publishes(
                    chunk, self._position, self._found, room=limits.batch_messages - len(self._found.topics),
                    known=self._known, v5=self.version == V5, largest=limits.max_payload_bytes,
                )  # fmt: skip
                if len(self._found.topics) >= limits.batch_messages:
                    self._hand_over()
                    continue
            elif chunk and chunk[0] != Kind.CONNECT << 4:
                raise violation("the first packet is not CONNECT")
            largest = limits.max_packet_bytes if self.state is State.OPEN else CONNECT_BYTES
            packet = frame(chunk, self._position, largest)
            if isinstance(packet, int):
                self.needed = packet
                break
            self._position = packet.stop
            self._handle(packet.first, chunk[packet.start : packet.stop])

    def _handle(self, first: int, body: bytes) -> None:
        kind, flags = first >> 4, first & 0x0F
        if kind == Kind.PUBLISH:
            self._on_publish(read_publish(flags, body, self.version))
            return
        if kind not in _HANDLERS:
            raise violation(f"a client has no packets of type {kind}")
        if flags != FLAGS[kind]:
            raise malformed(f"the flags of packet type {kind} are {flags:#x}")
        _HANDLERS[kind](self, body)

    # -- messages

    def _on_publish(self, message: Publish) -> None:
        if len(message.payload) > self._shared.limits.max_payload_bytes:
            raise RefusedError(
                Reason.PACKET_TOO_LARGE,
                f"a payload has {len(message.payload)} bytes; {self._shared.limits.max_payload_bytes} are allowed",
            )
        if not self._may_write(message.topic):
            self._forbid(message)
        elif message.qos == 2:
            self._on_publish_once(message)
        else:
            self._found.add(message.topic, message.payload)
            if message.qos:
                self._found.replies.append(acknowledgement(PUBACK, message.packet_id))

    def _on_publish_once(self, message: Publish) -> None:
        if message.packet_id not in self._session.pending | self._session.committed:
            self._session.pending.add(message.packet_id)
            self._found.packet_ids.append(message.packet_id)
            self._found.add(message.topic, message.payload)
        self._found.replies.append(acknowledgement(PUBREC, message.packet_id))

    def _may_write(self, topic: str) -> bool:
        key = string(topic)
        if key in self._known:
            return True
        if topic in self._forbidden or self._principal is None:
            return False
        if len(self._known) + len(self._forbidden) >= _KNOWN_TOPICS:
            self._known.clear()
            self._forbidden.clear()
        if self._principal.may_write(topic):
            self._known[key] = topic
            return True
        return False

    def _forbid(self, message: Publish) -> None:
        detail = f"client {self.client_id!r} may not write to {message.topic!r}"
        if self.version == V3:
            raise RefusedError(Reason.NOT_AUTHORIZED, detail)
        self._shared.counters.refused["not_authorized"] += 1
        if message.topic not in self._forbidden:
            self._forbidden.add(message.topic)
            log.warning("mqtt.forbidden", client=self.client_id, topic=message.topic, address=self._address)
        if message.qos:
            kind = PUBREC if message.qos == 2 else PUBACK
            self._found.replies.append(acknowledgement(kind, message.packet_id, Reason.NOT_AUTHORIZED))

    def _hand_over(self) -> None:
        found, size = self._found, self._position - self._handed_over
        self._handed_over = self._position
        if not (found.topics or found.replies):
            return
        self._found = Found()
        debt = self._owed.owe(found.replies, found.packet_ids)
        settled = partial(self._settle, debt)
        if found.topics:
            self._shared.deliver(found.messages(self._received_at), size, settled)
        else:
            settled()

    def _settle(self, debt: Debt) -> None:
        if self.state is State.ENDED:
            return
        payable = self._owed.settle(debt)
        for paid in payable:
            self._session.committed.update(paid.packet_ids)
            self._session.pending.difference_update(paid.packet_ids)
        self._link.send(b"".join(paid.replies for paid in payable))

    def _check_receive_maximum(self) -> None:
        allowed, owed = self._shared.limits.receive_maximum, self._owed.count + len(self._session.committed)
        if self.version == V5 and owed > allowed:
            raise RefusedError(
                Reason.RECEIVE_MAXIMUM_EXCEEDED, f"{owed} messages are unacknowledged; {allowed} are allowed"
            )

    def _on_pubrel(self, body: bytes) -> None:
        packet_id = read_pubrel(body, self.version)
        if packet_id in self._session.pending or packet_id in self._found.packet_ids:
            raise violation(f"message {packet_id} is released and was not yet received")
        known = packet_id in self._session.committed
        self._session.committed.discard(packet_id)
        reason = Reason.PACKET_ID_NOT_FOUND if self.version == V5 and not known else Reason.SUCCESS
        self._answers.append(acknowledgement(PUBCOMP, packet_id, reason))

    # -- everything else that an open conversation holds

    def _send_answers(self) -> None:
        answers, self._answers = self._answers, []
        if answers and self.state is State.OPEN:
            self._link.send(b"".join(answers))

    def _on_subscribe(self, body: bytes) -> None:
        packet_id, filters = read_subscribe(body, self.version)
        log.info("mqtt.subscription_refused", client=self.client_id, filters=filters, address=self._address)
        self._shared.counters.refused["subscription"] += 1
        codes = bytes((Reason.NOT_SERVED if self.version == V5 else 0x80,)) * len(filters)
        answer = suback(packet_id, self.version, codes, _NOT_SERVED)
        most = self._connect.maximum_packet if self._connect and self._connect.problems else 0
        self._answers.append(answer if len(answer) <= most else suback(packet_id, self.version, codes, ""))

    def _on_unsubscribe(self, body: bytes) -> None:
        packet_id, filters = read_unsubscribe(body, self.version)
        self._answers.append(unsuback(packet_id, self.version, len(filters)))

    def _on_pingreq(self, body: bytes) -> None:
        Reader(body).nothing_left()
        self._answers.append(PINGRESP)

    def _on_disconnect(self, body: bytes) -> None:
        goodbye = read_disconnect(body, self.version)
        if goodbye.expiry_s is not None:
            if goodbye.expiry_s and self._connect and not self._connect.expiry_s:
                raise violation("DISCONNECT gives life to a session that CONNECT had not")
            self._session.expiry_s = min(goodbye.expiry_s, KEPT_S)
        self._hand_over()
        self.leave(with_will=goodbye.with_will)
        self._link.finish(b"")

    # -- beginning

    def _on_connect(self, body: bytes) -> None:
        if self.state is not State.NEW:
            raise violation("CONNECT comes a second time")
        reader = Reader(body)
        self.version = read_version(reader)
        self._connect = connect = read_connect(reader, self.version)
        self.state = State.ASKING
        question = self._shared.authenticate(connect.client_id, connect.user, connect.password)
        self._asking = asyncio.ensure_future(question)
        self._asking.add_done_callback(partial(self._on_answer, connect))

    def _on_answer(self, connect: Connect, asked: "asyncio.Future[Principal | None]") -> None:
        if asked.cancelled():
            return
        if error := asked.exception():
            log.error("mqtt.authentication_failed", client=connect.client_id, exc_info=error)
            self.refuse(RefusedError(Reason.SERVER_UNAVAILABLE, "nobody can tell now who may come in"))
            return
        try:
            if self.state is State.ASKING:
                self._welcome(connect, asked.result())
        except RefusedError as refusal:
            self.refuse(refusal)

    def _welcome(self, connect: Connect, principal: Principal | None) -> None:
        if principal is None:
            raise RefusedError(Reason.BAD_CREDENTIALS, f"client {connect.client_id!r} has no valid credentials")
        if connect.will and not principal.may_write(connect.will.topic):
            raise RefusedError(Reason.NOT_AUTHORIZED, f"client {connect.client_id!r} may not leave its will")
        self.client_id = connect.client_id or f"auto-{uuid4().hex}"
        if earlier := self._shared.present.get(self.client_id):
            earlier.take_over()
        self._principal, self.keep_alive_s = principal, connect.keep_alive_s
        self._session, present = self._shared.sessions.resume(self.client_id, clean=connect.clean)
        self._session.expiry_s = min(connect.expiry_s, KEPT_S)
        self._shared.present[self.client_id] = self
        self.state = State.OPEN
        log.debug("mqtt.connected", client=self.client_id, version=self.version, address=self._address)
        self._link.send(connack(self.version, Reason.SUCCESS, self._announced(connect), present=present))
        self._link.answered()

    def _announced(self, connect: Connect) -> list[tuple[Property, int | str]]:
        limits = self._shared.limits
        announced: list[tuple[Property, int | str]] = [
            (Property.RECEIVE_MAXIMUM, limits.receive_maximum),
            (Property.RETAIN_AVAILABLE, 1),
            (Property.MAXIMUM_PACKET_SIZE, limits.max_packet_bytes),
            (Property.WILDCARD_AVAILABLE, 0),
            (Property.SUBSCRIPTION_ID_AVAILABLE, 0),
            (Property.SHARED_AVAILABLE, 0),
        ]
        if connect.expiry_s > KEPT_S:
            announced.append((Property.SESSION_EXPIRY, KEPT_S))
        if not connect.client_id:
            announced.append((Property.ASSIGNED_CLIENT_ID, self.client_id))
        return announced

    # -- ending

    def take_over(self) -> None:
        """End because another client of the same id has come."""
        self.refuse(RefusedError(Reason.TAKEN_OVER, f"another client {self.client_id!r} has come"))

    def refuse(self, refusal: RefusedError) -> None:
        """Tell the client why its conversation is over, as far as its version can, and end it."""
        if self.state is State.ENDED:
            return
        reason = refusal.reason
        self._shared.counters.refused[reason.name.lower()] += 1
        log.warning(
            "mqtt.refused",
            reason=reason.name.lower(),
            detail=str(refusal),
            client=self.client_id,
            address=self._address,
        )
        last = self._last_packet(reason)
        self.leave(with_will=True)
        self._link.finish(last)

    def _last_packet(self, reason: Reason) -> bytes:
        if self.state is State.OPEN:
            return disconnect(self.version, reason)
        if reason is Reason.UNSUPPORTED_VERSION:
            return connack(V3, reason, [], present=False)
        return connack(self.version, reason, [], present=False) if self.version else b""

    def shut_down(self) -> None:
        """End because the endpoint closes; a will would be untrue, for it is not the client that goes."""
        last = disconnect(self.version, Reason.SHUTTING_DOWN) if self.state is State.OPEN else b""
        self.leave(with_will=False)
        self._link.finish(last)

    def leave(self, *, with_will: bool) -> None:
        """Keep what outlives the connection and forget the rest; what was read is delivered already."""
        state, self.state = self.state, State.ENDED
        if self._asking:
            self._asking.cancel()
        if state is not State.OPEN or self._connect is None:
            return
        for debt in self._owed.cancel():
            self._session.pending.difference_update(debt.packet_ids)
            self._session.committed.update(debt.packet_ids if debt.settled else ())
        del self._shared.present[self.client_id]
        will = self._connect.will if with_will else None
        self._shared.sessions.leave(self._session, will, self._shared.monotonic())
        log.debug("mqtt.disconnected", client=self.client_id, address=self._address)


_HANDLERS: Final[dict[int, Callable[[Conversation, bytes], None]]] = {
    Kind.CONNECT: Conversation._on_connect,  # noqa: SLF001  # its own table
    Kind.PUBREL: Conversation._on_pubrel,  # noqa: SLF001
    Kind.SUBSCRIBE: Conversation._on_subscribe,  # noqa: SLF001
    Kind.UNSUBSCRIBE: Conversation._on_unsubscribe,  # noqa: SLF001
    Kind.PINGREQ: Conversation._on_pingreq,  # noqa: SLF001
    Kind.DISCONNECT: Conversation._on_disconnect,  # noqa: SLF001
}
