"""Samples of necks and ears that wait to be told together tell what each message tells by itself, to the last bit."""

import itertools
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.delivery import Batch
from core.readings import CollarName, Heard, Message, Posture, Samples, Span
from storage.evidence.registry import SINCE_EVER, Calibration, Collar, Generation, Registry
from stream import contribution, units
from stream.contributed import Contributed
from stream.contribution import reader_of
from stream.neck_telling import seconds_unknown, tell
from stream.posture.verdicts import Reason
from stream.units import Ears, gather, remade

T0 = 1_710_000_000_000  # a bucket begins here
CHANGE = T0 + 15_000
AXES = ("fwd", "up", "right")
ANCHOR = {"anchor": [0.0, 1.0, 0.0], "spread_deg": 5.0}
TILTED = {"anchor": [0.6, 0.8, 0.0], "spread_deg": 5.0}
GAIN = {"gain": [1.1, 0.9, 1.0], "offset": [0.05, 0.0, -0.1]}
MODEL = {
    "features": ["pitch", "vedba", "pitch_by_vedba"],
    "mean": [0.1, -3.0, -0.3],
    "scale": [0.2, 1.1, 0.7],
    "coefficients": [-1.7, 1.3, 0.4],
    "intercept": 0.1,
    "stay": [0.9, 0.8],
    "bounds": [0.3, 0.7],
}
mounts = st.sampled_from(["collar", "collar", "collar", "ear", "leg", "unknown"])
known = st.sampled_from(
    [{}, ANCHOR, TILTED, GAIN | TILTED, {"turned": True}, {"turned": True, "off": True}, ANCHOR | {"model": MODEL}]
)
calibrated = st.builds(
    lambda mount, axes, hold_s, parameters: Calibration(SINCE_EVER, mount, axes, hold_s, parameters),
    mounts,
    st.sampled_from([AXES, ("-up", "right", "fwd")]),
    st.sampled_from([1, 1, 3]),
    known,
)
histories = st.lists(calibrated, min_size=1, max_size=2).map(
    lambda drawn: tuple(one._replace(effective_from=CHANGE if n else SINCE_EVER) for n, one in enumerate(drawn))[::-1]
)
generations = st.lists(histories, min_size=1, max_size=2)


def samples(count, step_ms, start, kind, seed, order=None):
    """A message of a neck: still, stirring, walking or shaken; in milli-g for every other seed."""
    rng = np.random.default_rng(seed)
    xyz = rng.normal(
        [(0, 1, 0), (0.35, 0.93, 0), (0.1, 0.4, 0.9)][seed % 3], 0.01 + 0.06 * (kind == "stir"), (count, 3)
    )
    if kind == "walk":
        xyz[:, 0] += 0.3 * np.sin(2 * np.pi * 2 * np.arange(count) * step_ms / 1000)
    unit = (1.0, 0.001)[seed % 2]
    rows = (xyz / unit).round(3).tolist()
    times = range(T0 + start, T0 + start + step_ms * count, step_ms)
    if order is None:
        return Samples(times, rows, unit)
    places = list(range(count))
    order.shuffle(places)
    return Samples([times[place] for place in places], [rows[place] for place in places], unit)


readings = st.builds(
    samples,
    st.sampled_from([1, 25, 99, 100, 101, 230]),
    st.sampled_from([100, 100, 40, 400, 1400]),
    st.sampled_from([0, 5_000, 15_000, 890_000]),
    st.sampled_from(["still", "stir", "walk"]),
    st.integers(0, 5),
    st.none() | st.randoms(),
) | st.just(Span(T0, T0 + 20_000, Posture.LYING))


@st.composite
def deliveries(draw):
    """A herd of three tags and what they send: messages of one reading or two, some of them again."""
    names = [CollarName("barn", name) for name in "abc"]
    collars = {
        name: Collar(number, 1, tuple(Generation(n, one) for n, one in enumerate(draw(generations))))
        for number, name in enumerate(names, start=1)
    }
    heard = st.builds(Heard, st.sampled_from(names), readings)
    sent = draw(st.lists(st.lists(heard, min_size=1, max_size=2), min_size=1, max_size=8))
    again = draw(st.lists(st.sampled_from(range(len(sent))), max_size=4))
    order = draw(st.permutations([*range(len(sent)), *again]))
    messages = [Message("topic", 0, str(number).encode()) for number in order]
    ears = Ears(lambda message: sent[int(message.payload)], Registry(collars, {1: 1}, {}))
    return collars, [sent[number] for number in order], messages, ears


def one_after_the_other(collars, sent):
    """Read each message by itself and merge what it tells, bit by bit."""
    merged, motions, unknown = {}, {}, {}
    for decoded in sent:
        for name, reading in decoded:
            alone = Contributed(unknown={})
            reader_of(collars[name])(alone, reading)
            tell(alone)
            motions |= alone.motions
            for whole, part in ((merged, alone.evidence), (unknown, alone.unknown)):
                for key, seconds in part.items():
                    whole[key] = tuple(a | b for a, b in zip(seconds, whole.get(key, (0, 0, 0)), strict=True))
    return merged, motions, unknown


def together(gatherings):
    """Merge units of work; a later one holds keys of an earlier one again."""
    merged, motions = {}, {}
    for one in gatherings:
        motions |= one.unit.motions
        for key, seconds in one.unit.evidence.items():
            merged[key] = tuple(a | b for a, b in zip(seconds, merged.get(key, (0, 0, 0)), strict=True))
    return merged, motions


