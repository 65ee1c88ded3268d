# ruff: noqa: E501 - a table of cases reads best with one case a line
from datetime import UTC, datetime, timedelta, timezone
from math import ceil

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.readings import CollarName, Heard, Message, Posture, Rejected, Samples, Span, Status, Sums
from ingest.decoding import (
    event_payload,
    make_decoder,
    posture_payload,
    samples_payload,
    status_payload,
    sums_payload,
)

NOW = 1_750_000_000_000
MINUTE = 60_000
COLLAR = CollarName("farm", "goat-01")
LIMIT = timedelta(minutes=5)

decode = make_decoder(future_limit=LIMIT, age_limit=None, aliases={})

forms = st.sampled_from(["json", "msgpack"])
offsets = st.integers(-5, 5)
g_values = st.integers(-32, 32) | st.sampled_from([-32.0, 32.0, 0.048, -0.0])
rows = st.lists(st.tuples(g_values, g_values, g_values), min_size=1, max_size=6)


def message(payload, kind="samples", received_at=NOW):
    return Message(f"animov/v1/farm/goat-01/{kind}", received_at, payload)


def sent(fields, kind="samples", form="json"):
    return decode(message(getattr(msgspec, form).encode(fields), kind))


def heard(reading):
    return [Heard(COLLAR, reading)]


def only(heard_list):
    assert isinstance(heard_list, list), heard_list
    ((collar, reading),) = heard_list
    assert collar == COLLAR
    return reading


@given(rows=rows, offset=offsets, hz=st.integers(1, 1000), unit=st.sampled_from(["g", "mg", "m/s2", None]), form=forms)
def test_a_regular_batch_says_what_was_sent(rows, offset, hz, unit, form):
    per_g = {"g": 1, None: 1, "mg": 1000, "m/s2": 9.80665}[unit]
    scaled = [[value * per_g for value in row] for row in rows]
    t0 = NOW - 7 * 86_400_000 + offset

    reading = only(decode(message(samples_payload(scaled, t0=t0, hz=hz, unit=unit, seq=3, form=form))))

    assert isinstance(reading, Samples)
    assert list(reading.times) == [t0 + round(1000 * i / hz) for i in range(len(rows))]
    in_g = [[value * reading.g_per_unit for value in row] for row in reading.xyz]
    assert in_g == [pytest.approx(list(row)) for row in rows]
    assert (reading.seq, reading.timed) == (3, True)


@given(rows=rows, data=st.data(), form=forms)
def test_an_irregular_batch_says_what_was_sent_in_any_order(rows, data, form):
    dt_ms = data.draw(st.lists(offsets, min_size=len(rows), max_size=len(rows)))

    reading = only(decode(message(samples_payload(rows, t0=NOW, dt_ms=dt_ms, form=form))))

    assert list(reading.times) == [NOW + dt for dt in dt_ms]
    assert [tuple(row) for row in reading.xyz] == rows


@given(count=st.integers(1, 6), first=offsets, step=st.integers(-3, 3) | st.integers(200, 203), data=st.data())
def test_a_batch_that_is_regular_or_almost_says_when_it_was_sampled(count, first, step, data):
    dt_ms = [first + place * step for place in range(count)]
    dt_ms[data.draw(st.integers(0, count - 1))] += data.draw(st.integers(0, 1))

    reading = only(decode(message(samples_payload([[0, 0, 1]] * count, t0=NOW - 86_400_000, dt_ms=dt_ms))))

    assert list(reading.times) == [NOW - 86_400_000 + dt for dt in dt_ms]


@given(row=st.tuples(g_values, g_values, g_values), offset=offsets, form=forms, seq=st.none() | st.integers(0, 3))
def test_a_single_event_is_a_batch_of_one(row, offset, form, seq):
    event = only(decode(message(event_payload(*row, t=NOW + offset, seq=seq, form=form))))
    batch = only(decode(message(samples_payload([row], t0=NOW + offset, dt_ms=[0], seq=seq, form=form))))

    assert (list(event.times), list(event.xyz)) == (list(batch.times), list(batch.xyz))
    assert event[2:] == batch[2:]


