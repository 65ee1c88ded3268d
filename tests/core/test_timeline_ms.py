from datetime import timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from core.timeline import EPOCH, from_ms, to_ms


@given(
    microseconds=st.integers(-2500, 2500) | st.integers(-(10**16), 10**17),
    hours=st.sampled_from([0, 2, -9]),
)
@example(microseconds=-1, hours=0)
def test_milliseconds_are_rounded_down_in_every_zone(microseconds, hours):
    instant = (EPOCH + timedelta(microseconds=microseconds)).astimezone(timezone(timedelta(hours=hours)))

    assert to_ms(instant) == microseconds // 1000
    assert to_ms(from_ms(microseconds // 1000)) == microseconds // 1000
