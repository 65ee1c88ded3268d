"""The kind `status`: a collar's own health; also its last will."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.readings import Status
from ingest.decoding.keys import MESSAGEPACK, refuse_duplicates
from ingest.decoding.refusals import refuse
from ingest.decoding.times import Time, instant

Timed = tuple[Status, int, int]
"""A reading and twice its instant in milliseconds since 1970."""

Volts = Annotated[float, Meta(ge=0, le=10)]
Dbm = Annotated[float, Meta(ge=-200, le=20)]
Firmware = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]


class StatusPayload(msgspec.Struct, gc=False):
    """What a device may send, at least one field of it; `t` is for devices that repeat an older status."""

    online: bool | None = None
    battery_v: Volts | None = None
    rssi_dbm: Dbm | None = None
    firmware: Firmware | None = None
    t: Time | None = None


_json = msgspec.json.Decoder(StatusPayload).decode
_msgpack = msgspec.msgpack.Decoder(StatusPayload).decode


def read_status(payload: bytes, now: int) -> Timed:
    """Decode a payload of the kind `status`; `now` stands in for a time that was not sent."""
    sent = _msgpack(payload) if payload[0] >= MESSAGEPACK else _json(payload)
    refuse_duplicates(payload)
    return _reading_of(sent, now)


def status_from(fields: dict[str, Any], now: int) -> Timed:
    """Read the same shape from fields that a network server or SenML brought; as for `read_status`."""
    return _reading_of(msgspec.convert(fields, StatusPayload), now)


def _reading_of(sent: StatusPayload, now: int) -> Timed:
    if (sent.online, sent.battery_v, sent.rssi_dbm, sent.firmware) == (None, None, None, None):
        refuse("malformed", "a status has at least one of online, battery_v, rssi_dbm and firmware")
    at = now if sent.t is None else instant(sent.t, "t")
    return Status(at, sent.online, _rounded(sent.battery_v), _rounded(sent.rssi_dbm), sent.firmware), at, at


def _rounded(value: float | None) -> float | None:
    """Return millivolts and thousandths of a decibel: the store's single precision refuses what is nearly nothing."""
    return None if value is None else round(value, 3)
