"""The keys of a payload's outermost object, and those that are given twice.

Which of the two the device meant is unknown, and decoders take the last without a word.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from ingest.decoding.refusals import refuse

MESSAGEPACK: Final = 0x80
"""A first byte from here on cannot begin a JSON text: it begins a MessagePack map."""

_KEY: Final = re.compile(rb'"\s*:')
_json_fields: Callable[[bytes], dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_msgpack_fields: Callable[[bytes], dict[str, Any]] = msgspec.msgpack.Decoder(dict[str, Any]).decode


def refuse_duplicates(payload: bytes) -> None:
    """Refuse an object in which a key is given twice, or in which any text is no UTF-8."""
    duplicates = _msgpack_duplicates(payload) if payload[0] >= MESSAGEPACK else _json_duplicates(payload)
    if duplicates:
        refuse("malformed", "a key is given twice")


def _json_duplicates(payload: bytes) -> bool:
    payload.decode()
    fields = _json_fields(payload)
    inside = sum(len(_KEY.findall(name.encode())) + len(_KEY.findall(bytes(value))) for name, value in fields.items())
    return len(_KEY.findall(payload)) - inside > len(fields)


def _msgpack_duplicates(payload: bytes) -> bool:
    return _map_length(payload) > len(_msgpack_fields(payload))


def _map_length(payload: bytes) -> int:
    if payload[0] == 0xDE:
        return int.from_bytes(payload[1:3], "big")
    if payload[0] == 0xDF:
        return int.from_bytes(payload[1:5], "big")
    return payload[0] & 0x0F
