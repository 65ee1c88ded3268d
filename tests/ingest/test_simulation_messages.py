import json
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.readings import Heard, Message, Posture, Rejected
from ingest.decoding import make_decoder
from ingest.simulation.due import Due
from ingest.simulation.herd import Herd
from ingest.simulation.messages import posture_messages, sample_messages
from ingest.simulation.outages import outages
from ingest.simulation.settings import NO_FAULTS, Faults, Group, HerdSettings, Silence
from ingest.simulation.truth import truth

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_761_429_600_000  # 2025-10-26 00:00 in Paris, the night of the DST change
GROUPS = (Group("dairy", 2, "leg"), Group("yearlings", 1, "collar"))
SOUND = Herd(HerdSettings(groups=GROUPS, faults=NO_FAULTS))
POOR = Faults(
    radio_per_day=0.9, radio_min=120, battery_per_day=0.3, battery_h=3, duplicated=0.2, corrupted=0.1, clock_sd_s=20
)
FAULTY = Herd(HerdSettings(groups=GROUPS, faults=POOR))

decode = make_decoder(future_limit=timedelta(minutes=5), age_limit=None, aliases={})


def with_faults(**changes):
    return Herd(replace(SOUND.settings, faults=replace(NO_FAULTS, **changes)))


def readings(messages: list[Due]):
    decoded = [decode(Message(topic, due_ms, payload)) for due_ms, topic, payload in messages]
    return [heard for result in decoded if not isinstance(result, Rejected) for heard in result]


