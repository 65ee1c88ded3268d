"""The node's clock: a line that may run fast and never passes its ceiling."""

from datetime import UTC, datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import WALL, NodeClock
from core.timeline import from_ms

SECONDS = st.integers(0, 100).map(float)
CLOCKS = st.builds(
    NodeClock,
    wall_epoch=SECONDS,
    sim_epoch=SECONDS,
    speed=st.sampled_from([0.5, 1.0, 60.0]),
    ceiling=st.one_of(st.just(inf), st.integers(0, 200).map(float)),
)


@given(clock=CLOCKS, walls=st.lists(SECONDS, min_size=2))
def test_it_never_goes_back_while_the_wall_goes_forward(clock, walls):
    seen = [clock.at(wall) for wall in sorted(walls)]
    assert seen == sorted(seen)


@given(clock=CLOCKS, wall=SECONDS)
def test_it_never_passes_its_ceiling(clock, wall):
    assert clock.at(wall) <= clock.ceiling


@given(clock=CLOCKS, wall=SECONDS, more=SECONDS)
def test_raising_the_ceiling_never_sets_it_back(clock, wall, more):
    raised = NodeClock(clock.wall_epoch, clock.sim_epoch, clock.speed, clock.ceiling + more)
    assert raised.at(wall) >= clock.at(wall)


@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        pytest.param(1000.0, 5000.0, id="at_its_beginning"),
        pytest.param(1010.0, 5600.0, id="ten_seconds_on_the_wall_are_ten_minutes"),
        pytest.param(1015.0, 5900.0, id="just_at_the_ceiling"),
        pytest.param(2000.0, 5900.0, id="held"),
    ],
)
def test_a_fast_clock_by_hand(wall, expected):
    assert NodeClock(wall_epoch=1000, sim_epoch=5000, speed=60, ceiling=5900).at(wall) == expected


@given(wall=st.integers(0, 4_000_000_000).map(float))
def test_in_ordinary_life_it_is_the_wall(wall):
    assert WALL.at(wall) == wall


@given(clock=CLOCKS, wall=SECONDS)
def test_instant_and_milliseconds_agree(clock, wall):
    assert clock.now(lambda: wall) == from_ms(clock.now_ms(lambda: wall))


def test_an_instant_is_utc():
    assert WALL.now(lambda: 1_777_622_400.0) == datetime(2026, 5, 1, 8, tzinfo=UTC)
