"""The kind `samples`: a batch of acceleration, or a single event.

Every range is checked by the codec, so there is a type for each unit. The usual payload, in g, is decoded once;
any other is refused by that first type, asked for its unit, and decoded by the type of that unit.

A decoder takes the last of two equal keys without a word. Which one the device meant is unknown, so such a payload
is refused: counting keys is cheap, and only when the count differs from what was found does anybody look closer.
"""

from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NoReturn, cast

import msgspec
from msgspec import Meta

from core.readings import Samples
from ingest.decoding.keys import MESSAGEPACK, refuse_duplicates
from ingest.decoding.refusals import refuse
from ingest.decoding.times import Time, instant

LIMIT_G: Final = 32
"""Greatest acceleration along an axis, in g, inclusive: no collar's sensor measures more."""

MOST_SAMPLES: Final = 10_000
DAY_MS: Final = 86_400_000

Unit = Literal["g", "mg", "m/s2"]

UNITS_PER_G: Final[dict[Unit, float]] = {"g": 1.0, "mg": 1000.0, "m/s2": 9.80665}
"""Standard gravity is 9.80665 m/s2 exactly (CGPM 1901)."""

_G_PER_UNIT: Final[dict[Unit | None, float]] = {None: 1.0, **{unit: 1 / per_g for unit, per_g in UNITS_PER_G.items()}}

Timed = tuple[Samples, int, int]
"""A reading, its earliest and its latest instant in milliseconds since 1970."""

Offset = Annotated[int, Meta(ge=-DAY_MS, le=DAY_MS)]
Rate = Annotated[int, Meta(ge=1, le=1000)]
Sequence = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class SamplesPayload(msgspec.Struct, gc=False):
    """What a device may send; a batch has `xyz`, a single event `x`, `y` and `z`; `null` counts as absent."""

    xyz: Annotated[list[tuple[float, float, float]], Meta(min_length=1, max_length=MOST_SAMPLES)] | None = None
    x: float | None = None
    y: float | None = None
    z: float | None = None
    t: Time | None = None
    t0: Time | None = None
    hz: Rate | None = None
    dt_ms: Annotated[list[Offset], Meta(min_length=1, max_length=MOST_SAMPLES)] | None = None
    unit: Unit | None = None
    seq: Sequence | None = None


class _UnitAlone(msgspec.Struct, gc=False):
    unit: Unit | None = None


def _within(limit: float, unit: Any) -> type[SamplesPayload]:
    """Make the payload of one unit, with its range for the codec to check; NaN is outside of any range."""
    value = Annotated[float, Meta(ge=-limit, le=limit)]
    rows = Annotated[list[tuple[value, value, value]], Meta(min_length=1, max_length=MOST_SAMPLES)]
    axes = [(axis, value | None, None) for axis in ("x", "y", "z")]
    fields = [("xyz", rows | None, None), *axes, ("unit", unit | None, None)]
    return cast("type[SamplesPayload]", msgspec.defstruct("SamplesPayload", fields, bases=(SamplesPayload,), gc=False))


_PAYLOAD: Final[dict[Unit | None, type[SamplesPayload]]] = {
    None: _within(LIMIT_G, Literal["g"]),
    **{unit: _within(LIMIT_G * per_g, Literal[unit]) for unit, per_g in UNITS_PER_G.items()},
}
_json_in_g = msgspec.json.Decoder(_PAYLOAD["g"]).decode
_msgpack_in_g = msgspec.msgpack.Decoder(_PAYLOAD["g"]).decode
_JSON: Final = {unit: msgspec.json.Decoder(payload).decode for unit, payload in _PAYLOAD.items()}
_MSGPACK: Final = {unit: msgspec.msgpack.Decoder(payload).decode for unit, payload in _PAYLOAD.items()}
_json_unit = msgspec.json.Decoder(_UnitAlone).decode
_msgpack_unit = msgspec.msgpack.Decoder(_UnitAlone).decode

_new = tuple.__new__  # half the time of calling a NamedTuple, which shows in the cost of a single event


def read_samples(payload: bytes, now: int) -> Timed:
    """Decode a payload of the kind `samples`; `now` stands in for a time that was not sent."""
    packed = payload[0] >= MESSAGEPACK
    try:
        sent = _msgpack_in_g(payload) if packed else _json_in_g(payload)
    except msgspec.ValidationError:
        sent = _in_its_unit(payload)
    keys = payload[0] & 0x0F if packed else payload.count(b'":')
    time, xyz, unit, seq = sent.t, sent.xyz, sent.unit, sent.seq
    if xyz is not None:
        if keys != 2 + (sent.t0 is not None) + (unit is not None) + (seq is not None):
            _look_closer(payload, sent)
        return _batch(sent, xyz, now)
    if keys != 3 + (time is not None) + (unit is not None) + (seq is not None):
        _look_closer(payload, sent)
    if type(time) is int:
        x, y, z = sent.x, sent.y, sent.z
        if x is not None and y is not None and z is not None:
            return _new(Samples, ((time,), ((x, y, z),), _G_PER_UNIT[unit], seq, True)), time, time
    return _single(sent, now)


