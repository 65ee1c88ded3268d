"""SenML (RFC 8428) in JSON: packs of records, resolved into readings of each device.

A record's name is the device's and a quantity, joined by one of `: / . _ -`:

- `x`, `y`, `z`, also `acc_x` and so on: an acceleration in g, or in the record's unit (`g`, `mg`, `m/s2`);
  the three of one device and time are one sample;
- `posture`: a string; it holds until the device's next posture in the pack, the last one for `ut` seconds, or one;
- `standing_s`, `lying_s`: seconds counted in the `span_s` seconds that end at the record's time
  (without `span_s`: in as many as were counted);
- `battery` or `battery_v` in volts, `rssi_dbm`, `online` (boolean), `firmware` (string).

Records of other names are left alone, as the RFC wants, but a pack without any of these is refused.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from ingest.decoding import foreign
from ingest.decoding.lorawan import Timed
from ingest.decoding.posture import posture_from
from ingest.decoding.refusals import RefusedError, explained, refuse, shortened
from ingest.decoding.samples import DAY_MS, samples_from
from ingest.decoding.status import status_from

ABSOLUTE: Final = 2**28
"""Seconds; a time below it is relative to the receipt (RFC 8428, section 4.5.3)."""

VERSION: Final = 10
_FARTHEST_S: Final = 1e13  # bounds what is turned into milliseconds; admission is far narrower

_NAME: Final = re.compile(
    r"(?P<device>.+?)[:/._-]"
    r"(?P<quantity>(?:acc_)?[xyz]|posture|standing_s|lying_s|span_s|battery(?:_v)?|rssi_dbm|online|firmware)"
)
_STATUS: Final = {"battery": "battery_v", "battery_v": "battery_v"} | {n: n for n in ("rssi_dbm", "online", "firmware")}
_SECONDS: Final = ("standing_s", "lying_s", "span_s")

Seconds = Annotated[float, Meta(gt=-_FARTHEST_S, lt=_FARTHEST_S)]


class _Record(msgspec.Struct, gc=False):
    bn: str | None = None
    bt: Seconds | None = None
    bu: str | None = None
    bv: float | None = None
    bver: int | None = None
    n: str = ""
    u: str | None = None
    v: float | None = None
    vs: str | None = None
    vb: bool | None = None
    t: Seconds = 0.0
    ut: Annotated[float, Meta(ge=0, lt=_FARTHEST_S)] | None = None


class Resolved(NamedTuple):
    """A record to which base fields have been applied.

    `at` is milliseconds since 1970, `timed` false if it was counted from the receipt, `holds_s` the update time.
    """

    device: str
    quantity: str
    at: int
    value: float | str | bool | None
    unit: str | None
    holds_s: float | None
    timed: bool


def read_senml(payload: bytes, received_at: int) -> list[tuple[str, Timed]]:
    """Decode a pack; each reading comes with the name of its device."""
    records = list(_resolved(_records(payload), received_at))
    devices = dict.fromkeys(record.device for record in records)
    if not devices:
        refuse("malformed", "no record has a name such as device:x, device:posture or device:standing_s")
    return [
        (device, reading) for device in devices for reading in _readings([r for r in records if r.device == device])
    ]


def _records(payload: bytes) -> list[_Record]:
    pack = foreign.read_json(payload)
    for fields in pack if isinstance(pack, list) else ():
        for label in fields if isinstance(fields, dict) else ():
            if label.endswith("_"):
                refuse("malformed", f"the field {shortened(label)} must be understood, and is not")
    try:
        return msgspec.convert(pack, list[_Record])
    except msgspec.ValidationError as error:
        raise RefusedError(explained(error, pack)) from None


def _resolved(records: list[_Record], received_at: int) -> Iterator[Resolved]:
    base_name, base_time, base_value = "", 0.0, 0.0
    base_unit: str | None = None
    for record in records:
        base_name = base_name if record.bn is None else record.bn
        base_time = base_time if record.bt is None else record.bt
        base_value = base_value if record.bv is None else record.bv
        base_unit = base_unit if record.bu is None else record.bu
        if record.bver is not None and record.bver > VERSION:
            refuse("malformed", f"bver is {shortened(record.bver)}: versions up to {VERSION} are understood")
        named = _NAME.fullmatch(base_name + record.n)
        if named is None:
            continue
        time = base_time + record.t
        at = round(1000 * time) + (0 if time >= ABSOLUTE else received_at)
        unit = base_unit if record.u is None else record.u
        value = _value_of(record, base_value)
        quantity = named["quantity"].removeprefix("acc_")
        yield Resolved(named["device"], quantity, at, value, unit, record.ut, time >= ABSOLUTE)


def _value_of(record: _Record, base_value: float) -> float | str | bool | None:
    if record.vs is not None:
        return record.vs
    if record.vb is not None:
        return record.vb
    return None if record.v is None else base_value + record.v


def _readings(records: list[Resolved]) -> Iterator[Timed]:
    try:
        yield from _samples([record for record in records if record.quantity in "xyz"])
        yield from _spans([record for record in records if record.quantity == "posture"])
        yield from _sums([record for record in records if record.quantity in _SECONDS])
        yield from _statuses([record for record in records if record.quantity in _STATUS])
    except msgspec.ValidationError as error:
        raise RefusedError(explained(error, None, within=f"{records[0].device}: ")) from None


def _samples(records: list[Resolved]) -> Iterator[Timed]:
    if not records:
        return
    t0, device = records[0].at, records[0].device
    rows = _by_time(records)
    for at, row in rows.items():
        if row.keys() != {"x", "y", "z"}:
            missing = " and ".join(sorted({"x", "y", "z"} - row.keys()))
            refuse("malformed", f"{device} has no {missing} at {(at - t0) / 1000:+g} s from its first record")
        if abs(at - t0) > DAY_MS:
            refuse("out_of_range", f"{device} has samples more than a day apart")
    units = {record.unit for record in records}
    if len(units) > 1:
        refuse("malformed", f"{device} has accelerations in several units")
    xyz = [[row["x"], row["y"], row["z"]] for row in rows.values()]
    fields = {"t0": t0, "dt_ms": [at - t0 for at in rows], "xyz": xyz, "unit": units.pop()}
    reading, first, last = samples_from(fields, t0)
    yield reading._replace(timed=all(record.timed for record in records)), first, last


def _spans(records: list[Resolved]) -> Iterator[Timed]:
    ordered = sorted(records, key=lambda record: record.at)
    ends = [record.at for record in ordered[1:]]
    for index, record in enumerate(ordered):
        held = record.at + round(1000 * (record.holds_s or 1.0))
        until = ends[index] if index < len(ends) else held
        until = until if record.holds_s is None else min(until, held)
        yield posture_from({"t0": record.at, "t1": until, "posture": record.value}, record.at)


def _sums(records: list[Resolved]) -> Iterator[Timed]:
    for at, counted in _by_time(records).items():
        span_s = counted.pop("span_s", None)
        span = {} if span_s is None else {"t0": at - round(1000 * span_s)}
        yield posture_from({**span, "t1": at, **{name: _whole(value) for name, value in counted.items()}}, at)


def _statuses(records: list[Resolved]) -> Iterator[Timed]:
    volts = [record for record in records if record.quantity != "battery" or record.unit in {None, "V"}]
    for at, said in _by_time(volts).items():
        yield status_from({"t": at, **{_STATUS[name]: value for name, value in said.items()}}, at)


def _by_time(records: list[Resolved]) -> dict[int, dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for record in records:
        if record.quantity in rows.setdefault(record.at, {}):
            refuse("malformed", f"{record.device} has two values of {record.quantity} at one time")
        rows[record.at][record.quantity] = _finite(record)
    return rows


def _finite(record: Resolved) -> Any:
    numeric = record.quantity in {"x", "y", "z", *_SECONDS}
    if numeric and not (isinstance(record.value, float) and abs(record.value) < _FARTHEST_S):
        refuse("malformed", f"{record.quantity} of {record.device} is {shortened(record.value)}: a number is expected")
    return record.value


def _whole(value: float) -> float:
    return int(value) if value.is_integer() else value