@given(start=offsets, length=st.integers(-1, 3), posture=st.sampled_from(Posture), form=forms)
def test_a_span_has_a_start_before_its_end(start, length, posture, form):
    t0, t1 = NOW + start, NOW + start + length

    answer = decode(message(posture_payload(t0, t1, posture, form=form), "posture"))

    assert (answer == heard(Span(t0, t1, posture))) == (length > 0)
    assert length > 0 or answer.code == "out_of_range"


@given(ms=st.integers(1, 4000), standing=st.integers(0, 3), lying=st.integers(0, 3), form=forms)
def test_sums_fit_into_their_span(ms, standing, lying, form):
    answer = decode(message(sums_payload(NOW - ms, NOW, standing, lying, form=form), "posture"))

    if standing + lying <= ceil(ms / 1000):
        assert answer == heard(Sums(NOW - ms, NOW, standing, lying))
    else:
        assert answer.code == "out_of_range"


@given(
    online=st.none() | st.booleans(),
    battery=st.none() | st.sampled_from([0.0, 3.61, 10.0]),
    rssi=st.none() | st.sampled_from([-200.0, -87.5, 20.0]),
    firmware=st.none() | st.sampled_from(["", "1.2.3", "é"]),
    form=forms,
)
def test_a_status_says_what_is_known(online, battery, rssi, firmware, form):
    payload = status_payload(online=online, battery_v=battery, rssi_dbm=rssi, firmware=firmware, form=form)

    answer = decode(message(payload, "status"))

    if (online, battery, rssi, firmware) == (None,) * 4:
        assert answer.code == "malformed"
    else:
        assert answer == heard(Status(NOW, online, battery, rssi, firmware))


def test_a_status_of_nearly_nothing_is_one_of_nothing():
    answer = decode(message(status_payload(battery_v=1e-300, rssi_dbm=-1e-300, form="json"), "status"))

    assert answer == heard(Status(NOW, None, 0.0, 0.0, None))


@given(
    ms=st.integers(NOW - 3, NOW + 3),
    zone=st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=9, minutes=30))]),
)
def test_a_time_means_the_same_in_every_notation(ms, zone):
    written = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(zone).isoformat()
    for time in (ms, float(ms), written):
        assert list(only(sent({"t": time, "x": 0, "y": 0, "z": 1})).times) == [ms]
        assert only(sent({"t0": time, "t1": ms + 1, "posture": "lying"}, "posture")).t0 == ms
    stamped = {"t": datetime.fromisoformat(written), "x": 0, "y": 0, "z": 1}
    assert list(only(sent(stamped, form="msgpack")).times) == [ms]


def test_the_time_of_receipt_stands_in_for_a_missing_one_and_is_flagged():
    assert sent({"x": 0, "y": 0, "z": 1}) == heard(Samples((NOW,), ((0.0, 0.0, 1.0),), 1.0, None, False))
    batch = only(sent({"hz": 10, "xyz": [[0, 0, 1], [0, 0, 1]]}))
    assert (list(batch.times), batch.timed) == ([NOW, NOW + 100], False)
    assert only(sent({"t0": NOW - 5, "posture": "lying"}, "posture")) == Span(NOW - 5, NOW, Posture.LYING)
    assert only(sent({"standing_s": 2, "lying_s": 1}, "posture")) == Sums(NOW - 3000, NOW, 2, 1)


@given(
    last=st.sampled_from([-61, -60, -59, 0, 299, 300, 301]),
    spread=st.sampled_from([0, 2]),
    limit=st.sampled_from([None, timedelta(minutes=1)]),
)
def test_the_latest_instant_decides_over_age_and_future(last, spread, limit):
    admit = make_decoder(future_limit=LIMIT, age_limit=limit, aliases={})
    t1 = NOW + 1000 * last
    answers = [
        admit(message(samples_payload([[0, 0, 1]] * 2, t0=t1, dt_ms=[0, -1000 * spread]))),
        admit(message(posture_payload(t1 - 1000 - spread, t1, Posture.LYING), "posture")),
        admit(message(event_payload(0, 0, 1, t=t1))),
    ]

    expected = "future" if last > 300 else "too_old" if limit and last < -60 else "heard"
    assert {a.code if isinstance(a, Rejected) else "heard" for a in answers} == {expected}


