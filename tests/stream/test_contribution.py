"""What a reading contributes, against per-second loops over the very definitions."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from core.method import Rule, method
from core.readings import Posture, Samples, Span, Sums
from storage.registry import SINCE_EVER, Calibration, Collar, Generation
from stream.contribution import reader_of

T0 = 1_710_000_000_000  # a bucket begins here: 1,710,000,000 is a multiple of 900
AXES = ("fwd", "up", "right")
instants = st.sampled_from([T0 - 1, T0, T0 + 1, T0 + 499, T0 + 500, T0 + 999, T0 + 1000, T0 + 899_999, T0 + 900_000])
upward = st.sampled_from([-1.0, 0.0, 0.499, 0.5, 0.501, 1.0])
samples = st.lists(st.tuples(instants, upward), min_size=1, max_size=12)


def collar(*calibrations, number=0):
    return Collar(7, 1, (Generation(number, calibrations),))


def leg(since=SINCE_EVER, axes=AXES, hold_s=1):
    return Calibration(since, "leg", axes, hold_s, {})


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
    evidence = {}
    reader_of(collar(leg(hold_s=hold_s)))(evidence, as_samples(drawn))

    held = [(time // 1000 + more, up) for time, up in drawn for more in range(hold_s)]
    expected = ({s for s, _ in held}, {s for s, up in held if up >= 0.5}, {s for s, up in held if up < 0.5})
    assert seconds_in(evidence, method(Rule.LEG)) == expected


@given(drawn=samples, cuts=st.sets(st.integers(0, 12)), order=st.randoms())
def test_cutting_the_same_leg_samples_into_other_messages_changes_nothing(drawn, cuts, order):
    whole, parts = {}, {}
    read = reader_of(collar(leg()))
    read(whole, as_samples(drawn))
    edges = [0, *sorted(cut for cut in cuts if cut < len(drawn)), len(drawn)]
    pieces = [drawn[start:stop] for start, stop in itertools.pairwise(edges) if start < stop]
    order.shuffle(pieces)
    for piece in pieces * 2:
        read(parts, as_samples(piece))

    assert parts == whole


@given(drawn=samples)
def test_an_axis_that_points_down_is_read_upside_down(drawn):
    upright, reversed_ = {}, {}
    reader_of(collar(leg()))(upright, as_samples([(time, -up) for time, up in drawn]))
    reader_of(collar(leg(axes=("right", "fwd", "-up"))))(reversed_, as_samples(drawn, index=2))

    assert reversed_ == upright


@given(drawn=samples, change=instants)
def test_each_sample_is_read_by_the_calibration_of_its_own_time(drawn, change):
    calibrations = leg(change, axes=("fwd", "-up", "right")), leg()
    evidence = {}
    reader_of(collar(*calibrations))(evidence, as_samples(drawn))

    lying = {time // 1000 for time, up in drawn if (-up if time >= change else up) < 0.5}
    assert seconds_in(evidence, method(Rule.LEG))[2] == lying


def test_every_generation_that_is_written_gets_its_own_evidence():
    both = Collar(7, 1, (Generation(0, (leg()._replace(mount="unknown"),)), Generation(1, (leg(),))))
    evidence = {}
    reader_of(both)(evidence, as_samples([(T0, 1.0)]))

    assert {rule for _, _, rule in evidence} == {method(Rule.NONE, 0), method(Rule.LEG, 1)}


@given(
    t0=instants, length=st.sampled_from([1, 499, 500, 501, 1000, 900_000, 1_800_001]), posture=st.sampled_from(Posture)
)
def test_a_span_marks_the_seconds_whose_midpoint_it_holds(t0, length, posture):
    evidence = {}
    reader_of(collar(leg()))(evidence, Span(t0, t0 + length, posture))

    held = {s for s in range(t0 // 1000 - 1, (t0 + length) // 1000 + 2) if t0 <= s * 1000 + 500 < t0 + length}
    expected = (held, held if posture is Posture.STANDING else set(), held if posture is Posture.LYING else set())
    assert seconds_in(evidence, method(Rule.DEVICE)) == expected


@given(length=st.integers(1, 2000), shares=st.tuples(st.integers(0, 2000), st.integers(0, 2000)))
def test_sums_keep_their_totals_and_spread_them_evenly(length, shares):
    standing_s, lying_s = min(shares[0], length), min(shares[1], max(length - shares[0], 0))
    evidence = {}
    reader_of(collar(leg()))(evidence, Sums(T0, T0 + 1000 * length, standing_s, lying_s))

    received, standing, lying = seconds_in(evidence, method(Rule.SUMS))
    half = {s for s in standing if s < T0 // 1000 + length // 2}
    assert (len(received), len(standing), len(lying), standing & lying) == (length, standing_s, lying_s, set())
    assert abs(len(half) - standing_s * (length // 2) / length) < 1


def test_a_neck_collar_stays_unknown_below_ten_seconds_and_stands_while_it_moves():
    neck = Calibration(SINCE_EVER, "collar", AXES, 1, {})
    short, long = {}, {}
    shaken = [(T0 + 100 * i, (0.1, 1.0 + 0.4 * (-1) ** i, 0.1)) for i in range(200)]
    reader_of(collar(neck))(short, Samples([t for t, _ in shaken[:50]], [row for _, row in shaken[:50]]))
    reader_of(collar(neck))(long, Samples([t for t, _ in shaken], [row for _, row in shaken]))

    assert seconds_in(short, method(Rule.COLLAR)) == (set(range(T0 // 1000, T0 // 1000 + 5)), set(), set())
    assert seconds_in(long, method(Rule.COLLAR))[1] == set(range(T0 // 1000, T0 // 1000 + 20))
