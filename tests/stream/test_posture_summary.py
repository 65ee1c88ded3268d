"""What is kept of a message: a function of its samples, and of nothing else."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.posture import gait
from stream.posture.features import features_of
from stream.posture.summary import digest_of, motion_of

T0 = 1_710_000_000_000
kinds = st.sampled_from(["walk", "graze", "still", "stir", "shake"])


def seconds_of(kind, seed):
    """Ten seconds at 10 Hz of one kind."""
    rng = np.random.default_rng(seed)
    gravity = {"walk": (0.1, 1.0, 0.0), "graze": (-0.5, 0.85, 0.0), "still": (-0.3, 0.9, 0.3)}.get(
        kind, (0.0, 1.0, 0.0)
    )
    noise = {"walk": 0.05, "graze": 0.15, "still": 0.005, "stir": 0.04, "shake": 0.005}[kind]
    xyz = np.array(gravity) + rng.normal(0, noise, (100, 3))
    if kind == "walk":
        xyz[:, 0] += 0.25 * np.sin(2 * np.pi * 1.8 * np.arange(100) / 10)
    if kind == "shake":
        xyz[40:48] += rng.choice([-4.0, 4.0], (8, 3))
    return xyz


def summed(xyz, since=T0):
    times = range(since, since + 100 * len(xyz), 100)
    return motion_of(times, xyz, features_of(times, xyz))


@settings(max_examples=40)
@given(drawn=st.lists(st.tuples(kinds, st.integers(0, 3)), min_size=1, max_size=6))
def test_walking_and_still_stretches_are_counted_and_their_gravity_averaged(drawn):
    parts = [seconds_of(kind, seed) for kind, seed in drawn]
    motion = summed(np.concatenate(parts))
    medians = {"walk": [], "graze": [], "still": [], "stir": [], "shake": []}
    for part, (kind, _) in zip(parts, drawn, strict=True):
        medians[kind].append(np.median(part, axis=0))

    assert (motion.at, motion.stretches) == (T0, len(drawn))
    for count, found, kind in (
        (motion.walking, (motion.walk_fwd, motion.walk_up, motion.walk_right), "walk"),
        (motion.still, (motion.still_fwd, motion.still_up, motion.still_right), "still"),
    ):
        expected = medians[kind]
        assert count == len(expected)
        assert np.allclose(found, np.mean(expected, axis=0) if expected else 0.0)


def test_a_message_below_ten_seconds_leaves_nothing():
    assert summed(seconds_of("walk", 0)[:99]) is None
    assert summed(seconds_of("walk", 0)) is not None


@given(kind=kinds, seed=st.integers(0, 3), row=st.integers(0, 99), axis=st.integers(0, 2))
def test_the_digest_tells_messages_apart_and_knows_them_again(kind, seed, row, axis):
    xyz = seconds_of(kind, seed)
    times = list(range(T0, T0 + 10_000, 100))
    other = xyz.copy()
    other[row, axis] += 0.001

    assert digest_of(times, xyz) == digest_of(np.array(times), np.asfortranarray(xyz))
    assert digest_of(times, other) != digest_of(times, xyz)
    assert digest_of([time + 1 for time in times], xyz) != digest_of(times, xyz)
    assert -(2**63) <= digest_of(times, xyz) < 2**63


def in_step(times, xyz):
    return gait.in_step(times, xyz, np.array([0]), np.array([len(times)]))[0]


@given(hz=st.sampled_from([5, 10, 25, 50]), steps=st.sampled_from([1.1, 1.8, 2.4]), seed=st.integers(0, 3))
def test_steps_repeat_themselves_at_any_rate_that_shows_them(hz, steps, seed):
    rng = np.random.default_rng(seed)
    times = np.arange(0, 10_000, 1000 // hz)
    noise = rng.normal(0, 0.05, (len(times), 3))
    swing = np.sin(2 * np.pi * steps * times / 1000)[:, None] * np.array([0.25, 0.0, 0.0])

    assert in_step(times, noise + swing) > 0.5
    assert in_step(times, 3 * noise) < 0.3 or hz == 5
    assert in_step(times * hz // 4, noise + swing) == 0.0  # the same at four a second


def test_steps_of_samples_that_come_at_once_or_never_change_are_none():
    assert in_step(np.zeros(20, dtype=np.int64), np.ones((20, 3))) == 0.0
    assert in_step(np.arange(0, 10_000, 100), np.ones((100, 3))) == 0.0
