"""The features of stretches, against loops over the very definitions."""

import itertools
import math
import statistics

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream.posture.features import features_of, mapped

T0 = 1_710_000_000_000
steps = st.sampled_from([0, 100, 100, 100, 997, 5000, 10_000, 23_000])
values = st.sampled_from([-1.0, -0.1, 0.0, 0.013, 0.3, 0.31, 1.0, 1.7])
rows = st.tuples(values, values, values)


@st.composite
def messages(draw):
    """Draw one message: times that do not fall, and a row for each."""
    drawn = draw(st.lists(st.tuples(steps, rows), min_size=1, max_size=30))
    times = list(itertools.accumulate([step for step, _ in drawn], initial=T0))[1:]
    return times, [row for _, row in drawn]


def regular(count, seed):
    """A message of `count` samples at 10 Hz."""
    rng = np.random.default_rng(seed)
    return [T0 + 100 * i for i in range(count)], rng.normal(0, 0.3, (count, 3)).round(3).tolist()


def stretches(times):
    """Say `(start, stop)` of every stretch, one sample after the other."""
    duration = (times[-1] - times[0]) * len(times) / max(len(times) - 1, 1)
    whole = int(duration // 10_000)
    if not whole:
        return []
    number = [min((time - times[0]) // 10_000, whole - 1) for time in times]
    return [(number.index(one), len(number) - number[::-1].index(one)) for one in sorted(set(number))]


def described(times, xyz):
    """Describe one stretch with the standard library."""
    columns = list(zip(*xyz, strict=True))
    gravity = [statistics.median(column) for column in columns]
    vedba = [math.dist(row, gravity) for row in xyz]
    path = sum(math.dist(one, other) for one, other in itertools.pairwise(xyz))
    return {
        "gravity": gravity,
        "sd": [statistics.pstdev(column) for column in columns],
        "vedba_mean": statistics.mean(vedba),
        "vedba_p95": sorted(vedba)[math.ceil(0.95 * len(vedba)) - 1],
        "jerk": path / (times[-1] - times[0]) * 1000 if times[-1] > times[0] else path * 1000,
    }


@given(message=messages())
def test_a_stretch_is_described_as_the_definitions_say(message):
    times, xyz = message
    found = features_of(times, xyz)

    assert list(zip(found.start.tolist(), found.stop.tolist(), strict=True)) == stretches(times)
    for index, (start, stop) in enumerate(stretches(times)):
        for name, expected in described(times[start:stop], xyz[start:stop]).items():
            assert np.allclose(getattr(found, name)[index], expected, rtol=1e-9, atol=1e-9)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one[1:], other[1:], strict=True))


@given(
    many=st.lists(
        messages() | st.builds(regular, st.sampled_from([1, 99, 100, 101, 257]), st.integers(0, 3)), max_size=6
    )
)
def test_messages_beside_each_other_are_described_as_each_alone_to_the_last_bit(many):
    times = [time for one, _ in many for time in one]
    xyz = [row for _, one in many for row in one]
    firsts = list(itertools.accumulate([len(one) for one, _ in many], initial=0))[:-1]
    together = features_of(times, xyz, firsts)

    assert np.all(np.diff(together.message) >= 0)
    for number, (own_times, own_xyz) in enumerate(many):
        here = together.message == number
        assert same(type(together)(*(part[here] for part in together)), features_of(own_times, own_xyz))


@given(message=st.builds(regular, st.sampled_from([100, 230]), st.integers(0, 9)))
def test_axes_are_turned_before_or_after_with_the_same_gravity(message):
    times, xyz = message
    after = mapped(features_of(times, xyz), ("right", "-fwd", "-up"))
    before = features_of(times, [(-y, -z, x) for x, y, z in xyz])

    assert np.array_equal(after.gravity, before.gravity)
    assert np.allclose(after.sd, before.sd)
    assert np.allclose(after.vedba_mean, before.vedba_mean)


def test_nothing_comes_of_nothing():
    assert len(features_of([], []).start) == 0
