"""What a reading contributes, against per-second loops over the very definitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.method import Rule, method
from core.readings import Posture, Samples, Span, Sums
from storage.evidence.registry import SINCE_EVER, Calibration, Collar, Generation
from stream.contributed import Contributed
from stream.contribution import reader_of
from stream.neck_telling import seconds_unknown, tell
from stream.posture.verdicts import Reason

T0 = 1_710_000_000_000  # a bucket begins here: 1,710,000,000 is a multiple of 900
AXES = ("fwd", "up", "right")
instants = st.sampled_from([T0 - 1, T0, T0 + 1, T0 + 499, T0 + 500, T0 + 999, T0 + 1000, T0 + 899_999, T0 + 900_000])
upward = st.sampled_from([-1.0, 0.0, 0.499, 0.5, 0.501, 1.0])
samples = st.lists(st.tuples(instants, upward), min_size=1, max_size=12)


def collar(*calibrations, number=0):
    return Collar(7, 1, (Generation(number, calibrations),))


def leg(since=SINCE_EVER, axes=AXES, hold_s=1):
    return Calibration(since, "leg", axes, hold_s, {})


def told(collar_, *readings):
    """Return what readings contribute, all told together."""
    contributed, read = Contributed(unknown={}), reader_of(collar_)
    for reading in readings:
        read(contributed, reading)
    tell(contributed)
    return contributed


def seconds_in(evidence, how):
    """Unfold evidence into three sets of seconds since 1970."""
    found = ([], [], [])
    for (collar_id, bucket, rule), merged in evidence.items():
        assert collar_id == 7
        if rule == how:
            for name, seconds in zip(found, merged, strict=True):
                name += [bucket * 900 + s for s in range(900) if seconds >> (899 - s) & 1]
    return tuple(set(one) for one in found)


def as_samples(drawn, index=1):
    rows = [tuple(up if axis == index else 0.3 for axis in range(3)) for _, up in drawn]
    return Samples([time for time, _ in drawn], rows)


@given(drawn=samples, hold_s=st.sampled_from([1, 2, 60]))
def test_a_leg_sample_lies_below_half_a_g_and_holds_for_its_seconds(drawn, hold_s):
    evidence = told(collar(leg(hold_s=hold_s)), as_samples(drawn)).evidence

    held = [(time // 1000 + more, up) for time, up in drawn for more in range(hold_s)]
    expected = ({s for s, _ in held}, {s for s, up in held if up >= 0.5}, {s for s, up in held if up < 0.5})
    assert seconds_in(evidence, method(Rule.LEG)) == expected


@given(drawn=samples, cuts=st.sets(st.integers(0, 12)), order=st.randoms())
def test_cutting_the_same_leg_samples_into_other_messages_changes_nothing(drawn, cuts, order):
    whole, parts = told(collar(leg()), as_samples(drawn)), Contributed()
    read = reader_of(collar(leg()))
    edges = [0, *sorted(cut for cut in cuts if cut < len(drawn)), len(drawn)]
    pieces = [drawn[start:stop] for start, stop in itertools.pairwise(edges) if start < stop]
    order.shuffle(pieces)
    for piece in pieces * 2:
        read(parts, as_samples(piece))

    assert parts.evidence == whole.evidence


@given(drawn=samples)
def test_an_axis_that_points_down_is_read_upside_down(drawn):
    upright = told(collar(leg()), as_samples([(time, -up) for time, up in drawn]))
    reversed_ = told(collar(leg(axes=("right", "fwd", "-up"))), as_samples(drawn, index=2))

    assert reversed_.evidence == upright.evidence


@given(drawn=samples, change=instants)
def test_each_sample_is_read_by_the_calibration_of_its_own_time(drawn, change):
    calibrations = leg(change, axes=("fwd", "-up", "right")), leg()
    evidence = told(collar(*calibrations), as_samples(drawn)).evidence

    lying = {time // 1000 for time, up in drawn if (-up if time >= change else up) < 0.5}
    assert seconds_in(evidence, method(Rule.LEG))[2] == lying


def test_every_generation_that_is_written_gets_its_own_evidence():
    both = Collar(7, 1, (Generation(0, (leg()._replace(mount="unknown"),)), Generation(1, (leg(),))))
    evidence = told(both, as_samples([(T0, 1.0)])).evidence

    assert {rule for _, _, rule in evidence} == {method(Rule.NONE, 0), method(Rule.LEG, 1)}


@given(
    t0=instants, length=st.sampled_from([1, 499, 500, 501, 1000, 900_000, 1_800_001]), posture=st.sampled_from(Posture)
)
def test_a_span_marks_the_seconds_whose_midpoint_it_holds(t0, length, posture):
    evidence = told(collar(leg()), Span(t0, t0 + length, posture)).evidence

    held = {s for s in range(t0 // 1000 - 1, (t0 + length) // 1000 + 2) if t0 <= s * 1000 + 500 < t0 + length}
    expected = (held, held if posture is Posture.STANDING else set(), held if posture is Posture.LYING else set())
    assert seconds_in(evidence, method(Rule.DEVICE)) == expected


@given(length=st.integers(1, 2000), shares=st.tuples(st.integers(0, 2000), st.integers(0, 2000)))
def test_sums_keep_their_totals_and_spread_them_evenly(length, shares):
    standing_s, lying_s = min(shares[0], length), min(shares[1], max(length - shares[0], 0))
    evidence = told(collar(leg()), Sums(T0, T0 + 1000 * length, standing_s, lying_s)).evidence

    received, standing, lying = seconds_in(evidence, method(Rule.SUMS))
    half = {s for s in standing if s < T0 // 1000 + length // 2}
    assert (len(received), len(standing), len(lying), standing & lying) == (length, standing_s, lying_s, set())
    assert abs(len(half) - standing_s * (length // 2) / length) < 1


def test_a_neck_collar_stays_unknown_below_ten_seconds_and_stands_while_it_moves():
    neck = Calibration(SINCE_EVER, "collar", AXES, 1, {})
    shaken = [(T0 + 100 * i, (0.1, 1.0 + 0.4 * (-1) ** i, 0.1)) for i in range(200)]
    short, long = (
        told(collar(neck), Samples([t for t, _ in part], [row for _, row in part])).evidence
        for part in (shaken[:50], shaken)
    )

    assert seconds_in(short, method(Rule.COLLAR)) == (set(range(T0 // 1000, T0 // 1000 + 5)), set(), set())
    assert seconds_in(long, method(Rule.COLLAR))[1] == set(range(T0 // 1000, T0 // 1000 + 20))


ANCHOR = {"anchor": [0.0, 1.0, 0.0], "spread_deg": 5.0}
MODEL = {
    "features": ["pitch"],
    "mean": [0.0],
    "scale": [1.0],
    "coefficients": [-90.0],
    "intercept": 0.0,
    "stay": [0.9, 0.9],
    "bounds": [0.3, 0.7],
}
HEAD = {"high": (0.5, 0.866, 0.0), "low": (-0.5, 0.866, 0.0), "turned": (0.5, 0.0, 0.866)}


def worn(mount, since=SINCE_EVER, axes=AXES, **parameters):
    return Calibration(since, mount, axes, 1, parameters)


def necks(head, since=T0, seconds=10, unit=1.0):
    """A regular message of a neck that is held in one way."""
    return Samples(
        range(since, since + 1000 * seconds, 100), [tuple(part / unit for part in HEAD[head])] * 10 * seconds, unit
    )


@pytest.mark.parametrize(
    ("mount", "parameters", "rule"),
    [
        ("collar", {}, Rule.COLLAR),
        ("collar", {"gain": [1, 1, 1], "offset": [0, 0, 0]}, Rule.COLLAR),
        ("collar", ANCHOR, Rule.COLLAR_CALIBRATED),
        ("collar", {"turned": True}, Rule.COLLAR_CALIBRATED),
        ("collar", {**ANCHOR, "model": MODEL}, Rule.COLLAR_LABELLED),
        ("ear", {}, Rule.EAR),
        ("ear", ANCHOR, Rule.EAR),
        ("unknown", {}, Rule.NONE),
    ],
)
def test_what_a_calibration_knows_chooses_the_rule(mount, parameters, rule):
    evidence = told(collar(worn(mount, **parameters)), necks("high")).evidence

    assert {how for _, _, how in evidence} == {method(rule)}


@pytest.mark.parametrize("mount", ["collar", "ear"])
@pytest.mark.parametrize("parameters", [ANCHOR, {**ANCHOR, "model": MODEL}])
@pytest.mark.parametrize(("head", "stands"), [("high", False), ("low", True), ("turned", None)])
def test_a_calibrated_collar_tells_ten_seconds_by_its_anchor(mount, parameters, head, stands):
    contributed = told(collar(worn(mount, **parameters)), necks(head, unit=0.001))
    seconds = set(range(T0 // 1000, T0 // 1000 + 10))
    rule = Rule.EAR if mount == "ear" else Rule.COLLAR_LABELLED if "model" in parameters else Rule.COLLAR_CALIBRATED

    assert seconds_in(contributed.evidence, method(rule)) == (
        seconds,
        seconds if stands else set(),
        seconds if stands is False else set(),
    )
    assert seconds_unknown(contributed) == ({(7, Reason.ROLLED_AWAY): 10} if stands is None else {})


def test_why_nothing_is_known_is_counted_of_the_published_generation():
    both = Collar(7, 1, (Generation(0, (worn("collar", turned=True),)), Generation(1, (worn("collar"),))))

    assert seconds_unknown(told(both, necks("high"), necks("low", T0 + 20_000, seconds=9))) == {
        (7, Reason.TURNED): 10,
        (7, Reason.TOO_SHORT): 9,
    }


@given(axes=st.permutations(AXES), signs=st.tuples(*[st.booleans()] * 3), head=st.sampled_from(sorted(HEAD)))
def test_gain_and_offset_come_before_the_axes(axes, signs, head):
    """A device that measures each of its axes wrongly and names them otherwise tells what a good one tells."""
    names = tuple("-" + axis if sign else axis for axis, sign in zip(axes, signs, strict=True))
    gain, offset = (1.1, 0.9, 1.0), (0.05, 0.0, -0.1)
    right = [HEAD[head][AXES.index(axis)] * (-1 if sign else 1) for axis, sign in zip(axes, signs, strict=True)]
    wrong = [(value - o) / g for value, g, o in zip(right, gain, offset, strict=True)]
    measured = necks(head)._replace(xyz=[wrong] * 100)
    calibration = worn("collar", axes=names, gain=list(gain), offset=list(offset), **ANCHOR)

    good = told(collar(worn("collar", **ANCHOR)), necks(head))
    assert told(collar(calibration), measured).evidence == good.evidence


@given(
    drawn=samples,
    threshold=st.sampled_from([0.3, 0.5, 0.7]),
    gain=st.sampled_from([None, (1.25, 0.25)]),
    axes=st.sampled_from([AXES, ("fwd", "-up", "right")]),
    cut=st.booleans(),
)
def test_a_learned_threshold_gain_and_offset_hold_for_every_leg_sample(drawn, threshold, gain, axes, cut):
    parameters = {"threshold_g": threshold}
    if gain:
        parameters |= {"gain": [1, gain[0], 1], "offset": [0, gain[1], 0]}
    parts = [[one] for one in drawn] if cut else [drawn]  # the swift path takes single samples
    evidence = told(collar(leg(axes=axes)._replace(parameters=parameters)), *map(as_samples, parts)).evidence

    factor, offset = gain or (1, 0)
    stands = {t // 1000 for t, up in drawn if (factor * up + offset) * (-1 if axes != AXES else 1) >= threshold}
    assert seconds_in(evidence, method(Rule.LEG))[1] == stands


def test_a_learned_threshold_holds_on_the_swift_path_of_regular_batches():
    sent = Samples(range(T0, T0 + 10_000, 100), [(0.0, 0.4, 0.0)] * 100)
    evidence = told(collar(leg()._replace(parameters={"threshold_g": 0.3})), sent).evidence

    assert seconds_in(evidence, method(Rule.LEG))[1] == set(range(T0 // 1000, T0 // 1000 + 10))


def shaken_neck(head, offset, seed):
    """Twenty seconds of a neck, quite still or in movement."""
    noise = np.random.default_rng(seed).normal(0, [0.005, 0.2][seed % 2], (200, 3))
    return Samples(range(T0 + offset, T0 + offset + 20_000, 100), (np.array(HEAD[head]) + noise).round(3).tolist())


shaken = st.builds(
    shaken_neck, st.sampled_from(sorted(HEAD)), st.sampled_from([0, 20_000, 40_000, 41_000]), st.integers(0, 3)
)
knowledge = st.sampled_from([{}, ANCHOR, {"turned": True}, {**ANCHOR, "model": MODEL}])


@settings(max_examples=40)
@given(
    messages=st.lists(shaken, min_size=1, max_size=4),
    before=knowledge,
    after=knowledge,
    recomputed=knowledge,
    order=st.randoms(),
)
def test_calibrations_and_generations_made_between_duplicates_change_nothing(
    messages, before, after, recomputed, order
):
    """Evidence and motions are a function of the set of messages and of what was known of the time of their samples.

    A calibration that takes effect after the samples, and a generation that is built beside, leave every row that was
    written before as it is, however the messages come again.
    """
    old, later = worn("collar", **before), worn("collar", T0 + 100_000, **after)
    collars = [
        collar(old),
        collar(later, old),
        Collar(7, 1, (Generation(0, (later, old)), Generation(1, (worn("collar", **recomputed),)))),
    ]
    once = told(collars[0], *messages)
    contributed = Contributed()
    readers = [reader_of(one) for one in collars]
    deliveries = [(message, min(turn, 2)) for turn in range(3) for message in messages]
    order.shuffle(deliveries)
    for message, turn in deliveries:
        readers[turn](contributed, message)
    tell(contributed)
    beside = told(Collar(7, 1, (Generation(1, (worn("collar", **recomputed),)),)), *messages)

    evidence = contributed.evidence
    assert {key: merged for key, merged in evidence.items() if key[2] % 1000 == 0} == once.evidence
    assert {key: merged for key, merged in evidence.items() if key[2] % 1000 == 1} == beside.evidence
    assert contributed.motions == once.motions


@given(
    message=shaken,
    edge=st.sampled_from([0, 100, 9_900, 10_000, 10_100, 19_900, 20_000]),
    before=knowledge,
    after=knowledge,
)
@settings(max_examples=40)
def test_a_message_over_the_edge_of_two_calibrations_is_read_in_two_parts(message, edge, before, after):
    since = message.times[0] + edge
    parts = [
        (worn("collar", **before), [(t, row) for t, row in zip(message.times, message.xyz, strict=True) if t < since]),
        (worn("collar", **after), [(t, row) for t, row in zip(message.times, message.xyz, strict=True) if t >= since]),
    ]
    apart = {}
    for calibration, rows in parts:
        if rows:
            part = told(collar(calibration), Samples([t for t, _ in rows], [row for _, row in rows])).evidence
            apart |= {
                key: tuple(a | b for a, b in zip(merged, apart.get(key, (0, 0, 0)), strict=True))
                for key, merged in part.items()
            }

    contributed = told(collar(worn("collar", since, **after), worn("collar", **before)), message)
    assert contributed.evidence == apart
    assert contributed.motions == told(collar(worn("collar")), message).motions


def test_only_what_is_worn_on_a_neck_or_an_ear_leaves_a_motion():
    moved = collar(worn("collar", T0 + 10_000), worn("leg"))
    motions = told(moved, necks("high"), necks("high", T0 + 10_000), necks("high", T0 + 20_000, seconds=5)).motions

    assert [(collar_id, at) for collar_id, at, _ in motions] == [(7, T0 + 10_000)]
    assert told(collar(leg()), necks("high")).motions == {}


@given(order=st.randoms(), seed=st.integers(0, 3))
def test_samples_of_a_message_may_come_in_any_order(order, seed):
    rows = np.random.default_rng(seed).normal(0, 0.3, (200, 3)).round(3).tolist()
    pairs = list(zip(range(T0, T0 + 20_000, 100), rows, strict=True))
    straight = told(collar(worn("collar", **ANCHOR)), Samples([t for t, _ in pairs], [row for _, row in pairs]))
    order.shuffle(pairs)
    mixed = told(collar(worn("collar", **ANCHOR)), Samples([t for t, _ in pairs], [row for _, row in pairs]))

    assert mixed == straight