@settings(max_examples=60)
@given(drawn=deliveries(), most_keys=st.integers(1, 9), most_waiting=st.sampled_from([1, 240, 16_384]), data=st.data())
def test_what_waits_together_tells_what_each_message_tells_alone(drawn, most_keys, most_waiting, data):
    """Through units that become full, whatever the batches; and the units are cut as if each were told at once."""
    collars, sent, messages, ears = drawn
    cuts = sorted(data.draw(st.sets(st.integers(1, len(messages)))) | {len(messages)})
    waiting, at_once = [], []
    with mock.patch.object(contribution, "MOST_WAITING", most_waiting):
        for start, stop in zip([0, *cuts], cuts, strict=False):
            gather(waiting, Batch(messages[start:stop], lambda: None), ears, most_keys)
    for message in messages:
        gather(at_once, Batch([message], lambda: None), ears, most_keys)
        at_once[-1].told()

    assert all(one.contributed.samples == 0 for one in waiting[:-1])  # a full unit keeps none
    waiting[-1].told()
    assert together(waiting) == one_after_the_other(collars, sent)[:2]
    assert [one.messages for one in waiting] == [one.messages for one in at_once]
    assert [one.unit.evidence for one in waiting] == [one.unit.evidence for one in at_once]
    assert [one.unit.motions for one in waiting] == [one.unit.motions for one in at_once]


@settings(max_examples=30)
@given(drawn=deliveries())
def test_a_unit_that_is_made_again_is_the_same(drawn):
    _, _, messages, ears = drawn
    waiting = []
    gather(waiting, Batch(messages, lambda: None), ears, 2000)
    first = remade(messages, ears).told()

    assert first == waiting[0].told()
    assert first == waiting[0].told()  # nothing waits twice


@settings(max_examples=40)
@given(drawn=deliveries())
def test_reasons_are_counted_by_the_second_however_often_messages_come(drawn):
    """Each second of which nothing is said has one reason, and no other second has any."""
    collars, sent, _, _ = drawn
    merged, _, unknown = one_after_the_other(collars, sent)
    contributed = Contributed(unknown={})
    for decoded in sent + sent[::-1]:
        for name, reading in decoded:
            reader_of(collars[name])(contributed, reading)
    tell(contributed)

    assert contributed.unknown == unknown
    expected = {}
    for second, collar_id in {(s, key[0]) for key, one in unknown.items() for s in seconds_of(key, one)}:
        if not any(
            key[0] == collar_id and second in seconds_of(key, (one[1] | one[2],)) for key, one in merged.items()
        ):
            reasons = [key[2] for key, one in unknown.items() if key[0] == collar_id and second in seconds_of(key, one)]
            key = collar_id, Reason(min(reasons))
            expected[key] = expected.get(key, 0) + 1
    assert seconds_unknown(contributed) == expected


def seconds_of(key, merged):
    return {key[1] * 900 + second for second in range(900) if merged[0] >> (899 - second) & 1}


def test_a_whole_herd_is_told_as_each_of_its_messages_alone():
    """Every calibration in turn with every axis and hold, in one flush."""
    other_gain = {"gain": [0.9, 1.2, 1.1], "offset": [0.0, 0.1, 0.1]}
    turned = [{"turned": True}, {"turned": True, "off": True}]
    parameters = [{}, ANCHOR, TILTED, GAIN | TILTED, ANCHOR | other_gain, *turned, ANCHOR | {"model": MODEL}]
    ways = list(itertools.product(["collar", "ear"], [AXES, ("-up", "right", "fwd")], [1, 3], parameters))
    names = [CollarName("barn", str(number)) for number in range(len(ways))]
    collars = {
        name: Collar(number, 1, (Generation(0, (Calibration(SINCE_EVER, *way),)),))
        for number, (name, way) in enumerate(zip(names, ways, strict=True))
    }
    kinds = ["still", "stir", "walk"]
    sent = [
        [Heard(name, samples(250, 100, 20_000 * turn, kinds[(turn + place) % 3], place + turn))]
        for turn in range(6)
        for place, name in enumerate(names)
    ]
    contributed = Contributed()
    for ((name, reading),) in sent:
        reader_of(collars[name])(contributed, reading)
    tell(contributed)

    assert (contributed.evidence, contributed.motions) == one_after_the_other(collars, sent)[:2]


def test_samples_wait_no_longer_than_there_is_room():
    """However many messages a unit holds, it never keeps more samples than one message over the limit."""
    names = [CollarName("barn", name) for name in "ab"]
    collars = {
        name: Collar(n, 1, (Generation(0, (Calibration(SINCE_EVER, "collar", AXES, 1, ANCHOR),)),))
        for n, name in enumerate(names)
    }
    sent = [[Heard(names[n % 2], samples(100, 100, 10_000 * n, "stir", n))] for n in range(20)]
    ears = Ears(lambda message: sent[int(message.payload)], Registry(collars, {1: 1}, {}))
    waiting, most = [], []
    with mock.patch.object(contribution, "MOST_WAITING", 450):
        for number in range(20):
            units.gather(waiting, Batch([Message("topic", 0, str(number).encode())], lambda: None), ears, 2000)
            most.append(waiting[-1].contributed.samples)

    assert len(waiting) == 1
    assert max(most) == 400
