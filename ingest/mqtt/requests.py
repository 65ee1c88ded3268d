"""The packets of a subscriber: those that it writes, and the answers of a broker to them (MQTT 3.1.1 and 5.0)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from ingest.mqtt.packets import Kind
from ingest.mqtt.properties import IN_CONNACK, IN_SUBACK, Property, number, read_properties, write_properties
from ingest.mqtt.reasons import V5
from ingest.mqtt.wire import Reader, packet, string


class Answer(IntEnum):
    """Types of packet that a broker sends to a subscriber of QoS 1, the upper half of the first byte."""

    CONNACK = 2
    PUBLISH = 3
    SUBACK = 9
    PINGRESP = 13
    DISCONNECT = 14


PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"
"""Goodbye; the session stays as CONNECT has asked."""

_REFUSES: Final = 0x80
"""Reason codes from here on say no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What CONNECT asks for; the session is always to be kept.

    Attributes:
        client_id: Name of the session.
        version: Level of the protocol.
        keep_alive_s: Longest silence in seconds that we promise.
        user: And the password; `None` leaves them out.
        password: In clear.
        session_s: Seconds that the broker keeps the session while we are away (MQTT 5.0).
        window: Messages that may be unacknowledged (MQTT 5.0).
        largest: Bytes of a packet that we take (MQTT 5.0).
    """

    client_id: str
    version: int
    keep_alive_s: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    session_s: int
    window: int
    largest: int


def connect(request: Request) -> bytes:
    """Encode CONNECT, without a will and without a clean start."""
    flags = (request.password is not None) << 6 | (request.user is not None) << 7
    body = string("MQTT") + bytes((request.version, flags)) + request.keep_alive_s.to_bytes(2, "big")
    if request.version == V5:
        body += write_properties(
            [
                (Property.SESSION_EXPIRY, request.session_s),
                (Property.RECEIVE_MAXIMUM, min(request.window, 65_535)),
                (Property.MAXIMUM_PACKET_SIZE, request.largest),
            ]
        )
    body += b"".join(string(text) for text in (request.client_id, request.user, request.password) if text is not None)
    return packet(Kind.CONNECT << 4, body)


def subscribe(packet_id: int, filters: Sequence[str], options: int, version: int) -> bytes:
    """Encode SUBSCRIBE; `options` is the byte behind each filter, of which MQTT 3.1.1 knows only the QoS."""
    body = packet_id.to_bytes(2, "big") + (b"\0" if version == V5 else b"")
    return packet(
        Kind.SUBSCRIBE << 4 | 2, body + b"".join(string(topic_filter) + bytes((options,)) for topic_filter in filters)
    )


class Welcome(NamedTuple):
    """What CONNACK says.

    Attributes:
        reason: 0, or why we are not let in: a return code of MQTT 3.1.1 or a reason code of 5.0.
        kept: Whether the broker still has our session.
        keep_alive_s: The longest silence that the broker bears, if it has a wish of its own.
    """

    reason: int
    kept: bool
    keep_alive_s: int | None


def read_connack(body: bytes, version: int) -> Welcome:
    """Read CONNACK."""
    reader = Reader(body)
    flags, reason = reader.number(1), reader.number(1)
    found = read_properties(reader, IN_CONNACK) if version == V5 and reader.left else {}
    wish = number(found, Property.SERVER_KEEP_ALIVE, -1)
    return Welcome(reason, bool(flags & 1), None if wish < 0 else wish)


def read_suback(body: bytes, version: int) -> tuple[int, list[int]]:
    """Read SUBACK: the identifier of its SUBSCRIBE, and one code for each filter."""
    reader = Reader(body)
    packet_id = reader.packet_id()
    if version == V5:
        read_properties(reader, IN_SUBACK)
    return packet_id, list(reader.take(reader.left))


def refuses(code: int) -> bool:
    """Tell whether a code of SUBACK says no."""
    return code >= _REFUSES
