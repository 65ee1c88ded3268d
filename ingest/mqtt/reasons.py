"""Why a packet or a client is refused: MQTT 5.0's reason codes, and what MQTT 3.1.1 says in their place."""

from enum import IntEnum
from typing import Final

from core.errors import AnimovError

V3: Final = 4
V5: Final = 5
"""The levels in CONNECT that stand for MQTT 3.1.1 and 5.0."""


class Reason(IntEnum):
    """The reason codes of MQTT 5.0, section 2.4, that this endpoint sends or understands."""

    SUCCESS = 0x00
    WITH_WILL = 0x04
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    NOT_SERVED = 0x83  # implementation specific error
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    BAD_CREDENTIALS = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    TAKEN_OVER = 0x8E
    TOPIC_NAME_INVALID = 0x90
    PACKET_ID_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    CONNECT_TIMEOUT = 0xA0  # maximum connect time


RETURN_CODE: Final[dict[Reason, int]] = {
    Reason.UNSUPPORTED_VERSION: 1,
    Reason.CLIENT_ID_NOT_VALID: 2,
    Reason.SERVER_UNAVAILABLE: 3,
    Reason.BAD_CREDENTIALS: 5,
    Reason.NOT_AUTHORIZED: 5,
}
"""CONNACK return codes of MQTT 3.1.1, table 3.1; any other reason closes the connection without an answer."""


class RefusedError(AnimovError):
    """A client did something that ends its connection.

    Attributes:
        reason: What MQTT 5.0 calls it.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def malformed(detail: str) -> RefusedError:
    """Return the refusal of bytes that are no MQTT."""
    return RefusedError(Reason.MALFORMED_PACKET, detail)


def violation(detail: str) -> RefusedError:
    """Return the refusal of a well-formed packet that has no place here."""
    return RefusedError(Reason.PROTOCOL_ERROR, detail)


_SAID: Final = {reason.value: reason.name.lower().replace("_", " ") for reason in Reason} | {
    0x80: "unspecified error",
    0x83: "implementation specific error",
    0x89: "server busy",
    0x8A: "banned",
    0x8F: "topic filter invalid",
    0x96: "message rate too high",
    0x97: "quota exceeded",
    0x98: "administrative action",
    0x9C: "use another server",
    0x9D: "server moved",
    0x9E: "shared subscriptions not supported",
    0x9F: "connection rate exceeded",
    0xA2: "wildcard subscriptions not supported",
}
"""What brokers say to a subscriber: ours, and those that only they use."""

_SAID_BEFORE: Final = {
    1: "unsupported version",
    2: "client id not valid",
    3: "server unavailable",
    4: "bad user name or password",
    5: "not authorized",
}
"""The same of MQTT 3.1.1, table 3.1."""


def told(code: int, version: int) -> str:
    """Return what a reason code of MQTT 5.0, or a return code of 3.1.1, stands for.

    >>> told(0x87, V5), told(4, V3), told(0x80, V3), told(0xFF, V5)
    ('not authorized (0x87)', 'bad user name or password (0x04)', 'unspecified error (0x80)', 'reason 0xff')
    """
    name = (_SAID_BEFORE if version == V3 else _SAID).get(code) or _SAID.get(code)
    return f"{name} ({code:#04x})" if name else f"reason {code:#04x}"
