"""The kind `posture`: a span with one posture, or the seconds of each that a device counted."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from core.readings import Posture, Span, Sums
from ingest.decoding.keys import MESSAGEPACK, refuse_duplicates
from ingest.decoding.refusals import refuse
from ingest.decoding.times import Time, instant, shown

LONGEST_MS: Final = 7 * 86_400_000
"""Longest span, inclusive: a span of a year is a wrong clock."""

Timed = tuple[Span | Sums, int, int]
"""A reading, its earliest and its latest instant in milliseconds since 1970."""

Seconds = Annotated[int, Meta(ge=0, le=LONGEST_MS // 1000)]


class PosturePayload(msgspec.Struct, gc=False):
    """What a device may send: `posture`, or both `standing_s` and `lying_s`; `null` counts as absent."""

    t0: Time | None = None
    t1: Time | None = None
    posture: Posture | None = None
    standing_s: Seconds | None = None
    lying_s: Seconds | None = None


_json = msgspec.json.Decoder(PosturePayload).decode
_msgpack = msgspec.msgpack.Decoder(PosturePayload).decode


def read_posture(payload: bytes, now: int) -> Timed:
    """Decode a payload of the kind `posture`; `now` stands in for an end that was not sent."""
    sent = _msgpack(payload) if payload[0] >= MESSAGEPACK else _json(payload)
    refuse_duplicates(payload)
    return _reading_of(sent, now)


def posture_from(fields: dict[str, Any], now: int) -> Timed:
    """Read the same shape from fields that a network server or SenML brought; as for `read_posture`."""
    return _reading_of(msgspec.convert(fields, PosturePayload), now)


def _reading_of(sent: PosturePayload, now: int) -> Timed:
    standing_s, lying_s = sent.standing_s, sent.lying_s
    sums = standing_s is not None and lying_s is not None
    if (sent.posture is None) != sums or (standing_s is None) != (lying_s is None):
        refuse("malformed", "a posture message has either posture, or both standing_s and lying_s")
    t1 = now if sent.t1 is None else instant(sent.t1, "t1")
    if standing_s is None or lying_s is None:
        return _span(sent, t1)
    t0 = t1 - 1000 * (standing_s + lying_s) if sent.t0 is None else instant(sent.t0, "t0")
    _refuse_bad_span(t0, t1)
    if standing_s + lying_s > -(-(t1 - t0) // 1000):
        counted = f"standing_s and lying_s are {standing_s} and {lying_s}"
        refuse("out_of_range", f"{counted}: together more than the {(t1 - t0) / 1000:g} s from t0 to t1")
    return Sums(t0, t1, standing_s, lying_s), t0, t1


def _span(sent: PosturePayload, t1: int) -> Timed:
    if sent.t0 is None or sent.posture is None:
        refuse("malformed", "t0 is missing: a posture needs the start of the span for which it holds")
    t0 = instant(sent.t0, "t0")
    _refuse_bad_span(t0, t1)
    return Span(t0, t1, sent.posture), t0, t1


def _refuse_bad_span(t0: int, t1: int) -> None:
    if t0 >= t1:
        refuse("out_of_range", f"t0 {shown(t0)} is not before t1 {shown(t1)}")
    if t1 - t0 > LONGEST_MS:
        refuse("out_of_range", f"t0 {shown(t0)} to t1 {shown(t1)} is more than 7 days")
