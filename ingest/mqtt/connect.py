"""CONNECT, the packet that begins a conversation (MQTT 3.1.1 and 5.0, section 3.1), and CONNACK, its answer."""

from dataclasses import dataclass
from typing import Final

from ingest.mqtt.properties import (
    IN_CONNECT,
    IN_WILL,
    Properties,
    Property,
    number,
    read_properties,
    write_properties,
)
from ingest.mqtt.reasons import RETURN_CODE, V3, V5, Reason, RefusedError, malformed, violation
from ingest.mqtt.topics import publishable
from ingest.mqtt.wire import Reader, packet

_RESERVED, _CLEAN, _WILL, _WILL_QOS, _WILL_RETAIN, _PASSWORD, _USER = 0x01, 0x02, 0x04, 0x18, 0x20, 0x40, 0x80
NO_PACKET_LIMIT: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Will:
    """A message to be delivered when its client goes without a word; `delay_s` seconds after that."""

    topic: str
    payload: bytes
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class Connect:
    """What a client says of itself.

    Attributes:
        version: Level of the protocol, 4 for MQTT 3.1.1 and 5 for 5.0.
        clean: Whether an earlier session is to be forgotten.
        keep_alive_s: Longest silence in seconds that the client promises; 0 promises nothing.
        expiry_s: Seconds that the session is to outlive its connection.
        maximum_packet: Largest packet in bytes that the client takes.
        problems: Whether the client wants reason strings.
    """

    version: int
    client_id: str
    clean: bool
    keep_alive_s: int
    user: str | None
    password: bytes | None
    will: Will | None
    expiry_s: int
    maximum_packet: int
    problems: bool


def read_version(reader: Reader) -> int:
    """Read protocol name and level, the only part of CONNECT that every version shares."""
    name, level = reader.binary(), reader.number(1)
    if name not in {b"MQTT", b"MQIsdp"}:
        raise malformed("the first packet is not an MQTT CONNECT")
    if name == b"MQIsdp" or level not in {V3, V5}:
        raise RefusedError(
            Reason.UNSUPPORTED_VERSION, f"protocol {name.decode()} level {level} is neither 3.1.1 nor 5.0"
        )
    return level


def read_connect(reader: Reader, version: int) -> Connect:
    """Read the rest of CONNECT, after `read_version`."""
    flags, keep_alive_s = _flags(reader.number(1), version), reader.number(2)
    properties = read_properties(reader, IN_CONNECT) if version == V5 else {}
    _refuse_enhanced_authentication(properties)
    client_id = reader.string()
    will = _read_will(reader, version) if flags & _WILL else None
    user = reader.string() if flags & _USER else None
    password = reader.binary() if flags & _PASSWORD else None
    reader.nothing_left()
    clean = bool(flags & _CLEAN)
    if version == V3 and not client_id and not clean:
        raise RefusedError(Reason.CLIENT_ID_NOT_VALID, "an empty client id asks for a session to be kept")
    forever = 0 if clean else 0xFFFF_FFFF
    return Connect(
        version=version,
        client_id=client_id,
        clean=clean,
        keep_alive_s=keep_alive_s,
        user=user,
        password=password,
        will=will,
        expiry_s=number(properties, Property.SESSION_EXPIRY, 0) if version == V5 else forever,
        maximum_packet=number(properties, Property.MAXIMUM_PACKET_SIZE, NO_PACKET_LIMIT),
        problems=bool(number(properties, Property.REQUEST_PROBLEM_INFORMATION, 1)),
    )


def _flags(flags: int, version: int) -> int:
    qos = (flags & _WILL_QOS) >> 3
    if flags & _RESERVED or qos > 2 or (not flags & _WILL and flags & (_WILL_QOS | _WILL_RETAIN)):
        raise malformed(f"the flags of CONNECT are {flags:#04x}")
    if version == V3 and flags & _PASSWORD and not flags & _USER:
        raise malformed("CONNECT has a password and no user")
    return flags


def _refuse_enhanced_authentication(properties: Properties) -> None:
    if Property.AUTHENTICATION_METHOD in properties:
        raise RefusedError(Reason.BAD_AUTHENTICATION_METHOD, "enhanced authentication is not served")
    if Property.AUTHENTICATION_DATA in properties:
        raise violation("CONNECT has authentication data and no method")


def _read_will(reader: Reader, version: int) -> Will:
    properties = read_properties(reader, IN_WILL) if version == V5 else {}
    topic = publishable(reader.string())
    return Will(topic, reader.binary(), number(properties, Property.WILL_DELAY, 0))


def connack(version: int, reason: Reason, properties: list[tuple[Property, int | str]], *, present: bool) -> bytes:
    """Encode CONNACK; for MQTT 3.1.1 a reason without a return code gives no packet at all."""
    if version == V5:
        return packet(0x20, bytes((present, reason)) + write_properties(properties))
    code = RETURN_CODE.get(reason) if reason else 0
    return b"" if code is None else bytes((0x20, 2, present, code))
