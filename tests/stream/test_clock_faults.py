"""Clocks told from when messages were made and received: sound and faulty ones, late uploads, what comes twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.calibrating.clock_faults import DAY_MS, DRIFT_S, HOUR_MS, TOUCHING_MS, Clock, Timed, Verdict, clock_of

T0 = 1_777_593_600_000
"""2026-05-01T00:00:00Z."""
EVERY_MS = HOUR_MS // 4
transport = st.lists(st.integers(0, TOUCHING_MS - 1), min_size=96, max_size=96)
rates = st.integers(-800, 800).filter(lambda rate: abs(rate) >= 2 * DRIFT_S)
"""Seconds lost in a day: almost one in a hundred, which is the most, and well beyond what is told as drift."""


def device_time(instant, offset_ms=0, drift_s=0):
    """What a clock shows that is behind by an offset at T0 and loses so many seconds a day."""
    return instant - offset_ms - round(drift_s * 1000 * (instant - T0) / DAY_MS)


def a_day(delays, **fault):
    """A message each quarter of an hour, on its way for so many milliseconds."""
    made = [T0 + number * EVERY_MS for number in range(len(delays))]
    return [Timed(at + delay, device_time(at, **fault)) for at, delay in zip(made, delays, strict=True)]


@given(transport)
def test_a_sound_clock_is_right_whatever_the_transport(delays):
    assert clock_of(a_day(delays)).verdict is Verdict.RIGHT


@given(transport, st.sampled_from([-1, 1]), st.integers(2, 100_000))
def test_a_constant_offset_is_found_to_within_the_transport(delays, sign, minutes):
    offset = sign * minutes * 60_000
    found = clock_of(a_day(delays, offset_ms=offset))

    assert found.verdict is Verdict.OFFSET
    assert abs(found.behind_s - offset / 1000) <= 2 * TOUCHING_MS / 1000


@given(transport, rates)
def test_a_drift_is_found_with_its_rate(delays, rate):
    found = clock_of(a_day(delays, drift_s=rate))

    assert found.verdict is Verdict.DRIFT
    assert abs(found.drift_s - rate) < DRIFT_S + abs(rate) / 100  # its days are its own


@pytest.mark.parametrize("fault", [{}, {"offset_ms": 600_000}, {"offset_ms": -120_000}, {"drift_s": 60}])
@given(data=st.data())
def test_order_repetition_and_late_uploads_change_no_verdict(fault, data):
    """What a collar out of reach keeps and sends hours later, among its live messages, and all of that again."""
    live = a_day([200] * 96, **fault)
    kept = data.draw(
        st.lists(st.tuples(st.integers(-3 * DAY_MS, DAY_MS - HOUR_MS), st.integers(HOUR_MS, 2 * DAY_MS)), max_size=9)
    )
    late = [Timed(T0 + at + delay, device_time(T0 + at, **fault)) for at, delay in kept]
    again = [one._replace(received_at=one.received_at + DAY_MS) for one in live[: data.draw(st.integers(0, 96))]]
    found = clock_of(data.draw(st.permutations([*live, *live, *late, *again])))

    assert (found.verdict, found.drift_s) == (clock_of(live).verdict, pytest.approx(fault.get("drift_s", 0), abs=0.1))


@given(st.integers(3, 96), st.integers(0, 946_684_800_000))
def test_a_clock_that_begins_before_2015_was_reset(count, began):
    """As clocks do that lost their time: from 1970 or from 2000 on."""
    lost = [Timed(T0 + number * EVERY_MS, began + number * EVERY_MS) for number in range(count)]

    assert clock_of(lost) == Clock(Verdict.RESET, (T0 - began) / 1000)
    assert clock_of([*a_day([0] * 96), *lost]).verdict is Verdict.RESET


def test_an_import_of_old_data_is_no_reset():
    assert (
        clock_of([Timed(T0, 1_300_000_000_000 + number * EVERY_MS) for number in range(96)]).verdict
        is not Verdict.RESET
    )


def test_what_was_uploaded_at_once_tells_nothing_unless_it_ends_with_the_present():
    kept = [T0 + number * EVERY_MS for number in range(96)]

    assert clock_of([Timed(kept[-1] + HOUR_MS, at) for at in kept]) == Clock(Verdict.UNCLEAR)
    assert clock_of([Timed(kept[-1], at) for at in kept]).verdict is Verdict.RIGHT


def test_a_clock_put_back_during_the_day_is_not_called_right():
    day = a_day([0] * 96)

    assert clock_of([*day[:64], *a_day([0] * 96, offset_ms=HOUR_MS)[64:]]).verdict is Verdict.UNCLEAR
    assert clock_of([]) == Clock(Verdict.UNCLEAR)
