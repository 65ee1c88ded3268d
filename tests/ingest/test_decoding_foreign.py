# ruff: noqa: E501 - a table of cases reads best with one case a line
import json
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.readings import CollarName, Heard, Message, Posture, Rejected, Samples, Span, Status, Sums
from core.timeline import from_ms
from ingest.decoding import make_decoder

NOW = 1_750_000_000_000
GOAT = CollarName("farm", "goat-01")
KID = CollarName("farm", "kid-02")
ALIASES = {"tts:tag-1": GOAT, "chirpstack:0102030405060aff": GOAT, "senml:urn:dev:mac:01": GOAT, "senml:kid": KID}
TTS = "v3/app@tenant/devices/tag-1/up"
CHIRP = "application/3f1a/device/0102030405060AFF/event/up"

decode = make_decoder(future_limit=timedelta(minutes=5), age_limit=None, aliases=ALIASES)


def things_stack(sent, *, heard_at=NOW - 700, f_cnt=9, **uplink):
    counter = {"f_cnt": f_cnt} if f_cnt else {}
    received = {} if heard_at is None else {"received_at": from_ms(heard_at).isoformat().replace("+00:00", "Z")}
    return {
        "end_device_ids": {"device_id": "tag-1", "dev_eui": "0102030405060AFF", "application_ids": {}},
        "received_at": from_ms(NOW - 500).isoformat(),
        "uplink_message": {"f_port": 1, **counter, **received, "decoded_payload": sent, "rx_metadata": [{}], **uplink},
    }


def chirpstack(sent, **more):
    return {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": from_ms(NOW - 700).isoformat(),
        "deviceInfo": {"tenantId": "x", "devEui": "0102030405060aff"},
        "fCnt": 9,
        "object": sent,
        **more,
    }


def through(sent):
    """What both network servers make of the fields of one device."""
    answers = [
        decode(Message(TTS, NOW, json.dumps(things_stack(sent)).encode())),
        decode(Message(CHIRP, NOW, json.dumps(chirpstack(sent)).encode())),
    ]
    assert answers[0] == answers[1] or isinstance(answers[0], Rejected)
    return answers[0]


def own(kind, fields):
    return decode(Message(f"animov/v1/farm/goat-01/{kind}", NOW, msgspec.json.encode(fields)))


coordinates = st.sampled_from([0, 0.25, 1, -1])


@given(row=st.tuples(coordinates, coordinates, coordinates), omitted=st.booleans(), t=st.sampled_from([NOW, NOW - 5]))
def test_an_uplink_is_read_as_the_same_message_on_our_own_topic(row, omitted, t):
    event = {"t": t, "seq": 4, **dict(zip("xyz", row, strict=True))}
    sent = {name: value for name, value in event.items() if value or not omitted}
    if not any(row) and omitted:
        assert through(sent).code == "malformed"
    else:
        assert through(sent) == own("samples", event)


@given(standing=st.integers(0, 2), lying=st.integers(0, 2), omitted=st.booleans())
def test_sums_of_zero_may_be_omitted(standing, lying, omitted):
    sums = {"t0": NOW - 4000, "t1": NOW, "standing_s": standing, "lying_s": lying}
    sent = {name: value for name, value in sums.items() if value or not omitted}
    if standing + lying or not omitted:
        assert through(sent) == own("posture", sums)
    else:
        assert through(sent).code == "malformed"


def test_batches_spans_and_status_are_read_too():
    batch = {"t0": NOW, "dt_ms": [0, 203], "xyz": [[0, 0, 1], [0, 1, 0]], "unit": "mg", "seq": 1}
    span = {"t0": NOW - 4000, "t1": NOW, "posture": "standing"}
    status = {"online": True, "battery_v": 3.6, "rssi_dbm": -90, "firmware": "2", "t": NOW}
    assert through(batch) == own("samples", batch)
    assert through(span) == own("posture", span)
    assert through(status) == own("status", status)


def test_one_uplink_may_hold_several_readings():
    sent = {"x": 0, "y": 0.5, "z": 1, "t0": NOW - 4000, "t1": NOW, "standing_s": 4, "battery_v": 3.5, "temperature": 9}

    assert through(sent) == [
        Heard(GOAT, Samples((NOW - 700,), ((0.0, 0.5, 1.0),), 1.0, 9, False)),
        Heard(GOAT, Sums(NOW - 4000, NOW, 4, 0)),
        Heard(GOAT, Status(NOW - 700, None, 3.5, None, None)),
    ]


