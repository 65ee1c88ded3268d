"""The packets after CONNECT (MQTT 3.1.1 and 5.0, section 3): those that come in read, those that go out written."""

from enum import IntEnum
from typing import Final, NamedTuple

from ingest.mqtt.properties import (
    IN_DISCONNECT,
    IN_PUBLISH,
    IN_PUBREL,
    IN_SUBSCRIBE,
    IN_UNSUBSCRIBE,
    Property,
    number,
    read_properties,
    write_properties,
)
from ingest.mqtt.reasons import V5, Reason, RefusedError, malformed, violation
from ingest.mqtt.topics import publishable
from ingest.mqtt.wire import Reader, packet


class Kind(IntEnum):
    """Types of packet that a client may send, the upper half of the first byte."""

    CONNECT = 1
    PUBLISH = 3
    PUBREL = 6
    SUBSCRIBE = 8
    UNSUBSCRIBE = 10
    PINGREQ = 12
    DISCONNECT = 14


PINGRESP: Final = b"\xd0\x00"
PUBACK: Final = b"\x40\x02"
PUBREC: Final = b"\x50\x02"
PUBCOMP: Final = b"\x70\x02"
"""What goes before a packet identifier to say that all is well, in both versions."""

FLAGS: Final[dict[int, int]] = {
    Kind.CONNECT: 0,
    Kind.PUBREL: 2,
    Kind.SUBSCRIBE: 2,
    Kind.UNSUBSCRIBE: 2,
    Kind.PINGREQ: 0,
    Kind.DISCONNECT: 0,
}
"""The lower half of the first byte, where it is fixed."""


class Publish(NamedTuple):
    """A message as its sender put it; `packet_id` is 0 for QoS 0."""

    qos: int
    topic: str
    packet_id: int
    payload: bytes


class Frame(NamedTuple):
    """Where one packet lies in what was read: first byte, start of the body, and its end (exclusive)."""

    first: int
    start: int
    stop: int


def frame(chunk: bytes, position: int, largest: int) -> Frame | int:
    """Find the packet at a position, or tell how many bytes from there on it needs at least.

    Raises:
        RefusedError: its length is malformed, or it is larger than `largest` bytes.
    """
    length = 0
    for count in range(1, 5):
        at = position + count
        if at >= len(chunk):
            return count + 1
        length |= (chunk[at] & 0x7F) << 7 * (count - 1)
        if chunk[at] < 0x80:
            break
    else:
        raise malformed("the length of a packet has more than four bytes")
    stop = at + 1 + length
    if stop - position > largest:
        raise RefusedError(Reason.PACKET_TOO_LARGE, f"a packet has {stop - position} bytes; {largest} are allowed")
    return Frame(chunk[position], at + 1, stop) if stop <= len(chunk) else stop - position


def read_publish(flags: int, body: bytes, version: int) -> Publish:
    """Read PUBLISH whatever it holds; the quick way for the ordinary ones is in `ingest.mqtt.publishes`."""
    reader, qos = Reader(body), flags >> 1 & 3
    if qos == 3 or (flags & 8 and not qos):
        raise malformed(f"the flags of PUBLISH are {flags:#x}")
    topic = reader.string()
    packet_id = reader.packet_id() if qos else 0
    if version == V5 and Property.TOPIC_ALIAS in read_properties(reader, IN_PUBLISH):
        raise RefusedError(Reason.TOPIC_ALIAS_INVALID, "topic aliases are not served")
    return Publish(qos, publishable(topic), packet_id, reader.take(reader.left))


def read_pubrel(body: bytes, version: int) -> int:
    """Read PUBREL and return its packet identifier."""
    reader = Reader(body)
    packet_id = reader.packet_id()
    _read_reason(reader, version, IN_PUBREL)
    return packet_id


class Disconnect(NamedTuple):
    """A client's goodbye; `expiry_s` replaces the session's life in seconds unless it is `None`."""

    with_will: bool
    expiry_s: int | None


def read_disconnect(body: bytes, version: int) -> Disconnect:
    """Read DISCONNECT; only MQTT 5.0 can ask for the will, or change the life of the session, at the end."""
    reason, expiry = _read_reason(Reader(body), version, IN_DISCONNECT)
    return Disconnect(with_will=reason != Reason.SUCCESS, expiry_s=None if expiry < 0 else expiry)


def _read_reason(reader: Reader, version: int, allowed: frozenset[Property]) -> tuple[int, int]:
    reason, expiry = 0, -1
    if version == V5 and reader.left:
        reason = reader.number(1)
        found = read_properties(reader, allowed) if reader.left else {}
        expiry = number(found, Property.SESSION_EXPIRY, -1)
    reader.nothing_left()
    return reason, expiry


def read_subscribe(body: bytes, version: int) -> tuple[int, list[str]]:
    """Read SUBSCRIBE: its packet identifier and the topic filters."""
    reader = Reader(body)
    packet_id = reader.packet_id()
    if version == V5:
        read_properties(reader, IN_SUBSCRIBE)
    filters = []
    while reader.left:
        filters.append(_filter(reader))
        _check_options(reader.number(1), version)
    return packet_id, _some(filters)


def _check_options(options: int, version: int) -> None:
    allowed = 0x3F if version == V5 else 0x03
    if options & ~allowed or options & 3 == 3 or options >> 4 == 3:
        raise malformed(f"the options of a subscription are {options:#04x}")


def read_unsubscribe(body: bytes, version: int) -> tuple[int, list[str]]:
    """Read UNSUBSCRIBE: its packet identifier and the topic filters."""
    reader = Reader(body)
    packet_id = reader.packet_id()
    if version == V5:
        read_properties(reader, IN_UNSUBSCRIBE)
    filters = []
    while reader.left:
        filters.append(_filter(reader))
    return packet_id, _some(filters)


def _filter(reader: Reader) -> str:
    topic_filter = reader.string()
    if not topic_filter:
        raise malformed("a topic filter is empty")
    return topic_filter


def _some(filters: list[str]) -> list[str]:
    if not filters:
        raise violation("a packet names no topic filter")
    return filters


def acknowledgement(kind: bytes, packet_id: int, reason: Reason = Reason.SUCCESS) -> bytes:
    """Encode PUBACK, PUBREC or PUBCOMP; `kind` is one of these constants."""
    identifier = packet_id.to_bytes(2, "big")
    return packet(kind[0], identifier + bytes((reason,))) if reason else kind + identifier


def suback(packet_id: int, version: int, codes: bytes, why: str) -> bytes:
    """Encode SUBACK with one code a filter; MQTT 5.0 may be told why."""
    return packet(0x90, packet_id.to_bytes(2, "big") + _why(version, why) + codes)


def unsuback(packet_id: int, version: int, count: int) -> bytes:
    """Encode UNSUBACK: nobody was subscribed (0x11), which MQTT 3.1.1 does not say."""
    codes = b"\x11" * count if version == V5 else b""
    return packet(0xB0, packet_id.to_bytes(2, "big") + _why(version, "") + codes)


def disconnect(version: int, reason: Reason) -> bytes:
    """Encode DISCONNECT, which a server may send in MQTT 5.0 only."""
    return packet(0xE0, bytes((reason,))) if version == V5 else b""


def _why(version: int, why: str) -> bytes:
    if version != V5:
        return b""
    return write_properties([(Property.REASON_STRING, why)] if why else [])
