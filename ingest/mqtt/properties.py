"""The properties of MQTT 5.0 (section 2.2.2): which there are, where they are allowed, how they are coded."""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Final

from ingest.mqtt.reasons import malformed, violation
from ingest.mqtt.wire import Reader, string, varint

Value = int | str | bytes | tuple[str, str]
Properties = dict[int, Value]


class Property(IntEnum):
    """Identifiers of MQTT 5.0, table 2-4."""

    PAYLOAD_FORMAT = 1
    MESSAGE_EXPIRY = 2
    CONTENT_TYPE = 3
    RESPONSE_TOPIC = 8
    CORRELATION_DATA = 9
    SUBSCRIPTION_ID = 11
    SESSION_EXPIRY = 17
    ASSIGNED_CLIENT_ID = 18
    SERVER_KEEP_ALIVE = 19
    AUTHENTICATION_METHOD = 21
    AUTHENTICATION_DATA = 22
    REQUEST_PROBLEM_INFORMATION = 23
    WILL_DELAY = 24
    REQUEST_RESPONSE_INFORMATION = 25
    RESPONSE_INFORMATION = 26
    SERVER_REFERENCE = 28
    REASON_STRING = 31
    RECEIVE_MAXIMUM = 33
    TOPIC_ALIAS_MAXIMUM = 34
    TOPIC_ALIAS = 35
    MAXIMUM_QOS = 36
    RETAIN_AVAILABLE = 37
    USER = 38
    MAXIMUM_PACKET_SIZE = 39
    WILDCARD_AVAILABLE = 40
    SUBSCRIPTION_ID_AVAILABLE = 41
    SHARED_AVAILABLE = 42


P = Property
_MESSAGE = {P.PAYLOAD_FORMAT, P.MESSAGE_EXPIRY, P.CONTENT_TYPE, P.RESPONSE_TOPIC, P.CORRELATION_DATA, P.USER}
IN_CONNECT: Final = frozenset({
    P.SESSION_EXPIRY, P.AUTHENTICATION_METHOD, P.AUTHENTICATION_DATA, P.REQUEST_PROBLEM_INFORMATION,
    P.REQUEST_RESPONSE_INFORMATION, P.RECEIVE_MAXIMUM, P.TOPIC_ALIAS_MAXIMUM, P.USER, P.MAXIMUM_PACKET_SIZE,
})  # fmt: skip
IN_CONNACK: Final = frozenset({
    P.SESSION_EXPIRY, P.ASSIGNED_CLIENT_ID, P.SERVER_KEEP_ALIVE, P.AUTHENTICATION_METHOD, P.AUTHENTICATION_DATA,
    P.RESPONSE_INFORMATION, P.SERVER_REFERENCE, P.REASON_STRING, P.RECEIVE_MAXIMUM, P.TOPIC_ALIAS_MAXIMUM,
    P.MAXIMUM_QOS, P.RETAIN_AVAILABLE, P.USER, P.MAXIMUM_PACKET_SIZE, P.WILDCARD_AVAILABLE, P.SUBSCRIPTION_ID_AVAILABLE,
    P.SHARED_AVAILABLE,
})  # fmt: skip
IN_SUBACK: Final = frozenset({P.REASON_STRING, P.USER})
IN_WILL: Final = frozenset(_MESSAGE | {P.WILL_DELAY})
IN_PUBLISH: Final = frozenset(_MESSAGE | {P.TOPIC_ALIAS})  # a subscription identifier only comes from a server
IN_SUBSCRIBE: Final = frozenset({P.SUBSCRIPTION_ID, P.USER})
IN_UNSUBSCRIBE: Final = frozenset({P.USER})
IN_PUBREL: Final = frozenset({P.REASON_STRING, P.USER})
IN_DISCONNECT: Final = frozenset({P.SESSION_EXPIRY, P.REASON_STRING, P.USER})

_FLAGS = {
    P.PAYLOAD_FORMAT, P.REQUEST_PROBLEM_INFORMATION, P.REQUEST_RESPONSE_INFORMATION, P.MAXIMUM_QOS, P.RETAIN_AVAILABLE,
    P.WILDCARD_AVAILABLE, P.SUBSCRIPTION_ID_AVAILABLE, P.SHARED_AVAILABLE,
}  # fmt: skip
_NEVER_ZERO = {P.SUBSCRIPTION_ID, P.RECEIVE_MAXIMUM, P.MAXIMUM_PACKET_SIZE}
_READ: Final[dict[int, Callable[[Reader], Value]]] = {
    **dict.fromkeys(_FLAGS, lambda reader: reader.number(1)),
    **dict.fromkeys(
        (P.RECEIVE_MAXIMUM, P.TOPIC_ALIAS_MAXIMUM, P.TOPIC_ALIAS, P.SERVER_KEEP_ALIVE), lambda reader: reader.number(2)
    ),
    **dict.fromkeys(
        (P.MESSAGE_EXPIRY, P.SESSION_EXPIRY, P.WILL_DELAY, P.MAXIMUM_PACKET_SIZE), lambda reader: reader.number(4)
    ),
    **dict.fromkeys((P.CORRELATION_DATA, P.AUTHENTICATION_DATA), Reader.binary),
    **dict.fromkeys((P.CONTENT_TYPE, P.RESPONSE_TOPIC, P.AUTHENTICATION_METHOD, P.REASON_STRING), Reader.string),
    P.SUBSCRIPTION_ID: Reader.varint,
    **dict.fromkeys((P.ASSIGNED_CLIENT_ID, P.RESPONSE_INFORMATION, P.SERVER_REFERENCE), Reader.string),
    P.USER: lambda reader: (reader.string(), reader.string()),
}


def read_properties(reader: Reader, allowed: frozenset[Property]) -> Properties:
    """Read the properties at a position; of user properties, which may repeat, the last one is kept."""
    inner = Reader(reader.take(reader.varint()))
    found: Properties = {}
    while inner.left:
        identifier = inner.varint()
        if identifier not in allowed:
            raise malformed(f"property {identifier} is not allowed here")
        if identifier in found and identifier != P.USER:
            raise violation(f"property {identifier} appears twice")
        found[identifier] = _checked(identifier, _READ[identifier](inner))
    return found


def _checked(identifier: int, value: Value) -> Value:
    if (identifier in _NEVER_ZERO and value == 0) or (identifier in _FLAGS and value not in {0, 1}):
        raise violation(f"property {identifier} is {value!r}")
    return value


def number(found: Properties, wanted: Property, default: int) -> int:
    """Return the number of a property, or what its absence means."""
    value = found.get(wanted, default)
    return value if isinstance(value, int) else default


_WIDTH: Final = {
    P.SESSION_EXPIRY: 4,
    P.MAXIMUM_PACKET_SIZE: 4,
    P.RECEIVE_MAXIMUM: 2,
    P.RETAIN_AVAILABLE: 1,
    P.WILDCARD_AVAILABLE: 1,
    P.SUBSCRIPTION_ID_AVAILABLE: 1,
    P.SHARED_AVAILABLE: 1,
}


def write_properties(properties: Iterable[tuple[Property, int | str]]) -> bytes:
    """Encode properties of the kinds that this endpoint sends, with the length before them."""
    encoded = b"".join(
        bytes((key,)) + (string(value) if isinstance(value, str) else value.to_bytes(_WIDTH[key], "big"))
        for key, value in properties
    )
    return varint(len(encoded)) + encoded
