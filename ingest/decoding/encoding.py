"""What our own publishers send: the contract's payloads, in JSON or MessagePack."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from core.readings import Posture

Form = Literal["json", "msgpack"]
Unit = Literal["g", "mg", "m/s2"]

_ENCODE: Final = {"json": msgspec.json.Encoder().encode, "msgpack": msgspec.msgpack.Encoder().encode}


def samples_payload(
    xyz: Sequence[Sequence[float]],
    *,
    t0: int | str | None,
    hz: int | None = None,
    dt_ms: Sequence[int] | None = None,
    unit: Unit = "g",
    seq: int | None = None,
    form: Form = "json",
) -> bytes:
    """Write a batch; `t0` is epoch milliseconds or RFC 3339, and exactly one of `hz` and `dt_ms` is given."""
    fields = {"t0": t0, "hz": hz, "dt_ms": dt_ms, "xyz": xyz, "unit": unit, "seq": seq}
    return _encoded(fields, form)


def event_payload(
    x: float,
    y: float,
    z: float,
    *,
    t: int | str | None,
    unit: Unit = "g",
    seq: int | None = None,
    form: Form = "json",
) -> bytes:
    """Write a single event; `t` is epoch milliseconds or RFC 3339."""
    return _encoded({"t": t, "x": x, "y": y, "z": z, "unit": unit, "seq": seq}, form)


def posture_payload(t0: int | str, t1: int | str, posture: Posture, *, form: Form = "json") -> bytes:
    """Write a span `[t0, t1)` of one posture; times are epoch milliseconds or RFC 3339."""
    return _encoded({"t0": t0, "t1": t1, "posture": str(posture)}, form)


def sums_payload(t0: int | str, t1: int | str, standing_s: int, lying_s: int, *, form: Form = "json") -> bytes:
    """Write the whole seconds counted in `[t0, t1)`; times are epoch milliseconds or RFC 3339."""
    return _encoded({"t0": t0, "t1": t1, "standing_s": standing_s, "lying_s": lying_s}, form)


def status_payload(
    *,
    online: bool | None = None,
    battery_v: float | None = None,
    rssi_dbm: float | None = None,
    firmware: str | None = None,
    form: Form = "json",
) -> bytes:
    """Write a collar's health: volts, dBm; what is None is left out."""
    fields = {"online": online, "battery_v": battery_v, "rssi_dbm": rssi_dbm, "firmware": firmware}
    return _encoded(fields, form)


def _encoded(fields: dict[str, Any], form: Form) -> bytes:
    return _ENCODE[form]({name: value for name, value in fields.items() if value is not None})