@pytest.mark.parametrize("form", ["json", "msgpack"])
@pytest.mark.parametrize(
    ("kind", "fields", "code", "told"),
    [
        ("samples", {"t": "2025-06-15T08:00:00", "x": 0, "y": 0, "z": 1}, "malformed", "t is '2025-06-15T08:00:00': a time needs its offset"),
        ("samples", {"t": "yesterday", "x": 0, "y": 0, "z": 1}, "malformed", "t is 'yesterday': this is no RFC 3339 time"),
        ("samples", {"t": NOW // 1000, "x": 0, "y": 0, "z": 1}, "out_of_range", "1970-01-21T06:06:40.000Z is before 2000: was the device's clock reset, or were seconds sent"),
        ("samples", {"t": NOW * 1000, "x": 0, "y": 0, "z": 1}, "future", "were microseconds sent"),
        ("samples", {"t": 10**19 - 1, "x": 0, "y": 0, "z": 1}, "future", "later than 2025-06-15T15:11:40.000Z"),
        ("samples", {"t": -(2**62), "x": 0, "y": 0, "z": 1}, "out_of_range", "is before 2000"),
        ("samples", {"t": NOW + 0.5, "x": 0, "y": 0, "z": 1}, "malformed", "t is 1750000000000.5: epoch milliseconds are a whole number"),
        ("samples", {"t": True, "x": 0, "y": 0, "z": 1}, "malformed", "t is True"),
        ("samples", {"x": 0, "y": 0}, "malformed", "z missing"),
        ("samples", {}, "malformed", "neither xyz"),
        ("samples", {"x": True, "y": 0, "z": 1}, "malformed", "x is True: expected float, got bool"),
        ("samples", {"x": 32.01, "y": 0, "z": 1}, "out_of_range", "x is 32.01: expected float <= 32"),
        ("samples", {"xyz": [[0, 0, 1], [0, -33, 1]], "hz": 1}, "out_of_range", "xyz[1][1] is -33: expected float >= -32"),
        ("samples", {"xyz": [[0, 0, 1], [0, 33_000, 1]], "hz": 1, "unit": "mg"}, "out_of_range", "xyz[1][1] is 33000: expected float <= 32000"),
        ("samples", {"xyz": [[0, 0, 314]], "hz": 1, "unit": "m/s2"}, "out_of_range", "xyz[0][2] is 314: expected float <= 313.8"),
        ("samples", {"xyz": [[0, 0, 1, 2]], "hz": 1}, "malformed", "xyz[0] is [0, 0, 1, 2]: expected array of length 3"),
        ("samples", {"xyz": [], "hz": 1}, "malformed", "xyz"),
        ("samples", {"xyz": [[0, 0, 1]] * 10_001, "hz": 1}, "too_large", "xyz"),
        ("samples", {"xyz": [[0, 0, 1]], "hz": 0}, "out_of_range", "hz is 0: expected int >= 1"),
        ("samples", {"xyz": [[0, 0, 1]], "hz": 1001}, "out_of_range", "hz is 1001"),
        ("samples", {"xyz": [[0, 0, 1]], "hz": 12.5}, "malformed", "hz is 12.5: expected int, got float"),
        ("samples", {"xyz": [[0, 0, 1]]}, "malformed", "neither"),
        ("samples", {"xyz": [[0, 0, 1]], "hz": 1, "dt_ms": [0]}, "malformed", "both"),
        ("samples", {"xyz": [[0, 0, 1]], "dt_ms": [0, 1]}, "malformed", "dt_ms has 2 entries, xyz has 1"),
        ("samples", {"xyz": [[0, 0, 1]], "dt_ms": [86_400_001]}, "out_of_range", "dt_ms[0]"),
        ("samples", {"xyz": [[0, 0, 1]], "dt_ms": []}, "malformed", "dt_ms"),
        ("samples", {"xyz": [[0, 0, 1]], "hz": 1, "t": NOW}, "malformed", "t does not belong here: a batch has t0"),
        ("samples", {"t0": NOW, "x": 0, "y": 0, "z": 1}, "malformed", "t0 does not belong here: a single event has t"),
        ("samples", {"xyz": [[0, 0, 1]], "hz": 1, "x": 1}, "malformed", "x does not belong here"),
        ("samples", {"x": 0, "y": 0, "z": 1, "unit": "stone"}, "malformed", "unit is 'stone': allowed are g, mg and m/s2"),
        ("samples", {"x": 0, "y": 0, "z": 1, "seq": -1}, "out_of_range", "seq is -1"),
        ("samples", {"x": 0, "y": 0, "z": 1, "seq": 2**63}, "out_of_range", "seq"),
        ("samples", {"x": 0, "y": 0, "z": 1, "note": [[[]]], "t0": 1}, "malformed", "t0 does not"),
        ("samples", [1], "malformed", "the payload: expected object, got array"),
        ("posture", {"t1": NOW, "posture": "lying"}, "malformed", "t0 is missing"),
        ("posture", {"t0": NOW - 1, "t1": NOW, "posture": "asleep"}, "malformed", "allowed are standing, lying and unknown"),
        ("posture", {"t0": NOW - 1, "t1": NOW}, "malformed", "either posture"),
        ("posture", {"t0": NOW - 1, "t1": NOW, "standing_s": 1}, "malformed", "both standing_s and lying_s"),
        ("posture", {"t0": NOW - 1, "t1": NOW, "standing_s": 1, "lying_s": 0, "posture": "lying"}, "malformed", "either"),
        ("posture", {"t0": NOW - 1, "t1": NOW, "standing_s": -1, "lying_s": 0}, "out_of_range", "standing_s is -1"),
        ("posture", {"t0": NOW - 1, "t1": NOW, "standing_s": 1, "lying_s": 1}, "out_of_range", "more than the 0.001 s"),
        ("posture", {"t0": NOW - 604_800_001, "t1": NOW, "posture": "lying"}, "out_of_range", "more than 7 days"),
        ("posture", {"t0": NOW // 1000, "t1": NOW // 1000 + 1, "posture": "lying"}, "out_of_range", "is before 2000"),
        ("status", {"battery_v": 10.1}, "out_of_range", "battery_v is 10.1"),
        ("status", {"rssi_dbm": -200.5}, "out_of_range", "rssi_dbm is -200.5"),
        ("status", {"firmware": "a\0b"}, "malformed", "firmware"),
        ("status", {"firmware": "a" * 65}, "too_large", "firmware"),
        ("status", {"online": 1}, "malformed", "online is 1: expected bool, got int"),
        ("status", {"online": True, "t": NOW + 300_001}, "future", "later than"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_a_code_and_the_field(kind, fields, code, told, form):
    answer = sent(fields, kind, form)

    assert isinstance(answer, Rejected), answer
    assert answer.code == code
    assert told in answer.detail


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"", "empty"),
        (b"{", "can't be read"),
        (b'{"x":NaN,"y":0,"z":1}', "can't be read"),
        (b'{"x":-Infinity,"y":0,"z":1}', "can't be read"),
        (b'{"x":1e999,"y":0,"z":1}', "x"),
        (b'{"x":' + b"9" * 5000 + b',"y":0,"z":1}', "x"),
        (b'{"t":' + b"9" * 5000 + b',"x":0,"y":0,"z":1}', ""),
        (b'{"x":0,"y":0,"z":1} x', "trailing"),
        (b'{"x":0,"y":0,"z":1,"x":1}', "a key is given twice"),
        (b'{"x" : 0,"y" : 0,"z" : 1,"z" : 1}', "a key is given twice"),
        (b'{"x":0,"y":0,"z":1,"a":1,"a":{"b":2}}', "a key is given twice"),
        (b'{"x":0,"y":0,"z":1,"\xff":1}', "UTF-8"),
        (b'{"x":0,"y":0,"z":1,"a":"\xff"}', "UTF-8"),
        (b'{"x":0,"y":0,"z":1,"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b"[" * 100_000, "expected object, got array"),
        (b"\xef\xbb\xbf{}", ""),
        (b"\xc1", "can't be read"),
        (b"\x84\xa1x\x00\xa1y\x00\xa1z\x01\xa1x\x00", "a key is given twice"),
        (b"\x83\xa1x\x00\xa1y\x00\xa1z\x01\x00", "trailing"),
        (b"\x81\xa1x", "truncated"),
        (b"\xdf\xff\xff\xff\xff", "truncated"),
        (b"\x81\xa1q" + b"\x91" * 200_000 + b"\x01", "nested too deeply"),
        (msgspec.msgpack.encode({"x": float("nan"), "y": 0, "z": 1}), "x is nan"),
        (msgspec.msgpack.encode({"x": 0, "y": float("inf"), "z": 1}), "y is inf"),
        (msgspec.msgpack.encode({"t": float("nan"), "x": 0, "y": 0, "z": 1}), "t is nan"),
        (msgspec.msgpack.encode({"xyz": [[0, float("nan"), 0]], "hz": 1, "unit": "mg"}), "xyz[0][1] is nan"),
        (b"x" * 1_048_577, "1048577 bytes"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bytes_that_are_no_payload_are_refused(payload, told):
    answer = decode(message(payload))

    assert isinstance(answer, Rejected), answer
    assert answer.code == ("too_large" if len(payload) > 1_048_576 else answer.code)
    assert told in answer.detail


def test_unknown_keys_are_left_alone():
    plain = {"t": NOW, "x": 0, "y": 0, "z": 1}
    for extra in ({"temp": 21.5}, {'a":b': {'c":': ['d":']}}, {"seq": None}):
        for form in ("json", "msgpack"):
            assert sent(plain | extra, form=form) == sent(plain)


@pytest.mark.parametrize(
    "topic",
    [
        "animov/v1/farm/goat-01/other",
        "animov/v1/farm/goat-01",
        "animov/v1/farm/goat-01/samples/",
        "animov/v1//goat-01/samples",
        "animov/v1/farm/goat 01/samples",
        "animov/v1/farm/chèvre/samples",
        "animov/v1/farm/٣/samples",
        "animov/v1/farm/goat-01\n/samples",
        "animov/v1/farm/" + "a" * 65 + "/samples",
        "animov/v2/farm/goat-01/samples",
        "something/else",
        "",
    ],
)
def test_other_topics_are_unknown(topic):
    answer = decode(Message(topic, NOW, b'{"x":0,"y":0,"z":1}'))

    assert answer.code == "unknown_topic"
    assert repr(topic)[:20] in answer.detail


VALID = [
    samples_payload([[0, 0, 1], [0.5, 0, 1]], t0=NOW, hz=10, seq=7),
    event_payload(0, 0, 1, t="2025-06-15T08:00:00Z", unit="mg", form="msgpack"),
    posture_payload(NOW - 1000, NOW, Posture.STANDING),
    status_payload(online=True, battery_v=3.6, firmware="1.0", form="msgpack"),
]


@given(
    kind=st.sampled_from(["samples", "posture", "status"]),
    payload=st.sampled_from(VALID),
    cuts=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 3), st.binary(max_size=3)), max_size=4),
)
def test_no_bytes_make_it_fail(kind, payload, cuts):
    for at, length, replacement in cuts:
        payload = payload[:at] + replacement + payload[at + length :]

    answer = decode(message(payload, kind))

    assert isinstance(answer, list) or (answer.code and answer.detail)
    assert decode(message(payload, kind)) == answer
