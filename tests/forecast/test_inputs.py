"""Points of any order on a grid."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forecast.inputs import History, history_of

START = datetime(2026, 5, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
points = st.lists(
    st.tuples(
        st.integers(-1, 6).map(lambda step: START + step * timedelta(minutes=5)),
        st.sampled_from([0.1, 0.2, 0.7, float("nan"), float("inf")]),
    ),
    max_size=12,
)


@given(points, st.randoms(use_true_random=False))
def test_the_order_of_points_is_irrelevant_to_the_last_bit(found, random):
    shuffled = found.copy()
    random.shuffle(shuffled)

    one, other = (history_of(some, step=QUARTER, start=START, end=START + 2 * QUARTER) for some in (found, shuffled))

    assert one.values.tobytes() == other.values.tobytes()


@given(points)
def test_a_slot_is_the_mean_of_its_points_and_nan_without(found):
    history = history_of(found, step=QUARTER, start=START, end=START + 2 * QUARTER)

    for slot, value in enumerate(history.values):
        begin = START + slot * QUARTER
        inside = [v for at, v in found if begin <= at < begin + QUARTER and np.isfinite(v)]
        np.testing.assert_allclose(value, np.mean(inside) if inside else np.nan)


def test_a_history_can_neither_be_changed_nor_follow_its_source():
    source = np.array([0.1, np.inf])
    history = History(START, QUARTER, source)
    source[0] = 9.0

    assert history.values[0] == 0.1
    assert np.isnan(history.values[1])
    assert not history.values.flags.writeable


def test_parts_keep_their_place_in_time():
    history = History(START, QUARTER, np.arange(8.0))

    assert history.origin == START + 8 * QUARTER
    assert history.until(3).origin == START + 3 * QUARTER
    assert history.last(timedelta(hours=1)).start == START + 4 * QUARTER
    assert history.last(timedelta(days=1)).start == START
    assert history.last(timedelta(hours=1)).values.tolist() == [4, 5, 6, 7]
