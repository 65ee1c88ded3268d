"""Uplinks of LoRaWAN network servers: The Things Stack v3 and ChirpStack v4.

Both run a payload formatter (codec) of the user, whose result has the fields of our own contract: samples, posture,
sums and status, also several of them at once. The servers' formats are described at
https://www.thethingsindustries.com/docs/integrations/data-formats/ and
https://www.chirpstack.io/docs/chirpstack/integrations/events.html.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from core.readings import Reading
from ingest.decoding import foreign
from ingest.decoding.foreign import Fields
from ingest.decoding.posture import posture_from
from ingest.decoding.refusals import RefusedError, explained, refuse, shortened
from ingest.decoding.samples import samples_from
from ingest.decoding.status import status_from
from ingest.decoding.times import Time, instant

Timed = tuple[Reading, int, int]
"""A reading, its earliest and its latest instant in milliseconds since 1970."""

_AXES: Final = {"x": 0, "y": 0, "z": 0}
_SUMS: Final = {"standing_s": 0, "lying_s": 0}
_STATUS: Final = frozenset({"online", "battery_v", "rssi_dbm", "firmware"})


def read_things_stack(payload: bytes, received_at: int, device: str) -> list[Timed]:
    """Decode an uplink of The Things Stack; fields that are 0, false or empty are omitted there, and filled in.

    The network server's time of receipt stands in for a time that the device did not send.
    """
    message = _object(foreign.read_json(payload))
    ids = foreign.object_at(message, "end_device_ids")
    if ids.get("device_id") != device:
        refuse("malformed", f"device_id is {shortened(ids.get('device_id'))}, the topic says {shortened(device)}")
    uplink = foreign.object_at(message, "uplink_message")
    sent = foreign.object_at(uplink, "decoded_payload", ": has the device an uplink payload formatter?")
    heard_at = uplink.get("received_at", message.get("received_at"))
    return _readings(
        sent, _server_time(heard_at, received_at, "received_at"), uplink.get("f_cnt", 0), "decoded_payload."
    )


def read_chirpstack(payload: bytes, received_at: int, device: str) -> list[Timed]:
    """Decode an uplink event of ChirpStack; its `time` stands in for a time that the device did not send."""
    message = _object(foreign.read_json(payload))
    eui = foreign.object_at(message, "deviceInfo").get("devEui")
    if not isinstance(eui, str) or eui.lower() != device:
        refuse("malformed", f"devEui is {shortened(eui)}, the topic says {shortened(device)}")
    sent = foreign.object_at(message, "object", ": has the device profile a codec?")
    return _readings(sent, _server_time(message.get("time"), received_at, "time"), message.get("fCnt", 0), "object.")


def _readings(sent: Fields, now: int, count: Any, within: str) -> list[Timed]:
    try:
        readings = [read(fields, now) for read, fields in _parts(sent, count)]
    except msgspec.ValidationError as error:
        raise RefusedError(explained(error, sent, within)) from None
    if not readings:
        wanted = "xyz; x, y, z; posture; standing_s, lying_s; online, battery_v, rssi_dbm, firmware"
        refuse("malformed", f"{within[:-1]} has none of the fields {wanted}")
    return readings


def _parts(sent: Fields, count: Any) -> list[tuple[Callable[[Fields, int], Timed], Fields]]:
    parts: list[tuple[Callable[[Fields, int], Timed], Fields]] = []
    if "xyz" in sent or not _AXES.keys().isdisjoint(sent):
        parts.append((samples_from, _samples_part(sent, count)))
    if "posture" in sent or not _SUMS.keys().isdisjoint(sent):
        parts.append((posture_from, {**({} if "posture" in sent else _SUMS), **sent}))
    if not _STATUS.isdisjoint(sent):
        parts.append((status_from, sent))
    return parts


def _samples_part(sent: Fields, count: Any) -> Fields:
    if "xyz" in sent:
        return {"seq": count, **sent}
    event = {name: value for name, value in sent.items() if name != "t0" or "t1" not in sent}  # t0, t1: the posture's
    return {**_AXES, "seq": count, **event}


def _server_time(time: Any, received_at: int, field: str) -> int:
    if time is None:
        return received_at
    try:
        return instant(msgspec.convert(time, Time), field)
    except msgspec.ValidationError as error:
        raise RefusedError(explained(error, time, field)) from None


def _object(content: Any) -> Fields:
    if not isinstance(content, dict):
        refuse("malformed", f"the payload is {shortened(content)}, not an object")
    return content