def test_the_servers_times_and_counters_stand_in_for_missing_ones():
    event = {"x": 0, "y": 0, "z": 1}
    bare = things_stack(event, heard_at=None, f_cnt=0)

    answers = [
        decode(Message(TTS, NOW, json.dumps(bare).encode())),
        decode(Message(TTS, NOW, json.dumps({**bare, "received_at": None}).encode())),
        decode(Message(CHIRP, NOW, json.dumps(chirpstack(event, time=None)).encode())),
    ]

    read = [(*heard[0].reading.times, heard[0].reading.seq, heard[0].reading.timed) for heard in answers]
    assert read == [(NOW - 500, 0, False), (NOW, 0, False), (NOW, 9, False)]


@pytest.mark.parametrize(
    ("topic", "content", "code", "told"),
    [
        (TTS.replace("tag-1", "tag-2"), things_stack({"x": 1}), "unmapped_device", "'tts:tag-2'"),
        (TTS, things_stack({"x": 40}), "out_of_range", "decoded_payload.x is 40: expected float <= 32"),
        (TTS, things_stack({"temperature": 4}), "malformed", "decoded_payload has none of the fields"),
        (TTS, things_stack(None), "malformed", "decoded_payload is missing: has the device an uplink payload formatter?"),
        (TTS, things_stack([1]), "malformed", "decoded_payload is [1], not an object"),
        (TTS, things_stack({"x": 1}) | {"end_device_ids": {"device_id": "b"}}, "malformed", "the topic says 'tag-1'"),
        (TTS, things_stack({"x": 1}, received_at="noon"), "malformed", "received_at is 'noon'"),
        (TTS, things_stack({"x": 1}, f_cnt="a"), "malformed", "expected int, got str"),
        (TTS, things_stack({"x": 1, "t": NOW + 300_001}), "future", "later"),
        (TTS, [1], "malformed", "[1], not an object"),
        (TTS, None, "malformed", "not an object"),
        (CHIRP.replace("AFF", "AFE"), chirpstack({"x": 1}), "unmapped_device", "'chirpstack:0102030405060afe'"),
        (CHIRP, chirpstack(None), "malformed", "has the device profile a codec?"),
        (CHIRP, chirpstack({"x": 1}) | {"deviceInfo": {}}, "malformed", "devEui is None"),
        (CHIRP, chirpstack({"x": 1}, time=3.5), "malformed", "time is 3.5"),
        (TTS.replace("/up", "/join"), things_stack({"x": 1}), "unknown_topic", "join"),
        (CHIRP.replace("/up", "/txack"), chirpstack({"x": 1}), "unknown_topic", "txack"),
        ("senml/a", [{"n": "goat-9:x", "v": 1}, {"n": "goat-9:y", "v": 1}, {"n": "goat-9:z", "v": 1}], "unmapped_device", "'senml:goat-9'"),
        ("senml/a", [{"n": "kid:x", "v": 1}], "malformed", "kid has no y and z"),
        ("senml/a", [{"n": "kid:temperature", "v": 1}], "malformed", "no record has a name"),
        ("senml/a", [{"n": "kid:x", "v": 1, "new_": 1}], "malformed", "'new_' must be understood"),
        ("senml/a", [{"bver": 11, "n": "kid:x", "v": 1}], "malformed", "bver is 11"),
        ("senml/a", [{"n": "kid:x", "v": "1"}], "malformed", "[0].v is '1'"),
        ("senml/a", [{"n": "kid:x", "vs": "1"}], "malformed", "a number is expected"),
        ("senml/a", [{"n": "kid:x", "v": 1, "t": 1e300}], "out_of_range", "[0].t is 1e+300"),
        ("senml/a", [{"n": "kid:x", "v": 1}, {"n": "kid:acc_x", "v": 1}], "malformed", "two values of x"),
        ("senml/a", [{"bn": "kid:", "bu": "m/s2", "n": "x", "v": 314}, {"n": "y", "v": 1}, {"n": "z", "v": 1}], "out_of_range", "kid: xyz[0][0]"),
        ("senml/a", [{"n": "kid:posture", "vs": "asleep"}], "malformed", "kid: posture"),
        ("senml/a", [{"n": "kid:standing_s", "v": 1.5}, {"n": "kid:lying_s", "v": 1}], "malformed", "kid: standing_s"),
        ("senml/a", [1], "malformed", "[0] is 1"),
        ("senml/a", [], "malformed", "no record"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_a_code_and_the_field(topic, content, code, told):
    answer = decode(Message(topic, NOW, json.dumps(content).encode()))

    assert isinstance(answer, Rejected), answer
    assert answer.code == code
    assert told in answer.detail


@pytest.mark.parametrize("topic", [TTS, CHIRP, "senml/a"])
@pytest.mark.parametrize(
    "payload",
    [
        b'[{"n":NaN}]',
        b'[{"n":"kid:x","v":1e999}]',
        b'{"a":1,"a":1}',
        b"[\xff]",
        b"[" * 100_000,
        b"[" + b"9" * 5000 + b"]",
    ],
    ids=["nan", "infinity", "twice", "utf-8", "deep", "huge"],
)
def test_bytes_that_are_no_json_are_refused(topic, payload):
    answer = decode(Message(topic, NOW, payload))

    assert answer.code in {"malformed", "unknown_topic"}
    assert answer.detail


def pack(*records):
    return decode(Message("farm/gateway/senml", NOW, json.dumps(records).encode()))


def test_base_fields_and_relative_times_are_resolved():
    answer = pack(
        {"bn": "urn:dev:mac:01:", "bt": -10, "bu": "m/s2", "bver": 10, "bv": 1, "n": "x", "v": -1},
        {"n": "y", "v": 8.80665},
        {"n": "z", "v": -1},
        {"n": "x", "v": -1, "t": 0.5},
        {"n": "y", "v": 8.80665, "t": 0.5},
        {"n": "z", "v": 0, "t": 0.5},
        {"n": "temperature", "v": 30, "u": "Cel"},
    )

    ((collar, reading),) = answer
    assert (collar, list(reading.times), reading.timed) == (GOAT, [NOW - 10_000, NOW - 9_500], False)
    in_g = [[value * reading.g_per_unit for value in row] for row in reading.xyz]
    assert in_g == [pytest.approx([0, 1, 0]), pytest.approx([0, 1, 1 / 9.80665])]


def test_devices_kinds_and_absolute_times_are_told_apart():
    at = NOW / 1000
    answer = pack(
        {"bn": "kid/", "bt": at - 8, "n": "posture", "vs": "lying"},
        {"n": "posture", "vs": "standing", "t": 5, "ut": 2},
        {"bn": "urn:dev:mac:01:", "bt": at, "n": "standing_s", "v": 20},
        {"n": "lying_s", "v": 30},
        {"n": "span_s", "v": 60},
        {"n": "battery", "u": "V", "v": 3.5},
        {"n": "battery", "u": "%EL", "v": 70, "t": -1},
        {"n": "online", "vb": True},
    )

    assert answer == [
        Heard(KID, Span(NOW - 8000, NOW - 3000, Posture.LYING)),
        Heard(KID, Span(NOW - 3000, NOW - 1000, Posture.STANDING)),
        Heard(GOAT, Sums(NOW - 60_000, NOW, 20, 30)),
        Heard(GOAT, Status(NOW, True, 3.5, None, None)),
    ]


axes = st.lists(st.tuples(coordinates, coordinates, coordinates), min_size=1, max_size=3)


@given(
    rows=axes, data=st.data(), based=st.booleans(), prefix=st.sampled_from(["", "acc_"]), sep=st.sampled_from(":/._-")
)
def test_a_pack_is_read_as_the_batch_of_its_samples(rows, data, based, prefix, sep):
    times = data.draw(st.lists(st.integers(-3, 3), min_size=len(rows), max_size=len(rows), unique=True))
    base = {"bn": "kid" + sep, "bt": NOW / 1000} if based else {}
    records = [
        {"n": prefix + axis if based else f"kid{sep}{prefix}{axis}", "v": value, "t": at if based else NOW / 1000 + at}
        for at, row in zip(times, rows, strict=True)
        for axis, value in data.draw(st.permutations(list(zip("xyz", row, strict=True))))
    ]
    records[0] |= base

    ((collar, reading),) = pack(*records)

    assert (collar, reading.timed) == (KID, True)
    assert [(at, tuple(row)) for at, row in zip(reading.times, reading.xyz, strict=True)] == [
        (NOW + 1000 * at, row) for at, row in zip(times, rows, strict=True)
    ]


def test_aliases_may_be_a_function():
    admit = make_decoder(future_limit=timedelta(0), age_limit=None, aliases=ALIASES.get)

    assert admit(Message(TTS, NOW, json.dumps(things_stack({"x": 1})).encode()))[0].collar == GOAT
