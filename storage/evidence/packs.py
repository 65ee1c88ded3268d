"""Packed records: many raw messages in one Kafka value or one raw pack.

A pack is MessagePack, `[1, [[topic, received_at_ms, payload], ...]]`. The 1 is the version of this layout.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Literal

import msgspec

from core.errors import AnimovError
from core.readings import Message

VERSION: Final = 1

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Literal[1], list[Message]]).decode
_version_of = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw]).decode


class PackError(AnimovError):
    """Bytes that should be a pack are none, or of a version that is not known."""


def pack(messages: Sequence[Message]) -> bytes:
    """Write messages as one record, in their order."""
    return _encode((VERSION, messages))


def unpack(packed: bytes) -> list[Message]:
    """Read back the messages of one record.

    Raises:
        PackError: the bytes are no pack, one of another version, or hold a time of receipt that no calendar has.
    """
    try:
        return _decode(packed)[1]
    except (ValueError, RecursionError) as error:
        raise PackError(_why(packed, error)) from None


def _why(packed: bytes, error: Exception) -> str:
    with suppress(ValueError, RecursionError):
        version = _version_of(packed)[0]
        if version != VERSION:
            return f"this packed record has version {version}, known is {VERSION}"
    return f"this is not a packed record: {error}"
