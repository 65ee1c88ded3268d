from hypothesis import given
from hypothesis import strategies as st

from core import bits

edges = st.integers(-3, 903)


@given(start=edges, stop=edges)
def test_between_sets_exactly_the_seconds_of_the_half_open_range(start, stop):
    expected = sum(bits.SECOND[second] for second in range(900) if start <= second < stop)

    assert expected == bits.between(start, stop)


@given(start=st.integers(-2000, 4000), length=st.integers(0, 3000))
def test_over_buckets_covers_each_second_once(start, length):
    covered = [
        bucket * 900 + second
        for bucket, seconds in bits.over_buckets(start, start + length)
        for second in range(900)
        if seconds & bits.SECOND[second]
    ]

    assert covered == list(range(start, start + length))


@given(seconds=st.integers(0, bits.ALL))
def test_text_round_trips_with_second_0_first(seconds):
    assert bits.from_text(bits.to_text(seconds)) == seconds
    assert (bits.to_text(seconds)[0] == "1") == bool(seconds & bits.SECOND[0])