def samples_from(fields: dict[str, Any], now: int) -> Timed:
    """Read the same shape from fields that a network server or SenML brought; as for `read_samples`."""
    unit = msgspec.convert(fields, _UnitAlone).unit
    sent = msgspec.convert(fields, _PAYLOAD[unit])
    _refuse_contradictions(sent)
    return _single(sent, now) if sent.xyz is None else _batch(sent, sent.xyz, now)


def _in_its_unit(payload: bytes) -> SamplesPayload:
    if payload[0] >= MESSAGEPACK:
        return _MSGPACK[_msgpack_unit(payload).unit](payload)
    return _JSON[_json_unit(payload).unit](payload)


def _look_closer(payload: bytes, sent: SamplesPayload) -> None:
    refuse_duplicates(payload)
    _refuse_contradictions(sent)


def _single(sent: SamplesPayload, now: int) -> Timed:
    x, y, z = sent.x, sent.y, sent.z
    if x is None or y is None or z is None:
        _refuse_missing_axis(sent)
    at = now if sent.t is None else instant(sent.t, "t")
    return Samples((at,), ((x, y, z),), _G_PER_UNIT[sent.unit], sent.seq, sent.t is not None), at, at


def _batch(sent: SamplesPayload, rows: list[tuple[float, float, float]], now: int) -> Timed:
    time, hz = sent.t0, sent.hz
    t0 = time if type(time) is int else now if time is None else instant(time, "t0")
    if hz is not None and sent.dt_ms is None:
        times = grid(t0, len(rows), hz)
        return _new(Samples, (times, rows, _G_PER_UNIT[sent.unit], sent.seq, time is not None)), t0, times[-1]
    shifted = _shifted(t0, len(rows), sent)
    reading = Samples(shifted, rows, _G_PER_UNIT[sent.unit], sent.seq, time is not None)
    return reading, min(shifted), max(shifted)


def grid(t0: int, count: int, hz: int) -> range | list[int]:
    """Return the instants `t0 + round(1000 i / hz)` of a regular batch, in milliseconds since 1970."""
    if 1000 % hz:
        return [t0 + offset for offset in _offsets(count, hz)]
    step = 1000 // hz
    return range(t0, t0 + count * step, step)


@lru_cache(maxsize=64)
def _offsets(count: int, hz: int) -> tuple[int, ...]:
    return tuple(round(1000 * index / hz) for index in range(count))


def _shifted(t0: int, count: int, sent: SamplesPayload) -> range | list[int]:
    if sent.dt_ms is None or sent.hz is not None:
        both = sent.dt_ms is not None
        refuse("malformed", f"a batch has exactly one of hz and dt_ms; this one has {'both' if both else 'neither'}")
    if len(sent.dt_ms) != count:
        refuse("malformed", f"dt_ms has {len(sent.dt_ms)} entries, xyz has {count}: one of each for every sample")
    offsets = sent.dt_ms
    first, last = offsets[0], offsets[-1]
    step = (last - first) // max(count - 1, 1)
    if step > 0 and offsets == list(range(first, last + 1, step)):  # whatever reads them is quicker with a range
        return range(t0 + first, t0 + last + 1, step)
    return [t0 + offset for offset in offsets]


def _refuse_contradictions(sent: SamplesPayload) -> None:
    """Refuse fields of a single event in a batch and the other way round: guessing would move samples in time."""
    wrong = ("t0", "hz", "dt_ms") if sent.xyz is None else ("t", "x", "y", "z")
    for name in wrong:
        if getattr(sent, name) is not None:
            shape = "a single event has t, x, y, z" if sent.xyz is None else "a batch has t0, xyz and hz or dt_ms"
            refuse("malformed", f"{name} does not belong here: {shape}")


def _refuse_missing_axis(sent: SamplesPayload) -> NoReturn:
    missing = [name for name in ("x", "y", "z") if getattr(sent, name) is None]
    if len(missing) == 3:
        refuse("malformed", "there is neither xyz (a batch) nor x, y and z (a single event)")
    refuse("malformed", f"{' and '.join(missing)} missing: a single event has x, y and z")