def seconds_standing(heard: list[Heard]) -> dict[str, dict[int, bool]]:
    """Say of each collar and second whether it was reported as standing, one span after the other."""
    known: dict[str, dict[int, bool]] = {}
    for collar, span in heard:
        for second in range(-(-span.t0 // 1000), -(-span.t1 // 1000)):
            known.setdefault(collar.collar, {})[second] = span.posture is Posture.STANDING
    return known


minutes = st.integers(0, 40).map(lambda minute: START + minute * MINUTE + 500)


@settings(max_examples=30)
@given(cuts=st.lists(minutes, min_size=2, max_size=4, unique=True).map(sorted))
def test_neighbouring_ranges_of_samples_continue_each_other(cuts):
    def messages(start, end):
        return list(sample_messages(FAULTY, start, end, hz=0.1, batch_s=60))

    pieces = [message for start, end in pairwise(cuts) for message in messages(start, end)]

    assert messages(cuts[0], cuts[-1]) == pieces
    assert pieces == sorted(pieces, key=lambda message: message.due_ms)


@pytest.mark.parametrize("make", [sample_messages, posture_messages])
def test_messages_fall_due_in_order_within_the_range(make):
    due = [message.due_ms for message in make(FAULTY, START, START + 3 * HOUR)]

    assert due == sorted(due)
    assert START <= due[0] <= due[-1] <= START + 3 * HOUR


@pytest.mark.parametrize("hz", [10, 3, 0.1])
def test_without_faults_every_sample_of_every_collar_comes_once(hz):
    heard = readings(list(sample_messages(SOUND, START, START + 10 * MINUTE, hz=hz)))

    for animal in SOUND.animals:
        mine = [samples for collar, samples in heard if collar == animal.collar]
        times = [time for samples in mine for time in samples.times]
        numbers = [samples.seq for samples in mine]
        assert numbers == list(range(numbers[0], numbers[0] + 60))
        assert np.diff(times) == pytest.approx(1000 / hz, abs=1)


def test_json_and_messagepack_tell_the_same():
    plain, packed = (
        readings(list(sample_messages(FAULTY, START, START + 5 * MINUTE, form=form))) for form in ("json", "msgpack")
    )

    assert len(plain) == len(packed)
    for (_, one), (_, other) in zip(plain, packed, strict=True):
        assert (one.times, one.seq) == (other.times, other.seq)
        assert np.array(one.xyz) * one.g_per_unit == pytest.approx(np.array(other.xyz) * other.g_per_unit, abs=1e-9)


def test_a_leg_tags_up_axis_tells_the_posture():
    """A second stands if any of its samples reads 0.5 g or more, the rule of the reference."""
    heard = readings(list(sample_messages(SOUND, START + 6 * HOUR, START + 9 * HOUR)))

    for animal in SOUND.animals[:2]:
        upright = {at // 1000: False for collar, samples in heard if collar == animal.collar for at in samples.times}
        for collar, samples in heard:
            if collar == animal.collar:
                for at, (_, up, _) in zip(samples.times, samples.xyz, strict=True):
                    upright[at // 1000] |= up >= 0.5
        spans = truth(SOUND, animal, 1000 * min(upright), 1000 * (max(upright) + 1))
        wrong = [
            second
            for span in spans
            for second in range(span.t0 // 1000, span.t1 // 1000)
            if upright[second] is not (span.posture is Posture.STANDING)
        ]
        assert {span.posture for span in spans} == {Posture.STANDING, Posture.LYING}
        assert len(wrong) < 0.005 * len(upright)


def test_gravity_is_1_g_and_a_standing_goat_moves_more_than_one_that_lies():
    [collar] = SOUND.members("yearlings")
    heard = readings(list(sample_messages(SOUND, START + 7 * HOUR, START + 9 * HOUR)))
    batches = [(s.times[0], np.array(s.xyz)) for name, s in heard if name == collar.collar]
    moved: dict[Posture, list[float]] = {Posture.STANDING: [], Posture.LYING: []}
    for start, xyz in batches:
        spans = truth(SOUND, collar, start, start + 10_000)
        if len(spans) == 1:
            moved[spans[0].posture].append(float(np.linalg.norm(xyz - xyz.mean(axis=0), axis=1).mean()))

    assert np.median([np.linalg.norm(xyz.mean(axis=0)) for _, xyz in batches]) == pytest.approx(1, abs=0.1)
    assert np.quantile(moved[Posture.LYING], 0.99) < 0.15 < np.quantile(moved[Posture.STANDING], 0.9)


def test_collars_sit_at_angles_of_their_own():
    herd = Herd(HerdSettings())
    rolls = [animal.roll_deg for animal in herd.members("yearlings")]

    assert len(set(rolls)) == 8
    assert max(rolls) - min(rolls) > 15


def test_what_a_tag_remembers_arrives_a_day_late_and_nothing_is_missing():
    sound, late = (
        list(sample_messages(herd, START, START + 3 * DAY, hz=0.1, batch_s=600))
        for herd in (SOUND, with_faults(radio_per_day=0.9, radio_min=120, remembered=1.0))
    )
    delays = Counter()
    due = {message.payload: message.due_ms for message in late}
    for message in sound:
        if message.due_ms < START + 2 * DAY:
            delays[due[message.payload] - message.due_ms] += 1

    assert set(delays) == {0, DAY}
    assert delays[DAY] > 10


def test_what_no_tag_remembers_is_lost_exactly_in_the_outages():
    herd = with_faults(radio_per_day=0.9, radio_min=120, remembered=0.0)
    heard, whole = (set(sample_messages(each, START, START + 2 * DAY, hz=0.1, batch_s=600)) for each in (herd, SOUND))
    gaps = {a.collar.collar: outages(herd.settings, a, START, START + 2 * DAY) for a in herd.animals}

    lost = {
        message
        for message in whole
        if any(gap.start_ms <= message.due_ms < gap.end_ms for gap in gaps[message.topic.split("/")[3]])
    }

    assert lost
    assert heard == whole - lost


def test_duplicates_are_the_same_bytes_a_little_later():
    counted = Counter(
        (message.topic, message.payload)
        for message in sample_messages(with_faults(duplicated=0.25), START, START + HOUR, hz=1)
    )

    assert set(counted.values()) == {1, 2}
    assert 0.15 < Counter(counted.values())[2] / len(counted) < 0.35


def test_a_wrong_clock_moves_the_times_and_nothing_else():
    wrong = with_faults(clock_sd_s=40)
    right_heard, wrong_heard = (readings(list(posture_messages(h, START, START + DAY))) for h in (SOUND, wrong))
    offsets = {animal.collar: animal.clock_offset_ms for animal in wrong.animals}

    assert all(offsets.values())
    assert len(right_heard) == len(wrong_heard)
    for (collar, right), (_, late) in zip(right_heard, wrong_heard, strict=True):
        assert (late.t0 - right.t0, late.t1 - right.t1) == (offsets[collar], offsets[collar])
        assert late.posture is right.posture


def test_cut_messages_are_rejected_with_a_reason():
    messages = list(sample_messages(with_faults(corrupted=0.3), START, START + HOUR, hz=1))
    results = [decode(Message(topic, due_ms, payload)) for due_ms, topic, payload in messages]
    rejected = [result for result in results if isinstance(result, Rejected)]

    assert {result.code for result in rejected} == {"malformed"}
    assert 0.2 < len(rejected) / len(messages) < 0.4


@settings(max_examples=30)
@given(
    start=st.integers(0, 48).map(lambda half: START + half * HOUR // 2),
    length=st.integers(1, 16).map(lambda half: half * HOUR // 2),
    upload_h=st.sampled_from([1, 6, 8]),
)
def test_uploaded_spans_are_the_truth_second_by_second(start, length, upload_h):
    heard = readings(list(posture_messages(SOUND, start, start + length, upload_h=upload_h)))

    expected = {
        animal.collar.collar: {
            second: span.posture is Posture.STANDING
            for span in truth(SOUND, animal, start, start + length)
            for second in range(span.t0 // 1000, span.t1 // 1000)
        }
        for animal in SOUND.animals
    }
    assert seconds_standing(heard) == expected


def test_an_upload_lacks_what_happened_while_the_battery_was_empty():
    herd = with_faults(battery_per_day=0.5, battery_h=6)
    known = seconds_standing(readings(list(posture_messages(herd, START, START + 4 * DAY))))
    missing = 0
    for animal in herd.animals:
        silent = {
            second
            for gap in outages(herd.settings, animal, START, START + 4 * DAY)
            for second in range(max(gap.start_ms // 1000 + 1, START // 1000), gap.end_ms // 1000)
        }
        assert not silent & known[animal.collar.collar].keys()
        missing += len(silent)

    assert missing > HOUR // 1000


def test_payloads_are_readable_without_the_decoder():
    first = next(sample_messages(SOUND, START, START + MINUTE, form="msgpack"))

    assert msgspec.msgpack.decode(first.payload).keys() == {"t0", "hz", "xyz", "unit", "seq"}


def test_ten_minutes_of_24_goats_at_10_hz_cost_less_than_five_times_their_json():
    """A demo at 60 times wall speed leaves the core to its node; what JSON costs is the measure of the core."""
    herd = Herd(HerdSettings())
    messages, made_s = least_cost(lambda: list(sample_messages(herd, START, START + 10 * MINUTE)))
    told, read_s = least_cost(lambda: [json.loads(message.payload) for message in messages])
    _, written_s = least_cost(lambda: [json.dumps(one) for one in told])

    assert len(messages) > 1400
    assert made_s < 5 * (read_s + written_s)


def least_cost(work):
    """What it gives, and the seconds of a processor that the cheapest of three attempts took."""
    costs = []
    for _ in range(3):
        began = time.process_time()
        given = work()
        costs.append(time.process_time() - began)
    return given, min(costs)


def test_a_collar_whose_battery_is_empty_at_a_known_time_is_silent_then_and_forgets_it():
    begin, end = (datetime.fromtimestamp((START + at) / 1000, UTC) for at in (HOUR, 3 * HOUR))
    herd = with_faults(silences=(Silence(2, begin, end),))
    silent = herd.animals[2].collar.collar
    heard, whole = (list(sample_messages(each, START, START + 5 * HOUR, hz=0.1, batch_s=600)) for each in (herd, SOUND))

    assert heard == [
        one for one in whole if one.topic.split("/")[3] != silent or not HOUR <= one.due_ms - START < 3 * HOUR
    ]
    stands = seconds_standing(readings(list(posture_messages(herd, START, START + 5 * HOUR))))
    missing = set(range(START // 1000, START // 1000 + 5 * 3600)) - stands[silent].keys()
    assert missing == set(range(START // 1000 + 3600, START // 1000 + 3 * 3600))


def test_only_the_tags_that_are_asked_for_send():
    worn = SOUND.animals[2:]
    some, whole = (list(sample_messages(SOUND, START, START + HOUR, hz=0.1, animals=who)) for who in (worn, None))

    assert some == [one for one in whole if one.topic.split("/")[3] == worn[0].collar.collar]
